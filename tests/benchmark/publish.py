"""Compares a publish with `feast materialize`, measures online reads, and checks readers during publishes.

python -m tests.benchmark.publish [write STORE USERS] [later STORE USERS] [read STORE USERS] [sessions STORE USERS]
    [readers STORE READS]
STORE is sqlite or redis. `write` is a first night into an empty store, `later` a third night over
the first one.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime, timedelta
from datetime import time as clock
from pathlib import Path
from typing import Any

import numpy as np
from feast import FeatureStore
from feast.repo_config import RepoConfig

from jobs.config.configuration import Config
from jobs.execution.night import Night, Record
from jobs.online.audit import equal
from jobs.online.catalogue import Catalogue, build_catalogue
from jobs.online.fields import OnlineView
from jobs.online.registration import registered_colours
from jobs.online.rows import night_rows
from jobs.online.settings import writer_settings
from jobs.online.store import read_store
from jobs.online.views import online_views
from jobs.publish import publish
from jobs.register_features import register_features
from jobs.serving.client import StorefrontClient
from jobs.tables.warehouse import Warehouse
from tests.benchmark.publish_tables import FIRST, ITEMS, fill
from tests.benchmark.session_tables import ITEM_IDS, publish_sessions
from tests.jobs.online.nights import config_in
from tests.jobs.online.reading import read_while_publishing
from tests.jobs.online.redis_server import VARIABLE, redis_config, running_redis
from tests.spark_session import local_session

SESSION_READS, RECENT = 1_000, 5


def main() -> None:
    """Runs the named part, or all parts, each in its own process."""
    parts: dict[str, Callable[[str, int], None]] = {
        "write": write, "later": later, "read": read, "sessions": sessions, "readers": readers,
    }  # fmt: skip
    if sys.argv[1:]:
        part, store, size = sys.argv[1:4]
        parts[part](store, int(size))
        return
    sizes = (("write", 50_000), ("write", 500_000), ("later", 50_000), ("read", 50_000), ("sessions", 50_000))
    sizes += (("readers", 100_000),)
    for store in ("sqlite", "redis"):
        for part, number in sizes:
            subprocess.run([sys.executable, "-m", "tests.benchmark.publish", part, store, str(number)], check=True)


@contextmanager
def configured(store: str, further: str = "") -> Iterator[tuple[Config, Path]]:
    """A configuration in a temporary folder; starts Redis if that is the store.

    further: other sections, as YAML
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with running_redis(folder) if store == "redis" else nullcontext() as server:
            if server is not None:
                os.environ[VARIABLE] = server.url
            yield (redis_config(folder, further) if store == "redis" else config_in(folder, further)), folder


def write(store: str, users: int) -> None:
    """Times a complete publish with audit and flip, and Feast's materialize of the same views into another store."""
    _compare(store, users, nights=1)


def later(store: str, users: int) -> None:
    """Times a third night: the idle copy holds the first, with which two thirds of the features' values agree.

    On the panel .65 of the shoppers' values and .76 of the items' values agree between nights. No list agrees.
    """
    _compare(store, users, nights=3)


def _compare(store: str, users: int, nights: int) -> None:
    with configured(store) as (conf, folder), local_session(folder) as spark:
        for number in range(nights):
            as_of = FIRST + timedelta(days=number)
            fill(spark, conf, users, as_of)
            night = Night(conf, as_of, f"run {number}", spark, Warehouse(spark, conf.warehouse), Record())
            register_features(night)
            catalogue = build_catalogue(online_views(conf))
            # The first read of a table costs Spark extra; neither side shall pay for it.
            night_rows(night, catalogue.views)
            if number:
                # A publish waits until readers no longer hold the old registry; real nights are further apart.
                time.sleep(2 * conf.online.registry_ttl_seconds)
            began = time.perf_counter()
            publish(night)
            publish_seconds = time.perf_counter() - began
        feast_store = plain_feast_store(conf, folder, store)
        names = [catalogue.coloured[view.name, "blue"].name for view in catalogue.views]
        began = time.perf_counter()
        feast_store.materialize(
            datetime.combine(as_of - timedelta(days=1), clock(12), UTC),
            datetime.combine(as_of, clock(12), UTC),
            names,
        )
        materialize_seconds = time.perf_counter() - began
        values = compared(conf, catalogue, feast_store)
        print(
            f"{store}, night {nights}, {users:,} shoppers and {ITEMS:,} items in four views: publish with audit "
            f"{publish_seconds:.1f} s, feast materialize {materialize_seconds:.1f} s: "
            f"{materialize_seconds / publish_seconds:.1f} times; compared {values}",
            flush=True,
        )


def read(store: str, users: int) -> None:
    """Times online reads of one shopper and of 200 items by the client and by Feast alone."""
    with configured(store) as (conf, folder):
        with local_session(folder) as spark:
            fill(spark, conf, users, FIRST)
            night = Night(conf, FIRST, "run", spark, Warehouse(spark, conf.warehouse), Record())
            register_features(night)
            publish(night)
        client = StorefrontClient(read_store(conf), on_stale="serve")
        feast = read_store(conf)
        generator = np.random.default_rng(1)
        items = [f"i{number:06}" for number in range(ITEMS)]

        def read_by_feast(service: str, keys: dict[str, list[str]]) -> Any:
            return feast.get_online_features(
                features=feast.get_feature_service(service, allow_cache=True), entity_rows=keys, full_feature_names=True
            ).to_dict()

        def random_user() -> str:
            return f"u{generator.integers(users):07}"

        def random_items() -> list[str]:
            return list(generator.choice(items, 200, replace=False))

        reads: dict[str, tuple[int, Callable[[], Any]]] = {
            "list of a shopper, client": (1_000, lambda: client.user_list(random_user())),
            "list of a shopper, Feast alone": (
                1_000,
                lambda: read_by_feast("storefront_list", {"user_id": [random_user()]}),
            ),
            "boosts of 200 items, client": (200, lambda: client.boosts(random_items())),
            "boosts of 200 items, Feast alone": (
                200,
                lambda: read_by_feast("storefront_boost", {"item_id": random_items()}),
            ),
            "list and features of a shopper, client": (1_000, lambda: client.user(random_user())),
            "list and features of a shopper, Feast alone": (
                1_000,
                lambda: read_by_feast("storefront_user", {"user_id": [random_user()]}),
            ),
            "all values of 200 items, client": (100, lambda: client.items(random_items())),
            "all values of 200 items, Feast alone": (
                100,
                lambda: read_by_feast("storefront_item", {"item_id": random_items()}),
            ),
        }
        for name, (count, call) in reads.items():
            call()
            seconds = []
            for _ in range(count):
                began = time.perf_counter()
                call()
                seconds.append(time.perf_counter() - began)
            p50, p99 = np.percentile(np.array(seconds) * 1e3, [50, 99])
            print(f"{store}, {name}: p50 {p50:.1f} ms, p99 {p99:.1f} ms", flush=True)


def sessions(store: str, users: int) -> None:
    """Times reads of a list as published and within a session, one after the other; the live factors are read too."""
    with configured(store, "neighbours: {of_item: 50}\n") as (conf, _):
        publish_sessions(conf, users, FIRST)
        client = StorefrontClient(read_store(conf), on_stale="serve")
        generator = np.random.default_rng(1)

        def recent() -> list[str]:
            return list(generator.choice(ITEM_IDS, RECENT, replace=False))

        reads: dict[str, Callable[[str], Any]] = {
            "as published": client.user_list,
            "as published, with live factors": lambda user: client.with_live_factors(client.user_list(user)),
            "of a session": lambda user: client.session_list(user, recent()),
        }
        seconds: dict[str, list[float]] = {name: [] for name in reads}
        for number in range(SESSION_READS + 1):
            user = f"u{generator.integers(users):07}"
            for name, read_list in reads.items():
                began = time.perf_counter()
                shown = read_list(user)
                if number:  # the first read opens the store
                    seconds[name].append(time.perf_counter() - began)
        assert shown.order == "session"
        for name, of_read in seconds.items():
            p50, p99 = np.percentile(np.array(of_read) * 1e3, [50, 99])
            above = np.percentile((np.array(of_read) - np.array(seconds["as published"])) * 1e3, [50, 99])
            print(
                f"{store}, list {name}: p50 {p50:.1f} ms, p99 {p99:.1f} ms; above the published one p50 "
                f"{above[0]:.1f} ms, p99 {above[1]:.1f} ms",
                flush=True,
            )


def readers(store: str, reads: int) -> None:
    """Counts wrong answers during ten publishes with live writes and two kills."""
    with configured(store) as (conf, _):
        began = time.perf_counter()
        seen = read_while_publishing(conf, nights=10, kills=2, reads=reads, copies=1_000)
        took = time.perf_counter() - began
    print(
        f"{store}: {seen.reads:,} reads in {took:.0f} s during ten publishes with live writes and {seen.kills} kills: "
        f"{len(seen.problems)} problems {seen.problems[:1]}; nights seen {seen.nights}",
        flush=True,
    )


def plain_feast_store(conf: Config, folder: Path, store: str) -> FeatureStore:
    """A second store with Feast's own store class and its own registry."""
    settings = writer_settings(conf)
    if store == "redis":
        settings["online_store"] = {"type": "redis", "connection_string": os.environ[VARIABLE] + ",db=1"}
    else:
        settings["online_store"] = {"type": "sqlite", "path": str(folder / "theirs.db")}
    settings["registry"]["path"] = str(folder / "theirs-registry.db")
    # By default Feast builds the messages of all rows at once, some kilobytes each.
    settings["materialization"] = {"online_write_batch_size": 50_000}
    theirs = FeatureStore(config=RepoConfig(**settings))
    catalogue = build_catalogue(online_views(conf))
    theirs.apply([*catalogue.entities.values(), *catalogue.coloured.values()])
    return theirs


def compared(conf: Config, catalogue: Catalogue, theirs: FeatureStore) -> str:
    """Reads 500 entities of every view from both stores; returns how many values agree.

    Raises AssertionError if two differ.
    """
    ours = read_store(conf)
    live_colour, values = registered_colours(ours).served, 0
    for view in catalogue.views:
        keys = [f"u{number:07}" if view.entity == "user" else f"i{number:06}" for number in range(500)]
        answers = [_read(store, view, colour, keys) for store, colour in ((ours, live_colour), (theirs, "blue"))]
        for name in view.field_names:
            for mine, other in zip(answers[0][name], answers[1][name], strict=True):
                if mine is None or not equal(mine, other):
                    raise AssertionError(f"{view.name}.{name}: {mine!r} and {other!r}")
                values += 1
    return f"{values:,} values, all equal"


def _read(store: FeatureStore, view: OnlineView, colour: str, keys: list[str]) -> dict[str, list[Any]]:
    features = [f"{view.name}_{colour}:{name}" for name in view.field_names]
    return store.get_online_features(features, {view.join_key: keys}).to_dict()


if __name__ == "__main__":
    main()
