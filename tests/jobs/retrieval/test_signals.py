"""Events short of a purchase on Spark's tables, against the same in memory, and what they must not know."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from scipy import sparse

from features.collaborative.als import event_ratings
from features.collaborative.signals import frequent_queries, normalised_query
from features.contract import EVENTS, IDENTITIES, SEARCHES, USERS
from jobs.execution.night import Night
from jobs.retrieval.blocks import shoppers_of
from jobs.retrieval.signals import DateSignals, read_signals
from model.retrieval.event_weights import EventWeights
from model.retrieval.item_statistics import ItemSales
from model.retrieval.links import LinkInputs
from model.retrieval.sessions import SESSION_COSINES
from model.retrieval.shoppers import PURCHASE, Shoppers
from model.retrieval.signal_channels import SIGNAL_CHANNELS
from model.retrieval.signals import CART, FAVOURITE, NEGATIVE, SEARCH, VIEW
from model.simulation.browsing import BrowsingWorld, browsing_world
from model.simulation.event_log import EventLog
from model.simulation.needs import browse
from tests.benchmark.signals.side import LINKS, Side, links_of_queries, side, with_signals
from tests.jobs.retrieval.browsing_store import at, day, in_seconds, night_of, tables_of

CUT, HORIZON = 40.0, 10.0
ALL = tuple(SIGNAL_CHANNELS)


@cache
def store() -> tuple[BrowsingWorld, EventLog, Side]:
    world = browsing_world(5, users=50, items=120, days=CUT, types=6)
    log = in_seconds(browse(world, CUT + HORIZON, 5))
    # Many visitors are identified after the cut who were there before it.
    late = np.where(np.arange(len(log.identified)) % 3 == 0, np.maximum(log.identified, CUT), log.identified)
    log = replace(log, identified=late)
    bare = side(world, log, CUT, HORIZON)
    return world, log, with_signals(bare, log, CUT, ALL, links_of_queries(world, log))


def rows_of_items(spark: SparkSession) -> DataFrame:
    ids = store()[2].catalogue.item_ids
    return spark.createDataFrame(pd.DataFrame({"item_id": ids, "item_row": np.arange(len(ids), dtype=np.int32)}))


def read(spark: SparkSession, night: Night) -> DateSignals:
    signals = read_signals(night, day(CUT), rows_of_items(spark), ALL, {CART: 0.3, NEGATIVE: -0.5})
    assert signals is not None
    return signals


def lists_of(spark: SparkSession, signals: DateSignals) -> Shoppers:
    """The shoppers of the side with the events that Spark lists."""
    lists = signals.lists()
    assert lists is not None
    ids = spark.createDataFrame([(str(user),) for user in store()[2].shoppers.user_ids], "user_id string")
    empty = {name: F.array().cast(kind) for name, kind in lists.dtypes if name != "user_id"}
    frame = ids.join(lists, on="user_id", how="left").withColumns({n: F.coalesce(n, e) for n, e in empty.items()})
    nothing = {
        "items": F.array().cast("array<int>"), "days": F.array().cast("array<float>"),
        "stores": F.array().cast("array<int>"), "factors": F.array().cast("array<float>"),
        "text": F.array().cast("array<float>"),
    }  # fmt: skip
    return shoppers_of(frame.withColumns(nothing).toArrow())


def numbers_of(spark: SparkSession, night: Night) -> dict[str, np.ndarray]:
    """Everything of the date as arrays; queries as texts, since their rows are numbered by what is known."""
    signals, arrays = read(spark, night), {}
    assert signals.searches is not None
    people = lists_of(spark, signals)
    for name in (VIEW, CART, FAVOURITE, NEGATIVE, SEARCH):
        lines = people.events[name]
        item = np.array(signals.searches.queries)[lines.item] if name == SEARCH else lines.item
        arrays |= {f"{name} start": lines.start, f"{name} item": item, f"{name} days": lines.days_ago}
    catalogue = store()[2].catalogue
    arrays |= signals.statistics(purchases(catalogue.codes["product_type"]), catalogue.eligible)
    sessions = signals.sessions()
    assert sessions is not None
    arrays |= {"session": sessions.user, "met": sessions.item, "met days": sessions.days_ago}
    return arrays


def purchases(product_type: np.ndarray) -> ItemSales:
    """The purchases of each item of the side."""
    world, log, _ = store()
    bought = log.events[PURCHASE]
    lines = np.bincount(bought.item[bought.time < CUT], minlength=world.items).astype(float)
    nothing = np.zeros(world.items)
    return ItemSales(lines, nothing, nothing, nothing, {}, product_type, nothing)


@pytest.fixture(scope="module")
def night(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Night:
    return night_of(spark, tmp_path_factory.mktemp("browsing"), tables_of(store()[1]), day(CUT))


def test_spark_reads_what_is_known_in_memory(spark: SparkSession, night: Night) -> None:
    _, log, now = store()
    signals = read(spark, night)
    assert signals.searches is not None
    people = lists_of(spark, signals)
    for name in (VIEW, CART, FAVOURITE, NEGATIVE):
        ours, theirs = people.events[name], now.shoppers.events[name]
        np.testing.assert_array_equal(ours.start, theirs.start)
        np.testing.assert_array_equal(ours.item, theirs.item)
        np.testing.assert_allclose(ours.days_ago, theirs.days_ago, atol=1e-4)
        assert len(ours.item) > 10
    ours, theirs = people.events[SEARCH], now.shoppers.events[SEARCH]
    np.testing.assert_array_equal(ours.start, theirs.start)
    words = [sorted(zip(e.days_ago.round(3), np.array(q)[e.item], strict=True))
             for e, q in ((ours, signals.searches.queries), (theirs, log.queries))]  # fmt: skip
    assert words[0] == words[1]

    catalogue = now.catalogue
    statistics = signals.statistics(purchases(catalogue.codes["product_type"]), catalogue.eligible)
    assert set(statistics) == {"view_popularity", "viewers", "regret_rate"}
    for name, row in statistics.items():
        np.testing.assert_allclose(row, catalogue.item_statistics[name], atol=1e-5)

    links = linked(signals)
    np.testing.assert_allclose(links.toarray(), catalogue.links["session_cosines"].toarray(), atol=1e-5)
    assert links.nnz > 50


def linked(signals: DateSignals) -> sparse.csr_matrix:
    """The links between the items of the sessions."""
    sessions = signals.sessions()
    assert sessions is not None
    return SESSION_COSINES.learn(LinkInputs(store()[2].catalogue, {"session": sessions}), LINKS)


def test_nothing_from_the_cut_on_is_known_at_it(spark: SparkSession, tmp_path: Path, night: Night) -> None:
    """Events, searches and identities of the day of the cut and later are in the store, and change nothing."""
    tables = tables_of(store()[1])
    early = {
        EVENTS: [row for row in tables[EVENTS] if row["event_date"] < day(CUT)],
        SEARCHES: [row for row in tables[SEARCHES] if row["search_date"] < day(CUT)],
        IDENTITIES: [row for row in tables[IDENTITIES] if row["valid_from"] < at(CUT)],
    }
    for table, rows in early.items():
        assert len(tables[table]) - len(rows) > 5, table.name
    before = numbers_of(spark, night_of(spark, tmp_path, {**early, USERS: tables[USERS]}, day(CUT)))
    for name, array in numbers_of(spark, night).items():
        np.testing.assert_array_equal(array, before[name], err_msg=name)


@pytest.mark.slow
def test_partitions_change_nothing(spark: SparkSession, night: Night) -> None:
    results = []
    for partitions in (1, 5):
        spark.conf.set("spark.sql.shuffle.partitions", str(partitions))
        try:
            results.append(numbers_of(spark, night))
        finally:
            spark.conf.set("spark.sql.shuffle.partitions", "2")
    for name, array in results[0].items():
        np.testing.assert_array_equal(array, results[1][name], err_msg=name)


@pytest.mark.slow
def test_a_shopper_without_consent_has_no_events_of_visitors(spark: SparkSession, tmp_path: Path) -> None:
    _, log, now = store()
    views = now.shoppers.events[VIEW]
    most = int(np.argmax(np.diff(views.start)))
    refusing = tables_of(log, [int(str(now.shoppers.user_ids[most])[1:])])
    # Views that name the shopper count, as purchases do.
    named = {
        **refusing[EVENTS][0], "event_id": "own", "user_id": str(now.shoppers.user_ids[most]), "event_type": "view",
        "visitor_id": None, "event_time": at(CUT - 1), "event_date": day(CUT - 1), "ingested_at": at(CUT - 1),
    }  # fmt: skip
    refusing[EVENTS].append(named)
    people = lists_of(spark, read(spark, night_of(spark, tmp_path, refusing, day(CUT))))
    lengths = np.diff(people.events[VIEW].start)
    assert lengths[most] == 1
    others = np.arange(len(lengths)) != most
    np.testing.assert_array_equal(lengths[others], np.diff(views.start)[others])


@pytest.mark.slow
def test_only_the_newest_events_of_a_shopper_are_kept(spark: SparkSession, night: Night) -> None:
    changes = ["signals.history_events=3", "signals.history_days=20", "signals.queries=2"]
    few = night_of(spark, Path(night.conf.warehouse), {}, day(CUT), changes)
    signals = read(spark, few)
    people, full = lists_of(spark, signals), store()[2].shoppers
    assert signals.searches is not None
    assert len(signals.searches.queries) == 2
    for name in (VIEW, CART):
        ours, theirs = people.events[name], full.events[name]
        for user in range(len(full)):
            own = slice(*theirs.start[user : user + 2])
            recent = theirs.days_ago[own] < 20.0
            np.testing.assert_array_equal(ours.item[slice(*ours.start[user : user + 2])], theirs.item[own][recent][:3])
    # Returns and low ratings count however old they are.
    assert len(people.events[NEGATIVE].item) == np.minimum(np.diff(full.events[NEGATIVE].start), 3).sum()


def test_the_interest_of_a_pair_is_that_of_the_weights(spark: SparkSession) -> None:
    counts = {PURCHASE: [1, 0, 0, 2, 1], VIEW: [0, 1, 100, 3, 0], CART: [0, 0, 2, 0, 0], NEGATIVE: [0, 0, 0, 1, 3]}
    weights = {VIEW: 0.1, CART: 0.5, NEGATIVE: -1.0}
    lines = [(pair, 0, name) for name, of_pairs in counts.items() for pair, n in enumerate(of_pairs) for _ in range(n)]
    frame = spark.createDataFrame(lines, "user_row int, item_row int, signal string")
    rows = event_ratings(frame, PURCHASE, weights).orderBy("user_row").collect()
    expected = EventWeights({**weights, PURCHASE: 1.0}).interest({n: np.array(c) for n, c in counts.items()})
    assert expected[4] == 0.0  # three returns leave nothing of a purchase, so ALS has no such pair
    assert [row["user_row"] for row in rows] == [0, 1, 2, 3]
    np.testing.assert_allclose([row["rating"] for row in rows], expected[:4], rtol=1e-6)


def test_the_queries_of_the_most_shoppers_are_compared(spark: SparkSession) -> None:
    searched = [("u1", " Red   SHOE"), ("u2", "red shoe "), ("u1", "hat"), ("u1", "hat"), ("u3", "  "), ("u3", "bag")]
    frame = spark.createDataFrame(searched, "user_id string, query string").select(
        "user_id", normalised_query().alias("query")
    )
    # One shopper each for bag and hat, however often; the alphabet decides.
    assert [row["query"] for row in frequent_queries(frame, 2).collect()] == ["red shoe", "bag"]


def test_a_first_stage_of_purchases_reads_no_events(spark: SparkSession, night: Night) -> None:
    assert read_signals(night, day(CUT), rows_of_items(spark), ("als", "popularity"), {}) is None
