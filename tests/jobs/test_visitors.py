"""Nights of a shop most of whose visitors have no account, from files to features."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession

from features.contract import (
    DAILY_ITEM,
    DAILY_PAIR,
    DAILY_VISITOR,
    EVENTS,
    IDENTITIES,
    REJECTED,
    SEARCHES,
    USER_HISTORY,
)
from features.contract.table import Table
from jobs import build_features as build_job
from jobs.build_features import build_features
from jobs.config.configuration import load_config
from jobs.execution.manifest import run_step
from jobs.execution.night import Night
from jobs.forget import forget
from jobs.ingest import ingest
from jobs.tables.warehouse import Warehouse

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("no_training")]  # many Delta writes

CONF = """
warehouse: {folder}/warehouse
source:
  kind: files
  max_rejected_share: 0.5
  volume: {{weeks: 4, least: 0.0, most: 1000.0}}
  files:
    inputs:
      lines: {{path: "{folder}/lines/*.csv", format: csv}}
      products: {{path: "{folder}/products.csv", format: csv}}
      people: {{path: "{folder}/people.csv", format: csv}}
      cards: {{path: "{folder}/cards.csv", format: csv}}
    items:
      - {{input: products, columns: {{item_id: code, title: name, updated_at: at}}}}
    users:
      - {{input: people, columns: {{user_id: who, consent_personalisation: agrees, updated_at: at}}}}
    events:
      - input: lines
        columns:
          {{event_id: id, user_id: who, visitor_id: visitor, item_id: code, event_type: kind, event_time: at,
            query: query}}
    identities:
      - {{input: cards, columns: {{user_id: who, visitor_id: card, valid_from: at}}}}
quality: {{bars: {{{bars}}}}}
"""
DELIVERED = {
    3: [
        "e1,u1,,a,purchase,2024-03-01 10:00:00,",
        "e2,,v1,b,view,2024-03-02 10:00:00,",
        "e3,,v2,b,view,2024-03-02 11:00:00,",
        "e4,,v3,a,view,2024-03-02 12:00:00,",
        "s1,,v1,,search,2024-03-02 09:00:00,owl",
        "bad,,,a,view,2024-03-02 12:00:00,",
    ],
    # u1 logs in on v1, and u2, without consent to personalisation, on v2; v3 stays unknown.
    4: [
        "l1,u1,v1,,login,2024-03-03 09:00:00,",
        "e5,,v1,c,favourite,2024-03-03 20:00:00,",
        "e6,u2,v2,a,click,2024-03-03 10:00:00,",
    ],
    5: ["e7,u1,,c,purchase,2024-03-04 10:00:00,"],
}


@pytest.fixture
def no_training(monkeypatch: pytest.MonkeyPatch) -> None:
    """A night builds its own date alone, without the cuts of a training."""
    monkeypatch.setattr(build_job, "training_is_due", lambda *_: False)


class Store:
    """A shop's files and its nights."""

    def __init__(self, spark: SparkSession, folder: Path) -> None:
        self.spark, self.folder = spark, folder
        (folder / "lines").mkdir(parents=True)
        products = [f"{code},{name},2024-01-01 00:00:00" for code, name in (("a", "Mug"), ("b", "Owl"), ("c", "Whale"))]
        self._write("products.csv", "code,name,at", products)
        people = [
            f"{user},{agrees},2024-01-01 00:00:00" for user, agrees in (("u1", True), ("u2", False), ("u3", True))
        ]
        self._write("people.csv", "who,agrees,at", people)
        # A card of the shop: its visits before it was registered are not in the files.
        self._write("cards.csv", "who,card,at", ["u3,card-3,2024-03-04 08:00:00"])
        conf = folder / "conf.yaml"
        conf.write_text(CONF.format(folder=folder, bars=""), encoding="utf-8")
        bars = ", ".join(f"{bar}: {{action: warn}}" for bar in load_config(conf).quality.bars)
        conf.write_text(CONF.format(folder=folder, bars=bars), encoding="utf-8")
        self.conf = load_config(conf)

    def _write(self, name: str, head: str, rows: list[str]) -> None:
        (self.folder / name).write_text("\n".join([head, *rows]) + "\n", encoding="utf-8")

    def deliver(self, day: int, rows: list[str]) -> None:
        self._write(f"lines/{day}.csv", "id,who,visitor,code,kind,at,query", rows)

    def ingest(self, day: int) -> Night:
        return run_step(ingest, self.spark, self.conf, date(2024, 3, day), f"i{day}")[0]

    def build(self, day: int) -> Night:
        return run_step(build_features, self.spark, self.conf, date(2024, 3, day), f"b{day}")[0]

    def rows(self, table: Table) -> list[dict[str, Any]]:
        stored = Warehouse(self.spark, self.conf.warehouse).read(table).collect()
        return sorted((row.asDict() for row in stored), key=str)

    def history(self, day: int, user: str) -> list[tuple[str, str]]:
        [row] = [
            row for row in self.rows(USER_HISTORY) if row["as_of"] == date(2024, 3, day) and row["user_id"] == user
        ]
        return list(zip(row["item_ids"], row["event_types"], strict=True))

    def views(self) -> dict[tuple[int, str], float]:
        """Views by day and item."""
        return {(row["day"].day, row["item_id"]): row["views_weight"] for row in self.rows(DAILY_ITEM)
                if row["views_weight"]}  # fmt: skip


def test_a_view_counts_for_its_item_at_once_and_for_the_shopper_after_the_log_in(
    spark: SparkSession, tmp_path: Path
) -> None:
    store, kept = Store(spark, tmp_path / "nights"), (DAILY_ITEM, DAILY_PAIR, DAILY_VISITOR, USER_HISTORY)
    store.deliver(3, DELIVERED[3])
    first = store.ingest(3)
    assert (first.record.rows["events_in"], first.record.rows["events_accepted"]) == (5, 4)
    assert (first.record.rows["searches_in"], first.record.rows["searches_accepted"]) == (1, 1)
    assert [(row["row_id"], row["reason"]) for row in store.rows(REJECTED)] == [("bad", "user_id_missing")]
    [search] = store.rows(SEARCHES)
    assert (search["search_id"], search["visitor_id"], search["query"], search["user_id"]) == ("s1", "v1", "owl", None)
    store.build(3)
    assert store.views() == {(2, "a"): 1.0, (2, "b"): 2.0}
    assert store.history(3, "u1") == [("a", "purchase")]

    store.deliver(4, DELIVERED[4])
    store.ingest(4)
    named = [(row["visitor_id"], row["user_id"], row["valid_from"].day) for row in store.rows(IDENTITIES)]
    assert named == [("v1", "u1", 3), ("v2", "u2", 3)]  # card-3 was registered on the day of the next night
    store.build(4)
    assert store.views() == {(2, "a"): 1.0, (2, "b"): 2.0}  # once, on the day of the view
    assert store.history(3, "u1") == [("a", "purchase")]
    assert store.history(4, "u1") == [("c", "favourite"), ("b", "view"), ("a", "purchase")]
    assert store.history(4, "u2") == [("a", "click")]  # without consent only what names the shopper
    joined = [(row["day"].day, row["user_id"], row["item_id"]) for row in store.rows(DAILY_PAIR) if row["joined"]]
    assert sorted(joined) == [(3, "u1", "b"), (3, "u1", "c")]

    store.deliver(5, DELIVERED[5])
    store.ingest(5)
    assert store.build(5).record.decisions["history_since"] == "2024-03-04"
    assert store.history(5, "u1")[:2] == [("c", "purchase"), ("c", "favourite")]
    # A night from scratch leaves the same.
    again = Store(spark, tmp_path / "scratch")
    for day, rows in DELIVERED.items():
        again.deliver(day, rows)
    again.ingest(5)
    again.build(5)
    for table in kept:
        tonight = [[row for row in shop.rows(table) if row.get("as_of") in (None, date(2024, 3, 5))]
                   for shop in (store, again)]  # fmt: skip
        assert tonight[0] == tonight[1], table.name

    forget(spark, store.conf, "f", "u1")
    left = {(row["event_id"], row["user_id"], row["visitor_id"]) for row in store.rows(EVENTS)}
    assert left == {("e3", None, "v2"), ("e4", None, "v3"), ("e6", "u2", "v2")}
    assert {row["visitor_id"] for row in store.rows(DAILY_VISITOR)} == {"v2", "v3"}
    assert store.rows(SEARCHES) == []
    assert {row["user_id"] for row in store.rows(IDENTITIES)} == {"u2", "u3"}
    # Delivered again, nothing of it comes back.
    store.deliver(6, [*DELIVERED[3], *DELIVERED[4], "e8,u3,card-3,a,click,2024-03-05 10:00:00,"])
    for day in DELIVERED:
        (store.folder / f"lines/{day}.csv").unlink()
    store.ingest(6)
    assert {row["event_id"] for row in store.rows(EVENTS)} == {"e3", "e4", "e6", "e8"}
    assert store.rows(SEARCHES) == []
    assert {row["user_id"] for row in store.rows(IDENTITIES)} == {"u2", "u3"}


def test_what_had_joined_leaves_with_the_consent(spark: SparkSession, tmp_path: Path) -> None:
    store = Store(spark, tmp_path / "nights")
    # u1 sends back what v1 bought before the log-in.
    bought = ["b1,,v1,b,purchase,2024-03-02 10:30:00,", "r1,u1,,b,return,2024-03-03 12:00:00,"]
    store.deliver(4, [*DELIVERED[3], *DELIVERED[4], *bought])
    store.ingest(4)
    assert {row["row_id"] for row in store.rows(REJECTED)} == {"bad"}
    store.build(4)
    assert [row["item_id"] for row in store.rows(DAILY_PAIR) if row["joined"]] == ["b", "c"]
    assert store.history(4, "u1")[0] == ("c", "favourite")
    store._write("people.csv", "who,agrees,at", ["u1,False,2024-03-04 00:00:00", "u2,False,2024-01-01 00:00:00"])
    store.deliver(5, DELIVERED[5])
    store.ingest(5)
    store.build(5)
    assert not [row for row in store.rows(DAILY_PAIR) if row["joined"]]
    assert sorted(store.history(5, "u1")) == [("a", "purchase"), ("b", "return"), ("c", "purchase")]
