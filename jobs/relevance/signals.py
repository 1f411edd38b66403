"""The types of events that a store had before a date: which of them the second stage reads."""

from __future__ import annotations

from datetime import date

from pyspark.sql import functions as F

from features.contract import DAILY_ITEM
from features.declarations.aggregate import counted_column
from features.texts import LOW_RATING
from jobs.execution.night import Night
from model.fusion.signals import Signals, signals_of

_COUNTED = {
    event: str(counted_column(DAILY_ITEM, event))
    for event in ("exposure", "view", "click", "favourite", "cart", "return")
}


def signals_before(night: Night, until: date) -> Signals:
    """What the events before `until` add to the second stage; nothing with `fusion.signals: false`."""
    if not night.conf.fusion.signals:
        return Signals()
    days = night.tables.read_or_empty(DAILY_ITEM).where(F.col("day") < F.lit(until))
    row = days.agg(*(F.max(F.col(column) > 0).alias(event) for event, column in _COUNTED.items())).first()
    assert row is not None
    ratings = [LOW_RATING] if night.conf.features.low_rating is not None else []
    return signals_of([*(event for event in _COUNTED if row[event]), *ratings])
