"""Numbers and changes in words."""

from __future__ import annotations

import pytest

from jobs.report.page.numbers import amount, change, percent, seconds, short


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (0.0, "0"), (2.0, "2"), (48213.4, "48,213"), (512.4, "512"), (51.27, "51.3"), (3.14159, "3.14"), (0.1, "0.10"),
        (0.0013451, "0.00135"), (0.0000431, "0.000043"), (0.0000000001, "0"), (-51.27, "-51.3"),
    ],
)  # fmt: skip
def test_amounts_never_show_a_power_of_ten(value: float, words: str) -> None:
    assert amount(value) == words


def test_ticks_are_short() -> None:
    told = [short(value) for value in (0.0, 1500.0, 9999.0, 250_000.0, 1_200_000.0)]
    assert told == ["0", "1,500", "9,999", "250k", "1.2M"]


def test_shares_and_times() -> None:
    assert [percent(0.1234), percent(1.0), percent(0.99961)] == ["12.3 %", "100.0 %", "99.96 %"]
    assert [seconds(3.14), seconds(125.2), seconds(60.0)] == ["3.1 s", "2 min 5 s", "1 min 0 s"]


@pytest.mark.parametrize(
    ("now", "then", "points", "text", "direction"),
    [
        (110.0, 100.0, False, "+10.0 %", "up"),
        (90.0, 100.0, False, "-10.0 %", "down"),
        (100.01, 100.0, False, "unchanged", "same"),
        (3.0, 0.0, False, "3 from 0", "up"),
        (0.0, 0.0, False, "unchanged", "same"),
        (-1.0, -2.0, False, "+50.0 %", "up"),
        (0.25, 0.20, True, "+5.0 points", "up"),
        (None, 1.0, False, "nothing to compare with", "none"),
        (1.0, None, True, "nothing to compare with", "none"),
    ],
)
def test_changes(now: float | None, then: float | None, points: bool, text: str, direction: str) -> None:
    found = change(now, then, "yesterday", points=points)
    assert (found.text, found.direction) == (text, direction)
