"""link_items on a small shop: whose sessions count, which items have neighbours, and that none is named."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import yaml
from pyspark.sql import SparkSession

from features.contract import EVENTS, ITEM_NEIGHBOURS, RUNS, TEXT_EMBEDDINGS
from features.declarations import ITEM_FEATURES_TABLE
from jobs import link_items as step
from jobs.config.configuration import Config, load_config
from jobs.execution.manifest import run_step
from jobs.link_items import link_items
from jobs.runtime.errors import LongtailError
from jobs.tables.erasure import WITH_SHOPPERS
from jobs.tables.warehouse import Warehouse
from tests.jobs.small_tables import filled

NIGHT = date(2024, 3, 8)
ITEMS = {  # segment, whether eligible, kind of text
    "best": ("head", True, 0), "tall": ("tail", True, 0), "step": ("cold", True, 0), "lamp": ("tail", True, 1),
    "bulb": ("tail", True, 1), "gone": ("tail", False, 0), "old": ("tail", False, 1),
}  # fmt: skip


def event(number: int, who: str, item: str, kind: str = "view", minutes: float = 0.0, **more: Any) -> dict[str, Any]:
    """An event on the day before the night, or `days_ago` days before it."""
    at = datetime.combine(NIGHT, datetime.min.time(), UTC) - timedelta(days=more.pop("days_ago", 1), minutes=-minutes)
    return {
        "event_id": f"e{number}", "user_id": who, "item_id": item, "event_type": kind, "event_time": at,
        "event_date": at.date(), "ingested_at": at, "sample_weight": 1.0, **more,
    }  # fmt: skip


def events() -> list[dict[str, Any]]:
    rows = [
        event(100 * n + place, f"u{n}", item, kind, 5.0 * place)
        for n in range(20)
        for place, (item, kind) in enumerate((("best", "view"), ("gone", "view"), ("bulb", "cart")))
    ]
    rows += [event(3000 + n, f"u{n}", "lamp", minutes=300) for n in range(20)]  # hours later: another session
    rows += [
        event(4000 + 10 * n + place, f"u{n}", item, days_ago=50)
        for n in range(20)
        for place, item in enumerate(("best", "tall"))
    ]
    rows += [event(5000 + n, f"u{n}", item, "exposure") for n in range(20) for item in ("best", "tall")]
    guest = {"user_id": None, "visitor_id": "v1"}
    return [*rows, event(6000, "", "tall", **guest), event(6001, "", "lamp", minutes=3, **guest)]


@pytest.fixture(scope="module")
def folder(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("neighbours")
    tables = Warehouse(spark, str(folder / "warehouse"))
    items = [
        {"as_of": NIGHT, "item_id": name, "segment": segment, "is_eligible": eligible, "text_hash": name}
        for name, (segment, eligible, _) in ITEMS.items()
    ]
    items.append({"as_of": NIGHT, "item_id": "new", "segment": "cold", "is_eligible": True, "text_hash": "unread"})
    tables.replace(filled(spark, ITEM_FEATURES_TABLE, items), ITEM_FEATURES_TABLE, where=None)
    embedded = [
        {"text_hash": name, "encoder_version": "e", "embedding": np.eye(2)[kind].tolist()}
        for name, (_, _, kind) in ITEMS.items()
    ]
    tables.replace(filled(spark, TEXT_EMBEDDINGS, embedded), TEXT_EMBEDDINGS, where=None)
    tables.replace(filled(spark, EVENTS, events()), EVENTS, where=None)
    return folder


@pytest.fixture(autouse=True)
def champion(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    champion = SimpleNamespace(encoder_version="e")
    monkeypatch.setattr(step, "serving_champion", lambda _: champion)
    return champion


def conf_in(folder: Path, **keys: Any) -> Config:
    path = folder / f"{len(list(folder.glob('*.yaml')))}.yaml"
    own = {"of_item": 3, "days": 28} | keys
    text = {"warehouse": str(folder / "warehouse"), "source": {"kind": "complete_journey"}, "neighbours": own}
    path.write_text(yaml.safe_dump(text), encoding="utf-8")
    return load_config(path)


def test_it_is_off_by_default(spark: SparkSession, tmp_path: Path) -> None:
    run_step(link_items, spark, conf_in(tmp_path, of_item=0), NIGHT, "run")
    tables = Warehouse(spark, str(tmp_path / "warehouse"))
    assert not tables.exists(ITEM_NEIGHBOURS)
    assert [row["status"] for row in tables.read(RUNS).collect()] == ["skipped"]


def test_items_of_one_session_are_neighbours(spark: SparkSession, folder: Path) -> None:
    night, _ = run_step(link_items, spark, conf_in(folder), NIGHT, "run")
    frame = Warehouse(spark, night.conf.warehouse).read(ITEM_NEIGHBOURS)
    rows = {row["item_id"]: row for row in frame.collect()}
    # `gone` is not sold any more but still viewed, `old` is neither, `new` has no vector.
    assert set(rows) == {"best", "tall", "step", "lamp", "bulb", "gone"}
    assert rows["best"]["neighbour_ids"][0] == rows["gone"]["neighbour_ids"][0] == "bulb"
    listed = {"tall", "step", "lamp", "bulb"}  # eligible, and of plan.segments
    for item, row in rows.items():
        assert set(row["neighbour_ids"]) <= listed - {item}
        assert row["lifts"] == sorted(row["lifts"], reverse=True)
        assert len(row["lifts"]) == len(set(row["neighbour_ids"])) == 3
    # The 20 shoppers' sessions; the view of the lamp is one of its own, that of the guest holds it with `tall`.
    assert {item: row["sessions"] for item, row in rows.items()} == {
        "best": 20, "gone": 20, "bulb": 20, "tall": 1, "lamp": 1, "step": 0,
    }  # fmt: skip
    assert night.record.rows == {"items": 6, "sessions": 41, "without_sessions": 1}


def test_a_sample_of_visitors_counts(spark: SparkSession, folder: Path) -> None:
    night, _ = run_step(link_items, spark, conf_in(folder, visitors=5), NIGHT, "run")
    assert night.record.rows["sessions"] <= 10


def test_items_without_vectors_are_an_error_that_says_what_to_do(
    spark: SparkSession, folder: Path, champion: SimpleNamespace
) -> None:
    champion.encoder_version = "another"
    with pytest.raises(LongtailError, match=r"embeddings of items are by e, not by another"):
        run_step(link_items, spark, conf_in(folder), NIGHT, "run")


def test_the_table_names_no_shopper() -> None:
    assert ITEM_NEIGHBOURS not in WITH_SHOPPERS
