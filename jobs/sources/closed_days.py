"""Days on which a store never has events: those that it names, its closed weekdays, and its holidays."""

from __future__ import annotations

from collections.abc import Iterator, Set
from datetime import date, timedelta
from functools import reduce
from operator import or_

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from features.contract import EVENTS
from jobs.execution.night import Night

YEARS = 3  # that a holiday is looked for; it has to be closed in each that the events reach
# Days from Easter Sunday: carnival, Maundy Thursday to Easter Monday, Ascension, Whit Monday, Corpus Christi.
_FROM_EASTER = (-48, -47, -3, -2, -1, 1, 39, 50, 60)
_OF_A_MONTH = (0, 3)  # Mondays and Thursdays are holidays by their place in the month; see _has_place
_AROUND = timedelta(days=45)  # of a holiday in an earlier year: its date moves by so much, with the weeks next to it


def closed_days(night: Night, accepted: DataFrame, days: list[date]) -> set[date]:
    """Those of the days that need no event; all of them if `source.volume.least` is 0.

    accepted: events of tonight, which the table of events lacks
    """
    volume = night.conf.source.volume
    if volume.least == 0:
        return set(days)
    if not days:
        return set()
    first, last = min(days), max(days)
    windows = [(first - timedelta(days=7 * volume.weeks), last)]
    windows += [(_years_before(first, n) - _AROUND, _years_before(last, n) + _AROUND) for n in range(1, YEARS + 1)]
    inside = reduce(or_, (F.col("event_date").between(F.lit(start), F.lit(end)) for start, end in windows))
    stored = night.tables.read_or_empty(EVENTS)
    dated = stored.select("event_date").union(accepted.select("event_date"))
    open_days = {row["event_date"] for row in dated.where(inside).distinct().collect()}
    began = dated.agg(F.min("event_date").alias("day")).collect()[0]["day"]
    named = set(volume.closed)
    if began is None:
        return named & set(days)
    return {
        day
        for day in days
        if day in named or is_closed_weekday(day, open_days, began, volume.weeks) or is_holiday(day, open_days, began)
    }


def is_closed_weekday(day: date, open_days: Set[date], began: date, weeks: int) -> bool:
    """Whether the weeks before had no event on the day's weekday.

    open_days: days with an event; began: the first of all
    """
    earlier = [day - timedelta(days=7 * week) for week in range(1, weeks + 1)]
    judged = [week for week in earlier if week >= began]
    return bool(judged) and not any(week in open_days for week in judged)


def is_holiday(day: date, open_days: Set[date], began: date) -> bool:
    """Whether the same holiday had no event in any earlier year, on a weekday on which the store is usually open.

    A holiday keeps its date (Christmas), its distance to Easter (Whit Monday), or its place among the Mondays or
    Thursdays of its month (Thanksgiving, the last Monday in May).
    """
    years = [_same_holiday(day, day.year - number) for number in range(1, YEARS + 1)]
    for earlier in zip(*years, strict=True):
        judged = [that for that in earlier if that is not None and that - timedelta(days=7) >= began]
        if judged and not any(that in open_days for that in judged):
            weeks = [that + timedelta(days=7 * week) for that in judged for week in (-2, -1, 1, 2)]
            if any(week in open_days for week in weeks):
                return True
    return False


def easter(year: int) -> date:
    """Easter Sunday of the Gregorian calendar (the anonymous algorithm; Nature, 20 April 1876)."""
    a, b, c = year % 19, year // 100, year % 100
    h = (19 * a + b - b // 4 - (b - (b + 8) // 25 + 1) // 3 + 15) % 30
    x = (32 + 2 * (b % 4) + 2 * (c // 4) - h - c % 4) % 7
    m = (a + 11 * h + 22 * x) // 451
    month, before = divmod(h + x - 7 * m + 114, 31)
    return date(year, month, before + 1)


def _same_holiday(day: date, year: int) -> Iterator[date | None]:
    """The day in another year: by date, from Easter, and counted from the month's begin and end; None where it is no
    holiday of that kind."""
    yield _date(year, day.month, day.day)
    from_easter = day - easter(day.year)
    yield easter(year) + from_easter if from_easter.days in _FROM_EASTER else None
    if not _has_place(day):
        yield from (None, None)
        return
    first = date(year, day.month, 1)
    of_weekday = first + timedelta(days=(day.weekday() - first.weekday()) % 7)
    number = (day.day - 1) // 7
    nth = of_weekday + timedelta(days=7 * number)
    yield nth if nth.month == day.month else None
    is_last = (day + timedelta(days=7)).month != day.month
    fifth = of_weekday + timedelta(days=28)
    yield (fifth if fifth.month == day.month else fifth - timedelta(days=7)) if is_last else None


def _has_place(day: date) -> bool:
    """Whether the day may be a holiday by its place in the month. Around the turn of the year holidays keep their date,
    and their neighbours of another year must not pass for them."""
    return day.weekday() in _OF_A_MONTH and not (day.month == 12 and day.day > 17) and (day.month, day.day) >= (1, 8)


def _date(year: int, month: int, day: int) -> date | None:
    return None if (month, day) == (2, 29) and _is_short(year) else date(year, month, day)


def _is_short(year: int) -> bool:
    return year % 4 != 0 or (year % 100 == 0 and year % 400 != 0)


def _years_before(day: date, number: int) -> date:
    return day - timedelta(days=365 * number + number // 4)
