"""Nights on files that are added, changed and deleted, into real Delta tables."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession

from features.contract import EVENTS, ITEMS, PARKED, PROMOTIONS, REJECTED, USERS
from features.contract.table import Table
from jobs import ingest as ingest_job
from jobs.config.configuration import Config, load_config
from jobs.execution.manifest import run_step
from jobs.execution.night import Night
from jobs.ingest import ingest
from jobs.runtime.errors import Refused
from jobs.tables.warehouse import Warehouse

pytestmark = pytest.mark.slow  # many Delta writes; tests/jobs/sources/test_files.py has the rules

CONF = """
warehouse: {folder}/warehouse
source:
  kind: files
  max_rejected_share: 0.5
  volume: {{weeks: 4, least: 0.0, most: 1000.0}}
  files:
    {more}
    inputs:
      lines: {{path: "{folder}/lines/*.csv", format: csv, when_gone: {when_gone}}}
      products: {{path: "{folder}/products", format: parquet}}
    items:
      - input: products
        columns: {{item_id: code, title: name, updated_at: at}}
    users:
      - input: lines
        columns: {{user_id: who, consent_personalisation: {{constant: true}}, updated_at: at}}
    events:
      - input: lines
        columns: {{event_id: id, user_id: who, item_id: code, event_type: kind, event_time: at, quantity: units}}
"""
# Each line is a promotion as well: of its item in the shopper's shop, from its day on.
PROMOTED = "promotions: [{input: lines, columns: {item_id: code, store_id: who, placement: kind, valid_from: at}}]"
FIRST = ["e1,u1,a,purchase,2024-03-01 10:00:00,1", "e2,u2,a,purchase,2024-03-02 10:00:00,1"]


class Shop:
    """Files of a shop and the nights on them."""

    def __init__(self, spark: SparkSession, folder: Path, when_gone: str = "keep", more: str = "") -> None:
        self.spark, self.folder = spark, folder
        (folder / "lines").mkdir(parents=True)
        path = folder / "conf.yaml"
        path.write_text(CONF.format(folder=folder, when_gone=when_gone, more=more), encoding="utf-8")
        self.conf: Config = load_config(path)
        self.products("2024-01", [("a", "Mug", "2024-01-01 00:00:00"), ("b", "Owl", "2024-01-01 00:00:00")])
        self.lines("1", FIRST)

    def lines(self, name: str, rows: list[str]) -> None:
        text = "\n".join(["id,who,code,kind,at,units", *rows]) + "\n"
        (self.folder / f"lines/{name}.csv").write_text(text, encoding="utf-8")

    def products(self, name: str, rows: list[tuple[str, str, str]], code: str = "string") -> None:
        frame = self.spark.createDataFrame(rows, "code string, name string, at string")
        frame = frame.selectExpr(f"cast(code as {code}) code", "name", "cast(at as timestamp) at")
        frame.coalesce(1).write.mode("overwrite").parquet(str(self.folder / "products" / name))

    def night(self, day: int, run_id: str = "") -> Night:
        return run_step(ingest, self.spark, self.conf, date(2024, 3, day), run_id or f"r{day}")[0]

    def rows(self, table: Table) -> list[dict[str, Any]]:
        stored = Warehouse(self.spark, self.conf.warehouse).read(table).drop("run_id").collect()
        return sorted((row.asDict() for row in stored), key=str)

    def all(self) -> dict[str, list[dict[str, Any]]]:
        return {table.name: self.rows(table) for table in (ITEMS, USERS, EVENTS, PROMOTIONS, PARKED, REJECTED)}

    def events(self) -> list[tuple[str, int]]:
        return sorted((row["event_id"], row["quantity"]) for row in self.rows(EVENTS))


def test_a_night_reads_new_rows_and_late_events_correct_their_day(spark: SparkSession, tmp_path: Path) -> None:
    shop = Shop(spark, tmp_path)
    shop.night(3)
    assert shop.events() == [("e1", 1), ("e2", 1)]
    # e0 is late, e1 repeated, e2 corrected; e4 is of an unknown item.
    again = [FIRST[0], "e2,u2,a,purchase,2024-03-02 10:00:00,5"]
    shop.lines("2", ["e0,u3,b,purchase,2024-03-01 09:00:00,1", *again, "e3,u1,b,purchase,2024-03-03 08:00:00,1",
                     "e4,u1,c,purchase,2024-03-03 09:00:00,1"])  # fmt: skip
    second = shop.night(4)
    rows = second.record.rows
    assert (rows["events_in"], rows["events_accepted"], rows["events_duplicates"], rows["events_parked"]) == (
        5,
        3,
        1,
        1,
    )
    assert second.record.decisions["changed_days"] == '["2024-03-01", "2024-03-02", "2024-03-03"]'
    assert shop.events() == [("e0", 1), ("e1", 1), ("e2", 5), ("e3", 1)]
    state = shop.all()
    shop.night(4, "again")
    assert shop.all() == state
    # The item arrives, and its event is accepted; b has a new name.
    shop.products("2024-03", [("c", "Whale", "2024-03-04 00:00:00"), ("b", "Big Owl", "2024-03-04 00:00:00")])
    shop.lines("3", ["e5,u1,a,purchase,2024-03-04 08:00:00,1", "r1,u1,b,return,2024-03-04 09:00:00,1",
                     "r2,u2,c,return,2024-03-04 09:00:00,1"])  # fmt: skip
    third = shop.night(5)
    # e4 was parked and counts as incoming; u2 never bought c.
    assert (third.record.rows["events_in"], third.record.rows["events_accepted"]) == (4, 3)
    assert [(row["row_id"], row["reason"]) for row in shop.rows(REJECTED)] == [("r2", "return_without_purchase")]
    assert {event for event, _ in shop.events()} == {"e0", "e1", "e2", "e3", "e4", "e5", "r1"}
    assert [row["title"] for row in shop.rows(ITEMS) if row["item_id"] == "b" and row["valid_to"] is None] == [
        "Big Owl"
    ]
    assert len([row for row in shop.rows(ITEMS) if row["item_id"] == "b"]) == 2
    assert not [row for row in shop.rows(PARKED) if row["as_of"] == date(2024, 3, 5)]


@pytest.mark.parametrize(("when_gone", "left"), [("keep", ["e1", "e2", "e3", "e9"]), ("delete", ["e1", "e3", "e9"])])
def test_a_changed_file_replaces_its_events_and_a_gone_one_as_configured(
    spark: SparkSession, tmp_path: Path, when_gone: str, left: list[str]
) -> None:
    shop = Shop(spark, tmp_path, when_gone, PROMOTED)
    shop.lines("1", FIRST[:1])
    shop.lines("0", FIRST[1:])
    shop.lines("2", ["e3,u1,b,purchase,2024-03-02 08:00:00,1", "e4,u2,b,purchase,2024-03-02 09:00:00,1"])
    shop.night(3)
    shop.lines(
        "2", ["e3,u1,b,purchase,2024-03-02 08:00:00,7", "e9,u1,b,purchase,2024-03-03 09:00:00,1"]
    )  # e4 is deleted
    (tmp_path / "lines/0.csv").unlink()
    shop.night(4)
    assert [event for event, _ in shop.events()] == left
    assert dict(shop.events())["e3"] == 7
    promoted = [(row["item_id"], row["store_id"], row["valid_from"].day) for row in shop.rows(PROMOTIONS)]
    of_gone = [("a", "u2", 2)] if when_gone == "keep" else []
    assert sorted(promoted) == sorted([("a", "u1", 1), *of_gone, ("b", "u1", 2), ("b", "u1", 3)])


def test_a_parked_event_is_corrected_and_deleted_like_any_other(spark: SparkSession, tmp_path: Path) -> None:
    def bought(event: str, item: str, time: str, units: int) -> str:
        return f"{event},u1,{item},purchase,2024-03-0{time},{units}"

    shop = Shop(spark, tmp_path)
    never = bought("e8", "zz", "3 09:00:00", 1)
    shop.lines("2", [bought("e3", "a", "3 08:00:00", 1), bought("e4", "c", "3 09:00:00", 1),
                     bought("e5", "c", "3 09:00:00", 1), never])  # fmt: skip
    shop.lines("3", [bought("e6", "c", "3 09:00:00", 1), bought("e7", "c", "3 09:00:00.123456", 1)])
    assert shop.night(4).record.rows["events_parked"] == 5
    # The item arrives. e4 is corrected and e5 deleted in their file, e6 is corrected in another one; e7 is unchanged.
    shop.products("2024-03", [("c", "Whale", "2024-03-04 00:00:00")])
    shop.lines("2", [bought("e3", "a", "3 08:00:00", 1), bought("e4", "c", "3 09:00:00", 3), never])
    shop.lines("4", [bought("e6", "c", "3 09:00:00", 9), bought("e9", "a", "4 09:00:00", 1)])
    shop.night(5)
    expected = [("e1", 1), ("e2", 1), ("e3", 1), ("e4", 3), ("e6", 9), ("e7", 1), ("e9", 1)]
    assert shop.events() == expected
    assert [row["event_time"].microsecond for row in shop.rows(EVENTS) if row["event_id"] == "e7"] == [123456]
    assert shop.rows(REJECTED) == []
    [waiting] = [row for row in shop.rows(PARKED) if row["as_of"] == date(2024, 3, 5)]
    assert (waiting["row_id"], waiting["parked_since"]) == ("e8", date(2024, 3, 4))
    # e4 and e8 are deleted; rows that an earlier night had parked do not return later.
    shop.lines("2", [bought("e3", "a", "3 08:00:00", 1)])
    shop.lines("5", [bought("e10", "a", "5 09:00:00", 1)])
    shop.night(6)
    shop.lines("6", [bought("e11", "a", "6 09:00:00", 1)])
    assert shop.night(7).record.rows["events_in"] == 1
    assert shop.events() == sorted([*(event for event in expected if event[0] != "e4"), ("e10", 1), ("e11", 1)])
    assert max(row["as_of"] for row in shop.rows(PARKED)) == date(2024, 3, 5)


def test_an_interrupted_and_repeated_night_leaves_the_tables_of_an_undisturbed_one(
    spark: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    more = ["e3,u1,b,purchase,2024-03-03 08:00:00,1", "e4,u9,zz,purchase,2024-03-03 09:00:00,1", "e1,u1,a,sold,x,1"]
    tables = []
    for name, deaths in (
        ("undisturbed", ()),
        ("broken", ("write_items", "write_events", "write_refused", "write_parts")),
    ):
        shop = Shop(spark, tmp_path / name)
        shop.night(3)
        shop.lines("2", more)
        for dies_at in deaths:  # parallel writes may be done or not
            with monkeypatch.context() as patch:
                patch.setattr(ingest_job, dies_at, _die)
                with pytest.raises(KeyboardInterrupt):
                    shop.night(4, f"dies at {dies_at}")
        shop.night(4)
        # The path of a file is in the payload of its bad rows, and in the hash that identifies those without a key.
        tables.append(re.sub("[0-9a-f]{64}", "hash", str(shop.all()).replace(f"/{name}/", "/")))
    assert tables[0] == tables[1]


def _die(*_: object) -> None:
    raise KeyboardInterrupt


def test_a_broken_source_stops_before_anything_is_written(spark: SparkSession, tmp_path: Path) -> None:
    shop = Shop(spark, tmp_path)
    shop.night(3)
    before = shop.all()
    shop.lines("2", ["e3,u1,b,purchase,2024-03-03 08:00:00,1"])
    shop.products("2024-02", [("7", "Seven", "2024-02-01 00:00:00")], code="bigint")
    with pytest.raises(Refused, match=r"products.code was string and is bigint"):
        shop.night(4)
    assert shop.all() == before
    shop.products("2024-02", [("7", "Seven", "2024-02-01 00:00:00")])
    (tmp_path / "lines/2.csv").write_text(
        "id,who,code,kind,at\ne3,u1,b,purchase,2024-03-03 08:00:00\n", encoding="utf-8"
    )
    with pytest.raises(Refused, match=r"have no column units, which source.files.events maps; 2.csv has id, who, code"):
        shop.night(4)
    assert shop.all() == before


def test_an_item_that_the_catalogue_lacks_is_withdrawn_until_it_returns(spark: SparkSession, tmp_path: Path) -> None:
    mug, owl = ("a", "Mug", "2024-01-01 00:00:00"), ("b", "Owl", "2024-01-01 00:00:00")
    shop = Shop(spark, tmp_path, more="withdraw_missing_up_to: 0.5")

    def owls() -> list[tuple[str, bool]]:
        rows = [row for row in shop.rows(ITEMS) if row["item_id"] == "b"]
        return sorted((str(row["valid_from"])[:10], row["withdrawn_at"] is not None) for row in rows)

    listed = ("2024-01-01", False)
    for day in (4, 5, 6):
        shop.lines(f"day {day}", [f"x{day},u1,a,purchase,2024-03-0{day - 1} 08:00:00,1"])
    shop.night(3)
    assert owls() == [listed]
    shop.products("2024-01", [mug])
    shop.night(4)
    # Missing at the end of the 3rd, before the night of the 4th.
    assert owls() == [listed, ("2024-03-03", True)]
    state = shop.all()
    shop.night(4, "again")
    assert shop.all() == state
    shop.products("2024-01", [mug, owl])
    shop.night(5)
    assert owls() == [listed, ("2024-03-03", True), ("2024-03-04", False)]
    state = shop.all()
    shop.products("2024-01", [("c", "Whale", "2024-01-01 00:00:00")])
    with pytest.raises(Refused, match="lacks 2 of 2 listed items, more than 50%"):
        shop.night(6)
    assert shop.all() == state


def test_later_rows_of_a_file_are_read_once(spark: SparkSession, tmp_path: Path) -> None:
    shop = Shop(spark, tmp_path)
    shop.lines("1", [*FIRST, "e3,u1,b,purchase,2024-03-03 08:00:00,1"])
    assert shop.night(3).record.rows["events_later"] == 1
    rows = shop.night(4).record.rows
    assert (rows["events_in"], rows["events_duplicates"], rows["events_accepted"]) == (3, 2, 1)
    assert [event for event, _ in shop.events()] == ["e1", "e2", "e3"]
    state = shop.all()
    assert shop.night(4, "again").record.rows == rows
    assert shop.all() == state
