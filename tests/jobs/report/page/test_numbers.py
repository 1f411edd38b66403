"""Numbers as a person reads them."""

from __future__ import annotations

import pytest

from jobs.report.page.numbers import amount, change, money, percent, seconds, short, signed


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (0.0, "0"), (2.0, "2"), (48213.4, "48,213"), (512.4, "512"), (51.27, "51.3"), (3.14159, "3.14"), (0.1, "0.10"),
        (0.0013451, "0.00135"), (0.0000431, "0.000043"), (0.0000000001, "0"), (-51.27, "-51.3"), (-1e-9, "0"),
    ],
)  # fmt: skip
def test_amounts_never_show_a_power_of_ten(value: float, words: str) -> None:
    assert amount(value) == words


def test_ticks_are_short() -> None:
    labels = [short(value) for value in (0.0, 1500.0, 9999.0, 250_000.0, 1_200_000.0)]
    assert labels == ["0", "1,500", "9,999", "250k", "1.2M"]


@pytest.mark.parametrize(
    ("share", "words"),
    [
        (0.0755551, "7.6 %"), (0.1234, "12.3 %"), (0.2, "20 %"), (-0.05, "-5 %"), (0.00997, "1.0 %"),
        (0.0026, "0.26 %"), (0.00034, "0.034 %"), (0.000001, "0.0001 %"), (1e-9, "0 %"),
        (0.0, "0 %"), (1.0, "100 %"), (0.99961, "99.96 %"), (0.999999, "99.99 %"), (1.234, "123 %"), (20.0, "2,000 %"),
    ],
)  # fmt: skip
def test_shares_are_rounded_but_never_to_all_or_nothing(share: float, words: str) -> None:
    assert percent(share) == words


@pytest.mark.parametrize(
    ("duration", "words"),
    [
        (3.14, "3.1 s"), (59.94, "59.9 s"), (59.97, "1 min 0 s"), (60.0, "1 min 0 s"), (125.2, "2 min 5 s"),
        (3599.7, "1 h 0 min"), (3780.0, "1 h 3 min"),
    ],
)  # fmt: skip
def test_durations_in_seconds_minutes_and_hours(duration: float, words: str) -> None:
    assert seconds(duration) == words


def test_money_has_two_digits_and_its_currency() -> None:
    assert [money(1234.5, "EUR"), money(-0.126, "USD"), money(7)] == ["1,234.50 EUR", "-0.13 USD", "7.00"]


def test_differences_have_a_sign_unless_they_round_to_nothing() -> None:
    assert [signed(value) for value in (12.3, -12.3, 0.0, 1e-9)] == ["+12.3", "-12.3", "0", "0"]
    assert [signed(value, percent) for value in (0.0755551, -1e-9)] == ["+7.6 %", "0 %"]


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
    moved = change(now, then, "yesterday", points=points)
    assert (moved.text, moved.direction) == (text, direction)
