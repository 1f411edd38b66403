"""Measures the delay from an event's file to its count online, at a steady rate of events.

A generator writes events with current times as Parquet files, two files a second. `jobs/stream_events.py` runs in its
own process with the defaults of conf/base.yaml, except the source. Each file holds an exposure of a marker item; the
delay of the file's events is the time from the file's appearance until Feast's online store has the marker, polled ten
times a second. Items and shoppers are drawn by a power law; every item has a cap, so that live factors are computed.
Generator, stream and reader share two cores. Run by `make benchmark-stream`.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import yaml
from feast import FeatureStore

from features.contract import ITEM_EXPOSURE
from features.contract.live_counts import LIVE_ITEM_COUNTS
from features.declarations import ITEM_FEATURES_TABLE
from features.live.counting import COLUMNS
from jobs.config.configuration import Config, load_config
from jobs.live.online import register_live
from jobs.online.catalogue import build_catalogue
from jobs.online.registration import register
from jobs.online.store import open_store, read_store
from jobs.online.views import online_views, table_path
from jobs.serving.client import LIVE
from jobs.tables.warehouse import Warehouse
from tests.jobs.small_tables import filled
from tests.spark_session import local_session

ROOT = Path(__file__).resolve().parents[2]
FILES_A_SECOND, POLLS_A_SECOND = 2, 10
ITEMS, USERS = 5_000, 50_000


def main() -> None:
    """Starts the stream, writes events at the rate, and prints what was measured after the warm-up."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--rate", type=int, default=5_000, help="events a second")
    arguments.add_argument("--seconds", type=int, default=90)
    arguments.add_argument("--warm-up", type=int, default=30, help="first seconds, which are not measured")
    args = arguments.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        conf_path = configured(Path(folder))
        conf = load_config(conf_path)
        prepare(conf)
        stream = started(conf_path)
        try:
            written, seen = measured(conf, args.rate, args.seconds)
        finally:
            os.killpg(stream.pid, signal.SIGTERM)
            stream.wait(60)
        report(conf, args.rate, args.warm_up, written, seen)


def configured(folder: Path) -> Path:
    """Writes a configuration with the defaults, except the source of the stream, and returns its path."""
    (folder / "inbox").mkdir()
    path = folder / "conf.yaml"
    stream = {"format": "parquet", "path": str(folder / "inbox")}
    content = {"warehouse": str(folder / "warehouse"), "source": {"kind": "complete_journey"}, "stream": stream}
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    return path


def prepare(conf: Config) -> None:
    """Registers the views and writes the plan of a night with a cap for every item."""
    store = open_store(conf)
    register(store, build_catalogue(online_views(conf)))
    register_live(store, partial(table_path, conf))
    of_night = {"as_of": datetime.now(UTC).date(), "segment": "tail"}
    ids = [f"i{n}" for n in range(ITEMS)]
    plan = {**of_night, "policy": conf.plan.policy, "placement": conf.plan.placement, "cap": 1e6, "binding": "none"}
    known = {**of_night, "is_eligible": True, "days_since_listed": 100.0}
    with local_session(Path(conf.warehouse).parent) as spark:
        tables = Warehouse(spark, conf.warehouse)
        tables.add(filled(spark, ITEM_EXPOSURE, [{**plan, "item_id": item} for item in ids]), ITEM_EXPOSURE)
        tables.add(filled(spark, ITEM_FEATURES_TABLE, [{**known, "item_id": i} for i in ids]), ITEM_FEATURES_TABLE)


def started(conf_path: Path) -> subprocess.Popen[bytes]:
    """Starts the stream and returns its process once the query runs."""
    command = [
        Path(sys.executable).with_name("spark-submit"), "--properties-file", "conf/spark-local.conf",
        "jobs/stream_events.py", "--conf", conf_path,
    ]  # fmt: skip
    log = conf_path.with_name("stream.log")
    with log.open("wb") as out:
        process = subprocess.Popen(
            list(map(str, command)), cwd=ROOT, stdout=out, stderr=out, start_new_session=True,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
        )  # fmt: skip
    while b"stream started" not in log.read_bytes():
        if process.poll() is not None:
            sys.exit(log.read_text(encoding="utf-8")[-3000:])
        time.sleep(0.2)
    return process


def measured(conf: Config, rate: int, seconds: int) -> tuple[dict[str, float], dict[str, float]]:
    """By marker: the moment its file appeared, and the moment it was online."""
    written: dict[str, float] = {}
    writer = threading.Thread(target=write, args=(Path(str(conf.stream.path)), rate, seconds, written))
    store, seen, until = read_store(conf), {}, time.monotonic() + seconds + 120
    writer.start()
    while (writer.is_alive() or len(seen) < len(written)) and time.monotonic() < until:
        began = time.monotonic()
        waiting = [marker for marker in list(written) if marker not in seen]
        online = online_markers(store, waiting) if waiting else []
        seen |= dict.fromkeys(online, time.monotonic())
        time.sleep(max(0.0, 1 / POLLS_A_SECOND - (time.monotonic() - began)))
    writer.join()
    return written, seen


def write(inbox: Path, rate: int, seconds: int, written: dict[str, float]) -> None:
    """Writes files of events, each at its time, and records when it appeared."""
    random = np.random.default_rng(17)
    events_a_file, began = rate // FILES_A_SECOND, time.monotonic()
    for number in range(seconds * FILES_A_SECOND):
        marker = f"marker-{number}"
        unfinished = inbox.parent / f"{marker}.parquet"
        events_of(random, events_a_file, number, marker).to_parquet(unfinished, index=False, coerce_timestamps="us")
        time.sleep(max(0.0, began + (number + 1) / FILES_A_SECOND - time.monotonic()))
        unfinished.rename(inbox / unfinished.name)
        written[marker] = time.monotonic()


def events_of(random: np.random.Generator, count: int, number: int, marker: str) -> pd.DataFrame:
    """The events of one file; the last is the exposure of the marker."""
    item = [f"i{n}" for n in (ITEMS * random.random(count - 1) ** 2).astype(int)]
    user = (USERS * random.random(count) ** 2).astype(int)
    now = pd.Timestamp.now("UTC") + pd.to_timedelta(random.random(count) / FILES_A_SECOND, unit="s")
    rows = pd.DataFrame(
        {
            "event_id": [f"{number}-{n}" for n in range(count)],
            "user_id": [f"u{n}" for n in user],
            "visitor_id": [f"v{n}" for n in user],
            "item_id": [*item, marker],
            "event_type": [
                *random.choice(["exposure", "click", "purchase"], count - 1, p=[0.85, 0.1, 0.05]),
                "exposure",
            ],
            "event_time": now.astype("datetime64[us, UTC]"),
            "placement": "tail_shelf",
            "position": random.integers(1, 11, count, dtype=np.int32),
            "sample_weight": 1.0,
        }
    )
    return rows[list(COLUMNS)]


def online_markers(store: FeatureStore, markers: list[str]) -> list[str]:
    """The markers that are online."""
    service = store.get_feature_service(LIVE, allow_cache=True)
    answer = store.get_online_features(service, entity_rows=[{"item_id": marker} for marker in markers]).to_dict()
    return [item for item, day in zip(answer["item_id"], answer["day"], strict=True) if day is not None]


def report(conf: Config, rate: int, warm_up: int, written: dict[str, float], seen: dict[str, float]) -> None:
    """Prints the counted rate and the delays; exits with status 1 if an event was not seen."""
    began = min(written.values())
    delays = [seen[marker] - at for marker, at in written.items() if marker in seen and at - began >= warm_up]
    with local_session(Path(conf.warehouse).parent) as spark:
        counts = Warehouse(spark, conf.warehouse).read(LIVE_ITEM_COUNTS).toPandas()
    events = counts[["exposures", "clicks", "carts", "purchases"]].to_numpy().sum()
    expected = len(written) * (rate // FILES_A_SECOND)
    duration = max(seen.values()) - began
    batches = counts["batch_id"].nunique()
    print(f"{expected:,} events written at {rate:,} a second, {events:,.0f} counted in {batches} batches")
    print(f"{events / duration:,.0f} events/s from the first file to the last event online")
    p50, p99 = np.quantile(delays, [0.5, 0.99])
    print(
        f"delay from file to online, after {warm_up} s: p50 {p50:.1f} s, p99 {p99:.1f} s, maximum {max(delays):.1f} s"
    )
    if len(seen) < len(written) or events != expected:
        sys.exit(f"{len(written) - len(seen)} of {len(written)} files were never seen online.")


if __name__ == "__main__":
    main()
