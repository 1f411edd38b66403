"""A pair that was shown often enough rests, counted by lists or by exposure events."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pandas as pd
from pyspark.sql import SparkSession

from features.contract import EVENTS, RUNS
from jobs.execution.night import Night
from jobs.planning.candidates.frequency import without_frequent
from tests.jobs.planning.small_store import NIGHT, conf_in, night_of, write
from tests.jobs.small_tables import filled


def test_exposure_events_count_by_their_weight(planned: Night, spark: SparkSession, store: Path) -> None:
    rows = [
        ("u00", "best", "exposure", "tail_shelf", 1, 2.0),  # twice by its weight
        ("u01", "best", "exposure", "tail_shelf", 7, 1.0),
        ("u01", "best", "exposure", "tail_shelf", 8, 1.0),  # before the window
        ("u02", "best", "exposure", "home", 1, 9.0),  # another placement
        ("u03", "best", "click", "tail_shelf", 1, 9.0),
        ("u04", "best", "exposure", "tail_shelf", 0, 9.0),  # on the night itself: not known yet
    ]
    names = ["user_id", "item_id", "event_type", "placement", "days", "sample_weight"]
    events = pd.DataFrame(rows, columns=names).reindex(columns=[*EVENTS.column_names, "days"])
    events["event_date"] = [NIGHT - timedelta(days=days) for days in events.pop("days")]
    events["event_time"] = events["ingested_at"] = pd.to_datetime(events["event_date"])
    events = events.assign(event_id=[str(n) for n in range(len(rows))], quantity=0, price=Decimal(0))
    write(planned.tables, spark, EVENTS, events)
    night = night_of(spark, conf_in(store, frequency={"times": 2, "days": 7, "counted": "events"}))
    pairs = spark.createDataFrame([(f"u0{n}", "best") for n in range(5)], "user_id string, item_id string")
    remaining = [row.user_id for row in without_frequent(night, pairs).orderBy("user_id").collect()]
    assert remaining == ["u01", "u02", "u03", "u04"]
    write(planned.tables, spark, EVENTS, events.iloc[:0])  # other tests plan without a log


def test_lists_of_every_policy_that_was_shown_count(planned: Night, spark: SparkSession, store: Path) -> None:
    pairs = spark.createDataFrame([("u00", "best"), ("u02", "best")], "user_id string, item_id string")
    bold = night_of(spark, conf_in(store, policy="bold", relevance_of="main"))
    assert [row.user_id for row in without_frequent(bold, pairs).collect()] == ["u02"]
    other = night_of(spark, conf_in(store, policy="other"))
    assert without_frequent(other, pairs).count() == 2
    # The publishes of those nights say which policies were live: main on one of them only.
    publishes = [
        {"run_id": str(days), "step": "publish", "status": "done", "as_of": NIGHT - timedelta(days=days),
         "decisions": {"policies": policies}}
        for days, policies in ((1, '["main", "other"]'), (7, '["other"]'))
    ]  # fmt: skip
    planned.tables.replace(filled(spark, RUNS, publishes), RUNS, where=None)
    assert without_frequent(bold, pairs).count() == 2
    planned.tables.replace(filled(spark, RUNS, []), RUNS, where=None)
