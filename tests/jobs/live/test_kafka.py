"""Events from a Kafka topic: each counts once across a restart, and a malformed message does not stop the stream."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
from pyspark.sql import SparkSession

from features.contract.live_counts import LIVE_ITEM_COUNTS
from tests.jobs.live.kafka_broker import SOURCE, NoBrokerError, running_broker
from tests.jobs.live.streams import Stream, counted, events_of, expected

pytestmark = pytest.mark.slow


def messages(events: pd.DataFrame) -> list[str]:
    """The events as a store sends them: JSON with ISO times in UTC."""
    times = events["event_time"].dt.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    return [json.dumps(row) for row in events.assign(event_time=times).to_dict("records")]


def test_events_of_a_topic_count_once(spark: SparkSession, tmp_path: Path) -> None:
    try:
        with running_broker(tmp_path) as broker:
            options = {"kafka.bootstrap.servers": broker.address, "subscribe": "events", "startingOffsets": "earliest"}
            stream = Stream(tmp_path, SOURCE, format="kafka", path=None, options=options)
            first, second = events_of(300, seed=1), events_of(200, seed=2, start=300)
            broker.give("events", [*messages(first), "not an event", "{}", *messages(first.iloc[:50])])
            stream.finish()
            broker.give("events", [*messages(first.iloc[:50]), *messages(second)])
            stream.finish()
    except NoBrokerError as error:
        pytest.skip(f"Kafka's JARs cannot be fetched: {error}")
    counts = stream.tables(spark).read(LIVE_ITEM_COUNTS)
    assert counted(counts, "item_id") == expected(pd.concat([first, second]), "item_id")
    assert counts.select("batch_id").distinct().count() == 2
