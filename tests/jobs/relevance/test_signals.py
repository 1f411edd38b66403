"""Which events a store had before a date decides what its second stage reads."""

from __future__ import annotations

from datetime import date
from types import SimpleNamespace
from typing import cast

from pyspark.sql import SparkSession

from features.contract import DAILY_ITEM
from features.texts import LOW_RATING
from jobs.execution.night import Night
from jobs.relevance.signals import signals_before
from model.fusion import signals
from model.fusion.signals import Signals, signals_of
from tests.jobs.small_tables import filled


def test_only_events_before_the_date_are_read(spark: SparkSession) -> None:
    frame = filled(spark, DAILY_ITEM, [
        {"day": date(2024, 3, 1), "item_id": "a", "exposures_weight": 2.0, "purchases_count": 1},
        {"day": date(2024, 3, 2), "item_id": "a", "views_weight": 1.0},
        {"day": date(2024, 3, 3), "item_id": "b", "returns_count": 1},
    ])  # fmt: skip

    def of_store(until: int, reads: bool = True, low_rating: float | None = None) -> Signals:
        conf = SimpleNamespace(fusion=SimpleNamespace(signals=reads), features=SimpleNamespace(low_rating=low_rating))
        night = SimpleNamespace(conf=conf, tables=SimpleNamespace(read_or_empty=lambda table: frame))
        return signals_before(cast(Night, night), date(2024, 3, until))

    assert of_store(1) == of_store(2) == of_store(4, reads=False) == Signals()
    assert of_store(3) == signals_of(("exposure", "view"))
    assert of_store(4) == signals_of(("exposure", "view", "return"))
    assert of_store(2, low_rating=2.0) == signals_of((LOW_RATING,))
    assert signals.LOW_RATING == LOW_RATING
