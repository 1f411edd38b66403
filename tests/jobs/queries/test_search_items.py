"""search_items on a small shop: which queries count, what they find, and from whom their order is learnt."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml
from pyspark.sql import SparkSession

from features.contract import (
    EVENTS,
    IDENTITIES,
    QUERY_ITEMS,
    QUERY_REPORT,
    RUNS,
    SEARCHES,
    TEXT_EMBEDDINGS,
    TEXT_KEYWORDS,
)
from features.declarations import ITEM_FEATURES_TABLE
from jobs import search_items as step
from jobs.config.configuration import Config, load_config
from jobs.execution.manifest import run_step
from jobs.execution.night import Night, Record
from jobs.queries.answers import CHOSEN, graded_answers
from jobs.queries.asked import searches_of
from jobs.queries.items import searched_text
from jobs.queries.saved import saved_order
from jobs.search_items import search_items
from jobs.tables.erasure import WITH_SHOPPERS
from jobs.tables.warehouse import Warehouse
from model.search.choice import Choice
from model.search.fusion import FusionSettings
from model.search.graded_pairs import GradedPairs
from model.search.index import SearchIndex
from model.search.search import SearchSettings, fit_search
from tests.jobs.small_tables import filled

NIGHT = date(2024, 3, 8)
TITLES = {
    "best": ("Step ladder 6 ft", "head", True), "tall": ("Extension ladder 20 ft", "tail", True),
    "lamp": ("Desk lamp", "head", True), "gone": ("Garden gnome", "tail", False), "mug": ("Mug", "cold", True),
}  # fmt: skip


def vectors(texts: list[str]) -> np.ndarray:
    """Unit vectors by what a text names; any two are a little alike."""
    rows = np.array([[0.5, *(word in text.lower() for word in ("ladder", "lamp", "gnome", "mug"))] for text in texts])
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def search(number: int, who: str | None, query: str, **columns: Any) -> dict[str, Any]:
    """A search on the day before the night, or `days_ago` days before it."""
    at = datetime.combine(NIGHT, datetime.min.time(), UTC) - timedelta(days=columns.pop("days_ago", 1))
    return {
        "search_id": f"s{number}", "user_id": who, "query": query, "search_time": at, "search_date": at.date(),
        "ingested_at": at, **columns,
    }  # fmt: skip


def searches() -> list[dict[str, Any]]:
    rows = [search(i, f"u{i}", ("Ladders", "ladder", " LADDER ")[i % 3], results_count=2) for i in range(6)]
    rows += [search(10 + i, f"u{i}", "garden gnome", results_count=0) for i in range(3)]
    rows += [search(20 + i, None, "lamp", visitor_id=f"v{i}") for i in range(3)]
    # One shopper with three devices, whom the store identified, is one.
    rows += [search(30 + i, None, "my name", visitor_id=f"own{i}") for i in range(3)]
    rows += [search(40 + i, "u1", "secret") for i in range(9)]
    rows += [search(50 + i, f"u{i}", "old", days_ago=100) for i in range(6)]
    return rows


@pytest.fixture(scope="module")
def folder(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("queries")
    tables = Warehouse(spark, str(folder / "warehouse"))
    items = [
        {"as_of": NIGHT, "item_id": name, "title": title, "brand": "", "segment": segment, "is_eligible": eligible,
         "text_hash": name}
        for name, (title, segment, eligible) in TITLES.items()
    ]  # fmt: skip
    tables.replace(filled(spark, ITEM_FEATURES_TABLE, items), ITEM_FEATURES_TABLE, where=None)
    embedded = [
        {"text_hash": name, "encoder_version": "e", "embedding": vector.tolist()}
        for name, vector in zip(TITLES, vectors([title for title, _, _ in TITLES.values()]), strict=True)
    ]
    tables.replace(filled(spark, TEXT_EMBEDDINGS, embedded), TEXT_EMBEDDINGS, where=None)
    tables.replace(filled(spark, SEARCHES, searches()), SEARCHES, where=None)
    tables.replace(filled(spark, EVENTS, []), EVENTS, where=None)
    known = [
        {"visitor_id": f"own{i}", "user_id": "u9", "valid_from": datetime(2024, 1, 1, tzinfo=UTC)} for i in range(3)
    ]
    tables.replace(filled(spark, IDENTITIES, known), IDENTITIES, where=None)
    return folder


def conf_in(folder: Path, **keys: Any) -> Config:
    path = folder / f"{len(list(folder.glob('*.yaml')))}.yaml"
    own = {"queries": 10, "least_shoppers": 3} | keys.pop("search", {})
    text = {"warehouse": str(folder / "warehouse"), "source": {"kind": "complete_journey"}, "search": own, **keys}
    path.write_text(yaml.safe_dump(text), encoding="utf-8")
    return load_config(path)


@pytest.fixture(autouse=True)
def no_encoder(monkeypatch: pytest.MonkeyPatch) -> None:
    champion = SimpleNamespace(encoder_version="e")
    monkeypatch.setattr(step, "serving_champion", lambda _: champion)
    monkeypatch.setattr(step, "query_vectors", lambda _, __, queries: vectors(queries))


def run(spark: SparkSession, conf: Config) -> tuple[Night, dict[str, pd.DataFrame]]:
    night, _ = run_step(search_items, spark, conf, NIGHT, "run")
    tables = Warehouse(spark, conf.warehouse)
    return night, {table.name: tables.read(table).toPandas() for table in (QUERY_ITEMS, QUERY_REPORT)}


def test_it_is_off_by_default(spark: SparkSession, tmp_path: Path) -> None:
    conf = conf_in(tmp_path, search={"queries": 0})
    run_step(search_items, spark, conf, NIGHT, "run")
    tables = Warehouse(spark, conf.warehouse)
    assert not tables.exists(QUERY_ITEMS)
    assert [row["status"] for row in tables.read(RUNS).collect()] == ["skipped"]


def test_queries_of_many_shoppers_find_items_and_others_are_not_kept(spark: SparkSession, folder: Path) -> None:
    night, tables = run(spark, conf_in(folder))
    report = tables["query_report"].set_index("query")
    assert set(report.index) == {"ladder", "garden gnome", "lamp"}
    assert report.loc["ladder", ["source", "segment", "shoppers", "searches"]].tolist() == ["searches", "head", 6, 6]
    assert report["without_result"].to_dict() == {"ladder": 0, "garden gnome": 3, "lamp": 0}
    assert report["finding"].to_dict() == {"ladder": "found", "garden gnome": "not_sold", "lamp": "found"}
    assert report.loc["garden gnome", "missing"].tolist() == ["garden", "gnome"]
    rows = tables["query_items"].set_index(["query", "rank"]).sort_index()
    assert set(rows.loc["ladder"]["item_id"].head(2)) == {"best", "tall"}
    assert rows.loc[("lamp", 1), "item_id"] == "lamp"
    assert "gone" not in set(rows["item_id"])
    assert rows.groupby("item_id")["is_tail"].first().to_dict() == {
        "best": False,
        "lamp": False,
        "mug": True,
        "tall": True,
    }
    assert night.record.rows["queries"] == 3
    assert "queries have answers" in night.record.decisions["order"]


def test_the_head_alone_is_reported(spark: SparkSession, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(step, "query_vectors", lambda _, __, queries: np.zeros((len(queries), 5), dtype=np.float32))
    _, tables = run(spark, conf_in(folder))
    assert tables["query_report"].set_index("query").loc["lamp", "finding"] == "head_only"
    assert tables["query_report"].set_index("query").loc["garden gnome", "finding"] == "nothing"


def test_a_larger_bar_leaves_keywords_or_nothing(spark: SparkSession, folder: Path) -> None:
    few = {"search": {"least_shoppers": 100}}
    night, tables = run(spark, conf_in(folder, **few))
    assert night.record.rows == {"queries": 0}
    assert tables["query_items"].empty
    rows = [{"text_hash": "best", "keywords": ["Step Ladders"], "weights": [1.0]}]
    stored = Warehouse(spark, night.conf.warehouse)
    stored.replace(filled(spark, TEXT_KEYWORDS, rows), TEXT_KEYWORDS, where=None)
    _, tables = run(spark, conf_in(folder, **few, catalogue={"enrich": True}))
    [row] = tables["query_report"].to_dict("records")
    assert (row["query"], row["source"], row["shoppers"], row["finding"]) == ("step ladder", "keywords", 0, "found")


def test_items_that_a_search_led_to_are_better_than_those_it_showed(spark: SparkSession, tmp_path: Path) -> None:
    conf = conf_in(tmp_path)
    night = Night(conf, NIGHT, "run", spark, Warehouse(spark, conf.warehouse), Record())
    shown = {"results": ["best", "tall", "mug", "unknown"]}
    led = [
        search(0, "u1", "ladder", event_id="bought", **shown), search(1, "u2", "ladder", event_id="clicked", **shown),
        search(2, "u3", "ladder", event_id="seen", **shown),
    ]  # fmt: skip
    events = [
        {"event_id": name, "user_id": "u1", "item_id": item, "event_type": kind, "sample_weight": 1.0}
        for name, item, kind in (
            ("bought", "tall", "purchase"),
            ("clicked", "best", "click"),
            ("seen", "mug", "exposure"),
        )
    ]
    at = datetime.combine(NIGHT, datetime.min.time(), UTC) - timedelta(days=2)
    named = {"event_id": "x", "user_id": "u4", "item_id": "lamp", "event_type": "search", "query": "Ladders"}
    events.append(named | {"event_time": at, "event_date": at.date(), "ingested_at": at, "sample_weight": 1.0})
    night.tables.replace(filled(spark, SEARCHES, led), SEARCHES, where=None)
    night.tables.replace(filled(spark, EVENTS, events), EVENTS, where=None)
    ids = np.array(sorted(TITLES))
    pairs = graded_answers(night, searches_of(night), ["ladder"], vectors(["ladder"]), ids)
    assert dict(zip(ids[pairs.row], pairs.grade, strict=True)) == {"best": 2.0, "lamp": 2.0, "mug": 1.0, "tall": 3.0}


def test_a_learnt_order_is_saved_and_removed_where_the_sum_serves(
    spark: SparkSession, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = FusionSettings(rounds=2, leaves=2, leaf_rows=1)

    def learnt(index: SearchIndex, *_: object) -> Choice:
        queries = ["ladder", "lamp"]
        grades = np.array([3.0, 1.0, 1.0, 1.0, 3.0, 1.0])
        pairs = GradedPairs(queries, vectors(queries), np.repeat([0, 1], 3), np.array([0, 1, 2] * 2), grades)
        settings = SearchSettings(good=CHOSEN, grades=few, answers=few)
        return Choice(fit_search(index, pairs, settings), "learnt from what shoppers chose")

    with monkeypatch.context() as patch:
        patch.setattr(step, "choose_search", learnt)
        night, _ = run(spark, conf_in(folder))
    saved = saved_order(night.files, NIGHT)
    assert saved is not None
    assert (saved.encoder_version, saved.most) == ("e", SearchSettings.most)
    run(spark, conf_in(folder))
    assert saved_order(night.files, NIGHT) is None


def test_no_table_of_queries_names_a_shopper() -> None:
    assert not {QUERY_ITEMS, QUERY_REPORT} & set(WITH_SHOPPERS)


def test_queries_are_compared_with_the_brand_where_the_title_lacks_it() -> None:
    assert searched_text("Step ladder", "Acme") == "Acme Step ladder"
    assert searched_text("ACME step ladder", "Acme") == "ACME step ladder"
    assert searched_text("Mug", "") == searched_text("Mug", None) == "Mug"
    assert searched_text(None, None) == ""
