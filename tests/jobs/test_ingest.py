"""Ingest on a panel of a few rows, into real Delta tables."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession

from features.contract import EVENTS, ITEMS, PARKED, PROMOTIONS, REJECTED, USERS
from features.contract.table import Table
from jobs.config.configuration import Config, load_config
from jobs.execution.manifest import run_step
from jobs.execution.night import Night
from jobs.ingest import ingest
from jobs.runtime.errors import LongtailError, Refused
from jobs.tables.warehouse import Warehouse
from tests.jobs.sources.panels import LINES, write_panel

pytestmark = pytest.mark.slow  # many Delta writes; the default run covers the step in tests/pipeline

NIGHT = date(2017, 12, 1)


def config(folder: Path, panel: Path, max_rejected_share: float = 0.5) -> Config:
    path = folder / "conf.yaml"
    path.write_text(
        f"warehouse: {folder / 'warehouse'}\n"
        f"source: {{kind: complete_journey, folder: {panel}, exposure_sample_share: 1.0,"
        f" max_rejected_share: {max_rejected_share}, volume: {{weeks: 4, least: 0.0, most: 1000.0}}}}\n"
    )
    return load_config(path)


def night(spark: SparkSession, conf: Config, as_of: date = NIGHT, run_id: str = "r1") -> Night:
    return run_step(ingest, spark, conf, as_of, run_id)[0]


def rows(spark: SparkSession, conf: Config, table: Table) -> list[dict[str, Any]]:
    """The rows of a table sorted by key, without run_id."""
    stored = Warehouse(spark, conf.warehouse).read(table).drop("run_id").collect()
    return sorted((row.asDict() for row in stored), key=lambda row: [str(row.get(name)) for name in table.key])


def test_the_first_night(spark: SparkSession, tmp_path: Path) -> None:
    conf = config(tmp_path, write_panel(tmp_path / "panel"))
    done = night(spark, conf).record.rows
    # 6 lines: 4 of known items before the night, 1 of an unknown item, 1 later. 1 exposure.
    assert (done["events_in"], done["events_accepted"], done["events_parked"], done["events_later"]) == (7, 5, 1, 1)
    assert (done["items_in"], done["items_accepted"], done["users_accepted"]) == (4, 4, 3)
    assert (done["promotions_in"], done["promotions_accepted"], done["promotions_later"]) == (5, 4, 1)
    assert len(rows(spark, conf, EVENTS)) == 5
    assert max(row["event_date"] for row in rows(spark, conf, EVENTS)) == date(2017, 11, 30)
    assert [(row["table"], row["row_id"], row["reason"]) for row in rows(spark, conf, PARKED)] == [
        ("events", "purchase-3-77", "item_unknown")
    ]
    assert rows(spark, conf, REJECTED) == []
    assert {row["valid_from"] for row in rows(spark, conf, PROMOTIONS)} == {date(2017, 10, 30), date(2017, 11, 27)}


def test_consecutive_and_repeated_nights_leave_the_same_tables(spark: SparkSession, tmp_path: Path) -> None:
    conf = config(tmp_path, write_panel(tmp_path / "panel"))
    tables = (ITEMS, USERS, EVENTS, PROMOTIONS, PARKED, REJECTED)
    night(spark, conf, date(2017, 11, 3), "r1")
    second = night(spark, conf, NIGHT, "r2")
    assert second.record.decisions["since"] == "2017-11-03"
    # Two lines from the 3rd on: one accepted, one parked; the line at as_of is later.
    assert (second.record.rows["events_in"], second.record.rows["events_accepted"]) == (3, 1)
    first = {table.name: rows(spark, conf, table) for table in tables}
    night(spark, conf, NIGHT, "r3")
    assert {table.name: rows(spark, conf, table) for table in tables} == first
    night(spark, conf, date(2017, 11, 2), "r4")  # a back-fill of an older date
    assert {table.name: rows(spark, conf, table) for table in tables} == first


def test_one_night_leaves_the_tables_of_two(spark: SparkSession, tmp_path: Path) -> None:
    panel = write_panel(tmp_path / "panel")
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    one, two = config(tmp_path / "one", panel), config(tmp_path / "two", panel)
    night(spark, one)
    night(spark, two, date(2017, 11, 1))
    night(spark, two)
    for table in (ITEMS, USERS, EVENTS, PROMOTIONS):
        assert rows(spark, one, table) == rows(spark, two, table)


@pytest.mark.promise
def test_bad_rows_are_separated_and_counted(spark: SparkSession, tmp_path: Path) -> None:
    again = LINES[0]
    other = (*LINES[2][:5], 9.99, *LINES[2][6:])  # basket 2, product 1 with another amount
    negative = (101, 901, 9, 1, -1, 1.0, 0.0, 0.0, 0.0, "2017-11-29 10:00:00")
    timeless = (101, 901, 9, 2, 1, 1.0, 0.0, 0.0, 0.0, None)
    conf = config(tmp_path, write_panel(tmp_path / "panel", lines=[*LINES, again, other, negative, timeless]))
    done = night(spark, conf).record.rows
    assert (done["events_in"], done["events_duplicates"], done["events_rejected"]) == (11, 1, 4)
    assert done["events_accepted"] == 4  # LINES[0], [1], [3] and the exposure
    assert sorted((row["row_id"], row["reason"]) for row in rows(spark, conf, REJECTED)) == [
        ("purchase-2-1", "key_with_several_contents"),
        ("purchase-2-1#2", "key_with_several_contents"),
        ("purchase-9-1", "quantity_negative"),
        ("purchase-9-2", "event_time_missing,event_date_missing,ingested_at_missing"),
    ]


def test_too_many_rejected_rows_stop_before_anything_is_written(spark: SparkSession, tmp_path: Path) -> None:
    negative = [(101, 901, 10 + n, 1, -1, 1.0, 0.0, 0.0, 0.0, "2017-11-29 10:00:00") for n in range(5)]
    conf = config(tmp_path, write_panel(tmp_path / "panel", lines=[*LINES, *negative]), max_rejected_share=0.01)
    with pytest.raises(Refused, match=r"quantity_negative \(5 rows\)"):
        night(spark, conf)
    assert not any(Warehouse(spark, conf.warehouse).exists(table) for table in (ITEMS, USERS, EVENTS, PROMOTIONS))


@pytest.mark.parametrize(
    ("as_of", "words"),
    [
        (date(2017, 1, 1), "no events between 2016-12-25 and 2017-01-01"),
        (date(2018, 2, 1), "no events between 2018-01-25 and 2018-02-01"),
    ],
)
def test_a_date_without_events_is_refused(spark: SparkSession, tmp_path: Path, as_of: date, words: str) -> None:
    conf = config(tmp_path, write_panel(tmp_path / "panel"))
    with pytest.raises(Refused, match=words):
        night(spark, conf, as_of)
    assert not Warehouse(spark, conf.warehouse).exists(EVENTS)


def test_a_missing_column_is_named(spark: SparkSession, tmp_path: Path) -> None:
    conf = config(tmp_path, write_panel(tmp_path / "panel", without="sales_value"))
    with pytest.raises(LongtailError, match="has no column sales_value"):
        night(spark, conf)
