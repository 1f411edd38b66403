"""The stream as a process of its own: after kills and restarts every event counts once; its values online."""

from __future__ import annotations

import json
import shutil
import time
from pathlib import Path

import pandas as pd
import pytest
from pyspark.sql import SparkSession

from features.contract import ITEM_EXPOSURE
from features.contract.live_counts import LIVE_ITEM_COUNTS, LIVE_USER_COUNTS
from features.declarations import ITEM_FEATURES_TABLE
from jobs.online.catalogue import build_catalogue
from jobs.online.registration import register
from jobs.online.store import open_store, read_store
from jobs.online.views import online_views
from jobs.serving.client import LIVE
from jobs.tables.erasure import remember_forgotten
from tests.jobs.live.streams import ITEMS, TODAY, Stream, counted, events_of, expected, kill
from tests.jobs.small_tables import filled

pytestmark = pytest.mark.slow


def plan_caps(spark: SparkSession, stream: Stream, caps: dict[str, float]) -> None:
    """A planned night with these caps, and its items."""
    of_night = {"as_of": TODAY, "segment": "tail"}
    plans = [
        {**of_night, "policy": "main", "placement": "tail_shelf", "item_id": item, "cap": cap, "binding": "none"}
        for item, cap in caps.items()
    ]
    features = [{**of_night, "item_id": item, "is_eligible": True, "days_since_listed": 100.0} for item in caps]
    tables = stream.tables(spark)
    tables.add(filled(spark, ITEM_EXPOSURE, plans), ITEM_EXPOSURE)
    tables.add(filled(spark, ITEM_FEATURES_TABLE, features), ITEM_FEATURES_TABLE)


def test_every_event_counts_once_across_kills_and_restarts(spark: SparkSession, tmp_path: Path) -> None:
    stream = Stream(tmp_path, options={"maxFilesPerTrigger": "1"})
    register(open_store(stream.conf), build_catalogue(online_views(stream.conf)))
    parts = [events_of(400, seed=n, start=400 * n) for n in range(6)]
    for n, part in enumerate(parts[:3]):
        stream.give(part, f"part-{n}")
    stream.give(parts[0].iloc[:100], "again")  # a part of a file sent twice
    commits = stream.folder / "warehouse" / LIVE_ITEM_COUNTS.name / "_delta_log"
    for kills, more in enumerate(parts[3:5]):
        process = stream.start()
        until = time.monotonic() + 120
        # each kill hits another moment of a batch: right after a commit to Delta, before that of the checkpoint
        while len(list(commits.glob("*.json"))) < 2 + kills * 2 and time.monotonic() < until:
            time.sleep(0.02)
        kill(process)
        stream.give(more, f"part-{3 + kills}")
    stream.give(parts[5], "part-5")
    stream.finish()
    tables, events = stream.tables(spark), pd.concat(parts)
    for table, key in ((LIVE_ITEM_COUNTS, "item_id"), (LIVE_USER_COUNTS, "user_id")):
        assert counted(tables.read(table), key) == expected(events, key)
        assert tables.read(table).groupBy(*table.key).count().where("count > 1").isEmpty()
    _check_online(stream, events)


def _check_online(stream: Stream, events: pd.DataFrame) -> None:
    store = read_store(stream.conf)
    items = [f"i{n}" for n in range(ITEMS)]
    answer = store.get_online_features(
        store.get_feature_service(LIVE), entity_rows=[{"item_id": item} for item in items]
    ).to_dict()
    shown = events[events["event_type"] == "exposure"].groupby("item_id").size()
    assert dict(zip(answer["item_id"], answer["exposures_today"], strict=True)) == {i: float(shown[i]) for i in items}
    assert set(answer["live_factor"]) == {1.0}  # without a plan no item has a cap
    assert set(answer["day"]) == {str(TODAY)}


def test_an_item_that_reaches_its_cap_fades_out_and_alerts_once(spark: SparkSession, tmp_path: Path) -> None:
    stream = Stream(tmp_path)
    register(open_store(stream.conf), build_catalogue(online_views(stream.conf)))
    plan_caps(spark, stream, {"hot": 10.0, "warm": 10.0, "cool": 10.0})
    shown = pd.DataFrame({"item_id": ["hot"] * 12 + ["warm"] * 9 + ["cool"] * 2})
    events = events_of(len(shown), seed=1).assign(item_id=shown["item_id"], event_type="exposure")
    stream.give(events, "first")
    stream.finish()
    stream.give(events_of(1, seed=2, start=900).assign(item_id="hot", event_type="exposure"), "second")
    stream.finish()
    store = read_store(stream.conf)
    rows = [{"item_id": item} for item in ("hot", "warm", "cool", "unknown")]
    answer = store.get_online_features(store.get_feature_service(LIVE), entity_rows=rows).to_dict()
    assert answer["live_factor"] == pytest.approx([0.0, 0.5, 1.0, None])
    assert answer["exposures_today"] == [13.0, 9.0, 2.0, None]
    lines = (stream.folder / "warehouse/alerts" / f"{TODAY}-stream_events.jsonl").read_text("utf-8").splitlines()
    alerts = [json.loads(line) for line in lines]
    assert [(alert["name"], alert["about"]) for alert in alerts] == [("live.cap_reached", "hot")]


def test_bots_count_for_no_item_forgotten_shoppers_not_at_all_and_a_lost_checkpoint_is_refused(
    spark: SparkSession, tmp_path: Path
) -> None:
    stream = Stream(tmp_path, options={"maxFilesPerTrigger": "1"})
    most = int(stream.conf.account.most_exposures_a_day)
    script = events_of(most + 1, seed=1).assign(user_id="script", item_id="hot", event_type="exposure")
    more = events_of(500, seed=2, start=5_000).assign(user_id="script", item_id="hot", event_type="exposure")
    people = events_of(10, seed=3, start=9_000).assign(item_id="hot", event_type="exposure")
    broken = events_of(2, seed=4, start=9_900)
    broken.loc[0, "user_id"] = None
    broken["event_time"] += pd.Timedelta(days=3)
    gone = events_of(3, seed=5, start=9_990).assign(user_id="gone", item_id="hot")
    tables = stream.tables(spark)
    remember_forgotten(tables, "gone")
    for name, events in (("0", script), ("1", pd.concat([more, people, gone])), ("2", broken)):
        stream.give(events, name)
    stream.finish()
    items = counted(tables.read(LIVE_ITEM_COUNTS), "item_id")
    assert items == {("hot", "exposures"): most + 1 + 10.0}
    shoppers = counted(tables.read(LIVE_USER_COUNTS), "user_id")
    assert shoppers["script", "exposures"] == most + 1 + 500
    assert "gone" not in {user for user, _ in shoppers}
    lines = (stream.folder / "warehouse/alerts" / f"{TODAY}-stream_events.jsonl").read_text("utf-8").splitlines()
    assert [(alert["name"], alert["value"]) for alert in map(json.loads, lines)] == [("live.programs", 1.0)]
    shutil.rmtree(stream.folder / "warehouse/streaming/checkpoint")
    assert stream.start("now").wait(180) != 0
    assert "would be counted again or not at all" in (stream.folder / "stream.log").read_text("utf-8")
