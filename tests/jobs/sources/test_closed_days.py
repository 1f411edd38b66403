"""Days that need no event, by the events of earlier weeks and years."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest
from pyspark.sql import SparkSession

from features.contract import EVENTS
from jobs.config.configuration import load_config
from jobs.execution.night import Night
from jobs.runtime.errors import Refused
from jobs.sources.closed_days import closed_days, easter, is_holiday
from jobs.sources.volume import require_usual_volume
from tests.jobs.small_tables import filled
from tests.jobs.sources.test_silence import intake, purchases

BEGAN = date(2023, 1, 2)


def open_days(until: date, *closed: date) -> set[date]:
    days = {BEGAN + timedelta(days=number) for number in range((until - BEGAN).days)}
    return {day for day in days if day.weekday() != 6} - set(closed)  # not on Sundays


@pytest.mark.parametrize(
    ("day", "closed"),
    [
        (date(2024, 12, 25), [date(2023, 12, 25)]),
        (date(2024, 4, 1), [date(2023, 4, 10)]),  # Easter Monday
        (date(2024, 11, 28), [date(2023, 11, 23)]),  # Thanksgiving
        (date(2024, 5, 27), [date(2023, 5, 29)]),  # the last Monday in May
        (date(2025, 12, 25), [date(2023, 12, 25), date(2024, 12, 25)]),
    ],
)
def test_a_holiday_that_was_closed_in_every_earlier_year_is_closed(day: date, closed: list[date]) -> None:
    assert is_holiday(day, open_days(day, *closed), BEGAN)
    assert not is_holiday(day, open_days(day), BEGAN)
    assert not is_holiday(day, open_days(day, *closed), began=day - timedelta(days=60))


def test_a_holiday_that_was_open_in_one_year_and_last_years_sunday_are_not_closed() -> None:
    once = date(2025, 12, 25)
    assert not is_holiday(once, open_days(once, date(2023, 12, 25)), BEGAN)
    tuesday = date(2024, 8, 13)  # 13 August 2023 was a Sunday
    assert not is_holiday(tuesday, open_days(tuesday), BEGAN)


def test_easter_is_the_sunday_of_the_calendar() -> None:
    assert [easter(year) for year in (2023, 2024, 2025, 2038)] == [
        date(2023, 4, 9), date(2024, 3, 31), date(2025, 4, 20), date(2038, 4, 25),
    ]  # fmt: skip


def night(spark: SparkSession, as_of: date, stored: Collection[date], **volume: Any) -> Night:
    conf = load_config("conf/local.yaml")
    usual = conf.source.volume.model_copy(update=volume)
    conf = conf.model_copy(update={"source": conf.source.model_copy(update={"volume": usual})})
    tables = SimpleNamespace(read_or_empty=lambda table: filled(spark, EVENTS, purchases(sorted(stored))))
    return cast("Night", SimpleNamespace(conf=conf, tables=tables, as_of=as_of))


def test_an_empty_day_is_unusual_unless_the_store_is_always_closed_on_it(spark: SparkSession) -> None:
    last, first = date(2024, 12, 23), date(2024, 12, 27)
    history = open_days(last + timedelta(days=1), date(2023, 12, 25), date(2023, 12, 26))
    tonight = intake(spark, purchases([]))
    days = [date(2024, 12, 24), date(2024, 12, 25), date(2024, 12, 26)]
    assert closed_days(night(spark, first, history), tonight.accepted, days) == {*days[1:]}
    assert closed_days(night(spark, first, history, closed=(days[0],)), tonight.accepted, days) == {*days}
    # The day after the holidays, with the delivery of Christmas Eve.
    since = date(2024, 12, 24)
    require_usual_volume(night(spark, since + timedelta(days=3), history | {since}), tonight, since + timedelta(days=1))
    with pytest.raises(Refused, match=r"2024-12-24 has no purchase event"):
        require_usual_volume(night(spark, first, history), tonight, since)
    tonight.release()
