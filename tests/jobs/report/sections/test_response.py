"""What shoppers did, by day."""

from __future__ import annotations

from datetime import date

import pandas as pd

from jobs.report.sections.response import _lines, caused_in_words


def test_a_day_without_events_is_a_zero() -> None:
    rows = [(date(2024, 5, 1), "tail", 3.0), (date(2024, 5, 3), "tail", 2.0), (date(2024, 5, 2), "head", 7.0)]
    daily = pd.DataFrame(rows, columns=["day", "segment", "purchases_count"])
    head, tail = _lines(daily, "purchases_count", until=date(2024, 5, 5))
    assert (head.label, [value for _, value in head.points]) == ("head", [0.0, 7.0, 0.0, 0.0])
    assert (tail.label, [value for _, value in tail.points]) == ("tail", [3.0, 0.0, 2.0, 0.0])


def test_the_share_that_exposure_caused_is_said_with_its_interval() -> None:
    said = caused_in_words(42_000, 498, 0.387, 0.312, 0.464, 7, date(2024, 5, 4))
    assert said == (
        "Of 498 products bought within 7 days of 42,000 exposures that were drawn at random, the exposure caused "
        "38.7 % (95 % from 31.2 % to 46.4 %); the others would have been bought without it. Measured on 4 May."
    )
