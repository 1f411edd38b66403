"""Features of a panel of a few rows, from ingest to Delta."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from features.contract import DAILY_ITEM, DAILY_PAIR, DAILY_USER, USER_HISTORY
from features.declarations import ITEM_FEATURES, ITEM_FEATURES_TABLE, USER_FEATURES_TABLE
from jobs import build_features as build_job
from jobs import ingest as ingest_job
from jobs.build_features import build_features
from jobs.config.configuration import load_config
from jobs.execution.manifest import run_step
from jobs.runtime.errors import LongtailError
from tests.jobs.sources.panels import write_panel
from tests.jobs.test_ingest import NIGHT, config, night, rows
from tests.jobs.test_ingest_files import FIRST, Shop

pytestmark = pytest.mark.slow  # many Delta writes; the default run covers the step in tests/pipeline

TABLES = (DAILY_PAIR, DAILY_ITEM, DAILY_USER, ITEM_FEATURES_TABLE, USER_FEATURES_TABLE, USER_HISTORY)


def test_the_night_and_the_cuts_of_its_training(spark: SparkSession, tmp_path: Path) -> None:
    conf = config(tmp_path, write_panel(tmp_path / "panel"))
    night(spark, conf)
    run_step(build_features, spark, conf, NIGHT, "r1")
    tables = {table.name: rows(spark, conf, table) for table in TABLES}
    # No version is registered, so a training is due: the night, and cuts 28 days apart.
    cuts = {date(2017, 11, 3), date(2017, 10, 6), date(2017, 9, 8), date(2017, 8, 11)}
    assert {row["as_of"] for row in tables["user_features"]} == {NIGHT, *cuts}
    # By 2017-11-03 products 1 and 2 had been sold and product 1 promoted; the others came later.
    assert {row["item_id"] for row in tables["item_features"] if row["as_of"] == date(2017, 11, 3)} == {"1", "2"}
    tonight = {row["item_id"]: row for row in tables["item_features"] if row["as_of"] == NIGHT}
    # 1 was sold twice, 2 and 3 once: before them 0, 2, 3 of 4; 3 is below 3.2, so all three are head.
    assert {item: row["segment"] for item, row in tonight.items()} == {
        "1": "head",
        "2": "head",
        "3": "head",
        "4": "cold",
    }
    assert tonight["1"]["exposures_count_28d"] == 0.0  # seen on 2017-10-31, 31 days before
    histories = {row["user_id"]: row for row in tables["user_history"] if row["as_of"] == NIGHT}
    assert histories["100"]["item_ids"][0] == "1"
    assert sorted(histories["100"]["item_ids"][1:]) == ["1", "2"]
    assert histories["102"]["item_ids"] == []

    run_step(build_features, spark, conf, NIGHT, "r2")
    assert {table.name: rows(spark, conf, table) for table in TABLES} == tables


def test_two_nights_leave_the_tables_of_one(spark: SparkSession, tmp_path: Path) -> None:
    panel = write_panel(tmp_path / "panel")
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    one, two = config(tmp_path / "one", panel), config(tmp_path / "two", panel)
    for conf, dates in ((one, (NIGHT,)), (two, (date(2017, 11, 3), NIGHT))):
        for number, as_of in enumerate(dates):
            night(spark, conf, as_of, f"i{number}")
            run_step(build_features, spark, conf, as_of, f"b{number}")
    for table in (DAILY_PAIR, DAILY_ITEM, DAILY_USER):
        assert rows(spark, one, table) == rows(spark, two, table)
    for table in (ITEM_FEATURES_TABLE, USER_FEATURES_TABLE, USER_HISTORY):
        by_conf = [[row for row in rows(spark, conf, table) if row["as_of"] == NIGHT] for conf in (one, two)]
        assert by_conf[0] == by_conf[1]


def test_a_date_that_is_not_ingested_is_an_error(spark: SparkSession, tmp_path: Path) -> None:
    conf = config(tmp_path, write_panel(tmp_path / "panel"))
    with pytest.raises(LongtailError, match=r"not at all.*Run jobs/ingest.py for 2017-12-01 first"):
        run_step(build_features, spark, conf, NIGHT, "r1")


@pytest.mark.usefixtures("no_training")
def test_a_day_that_a_killed_ingest_changed_is_summed_up_again(
    spark: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = tolerant_shop(spark, tmp_path)
    shop.lines("1", ["e1,u1,a,purchase,2024-03-01 10:00:00,1", "e2,u2,b,purchase,2024-03-01 11:00:00,4"])
    shop.lines("2", ["e3,u1,a,purchase,2024-03-02 10:00:00,1"])
    shop.night(3)
    run_step(build_features, spark, shop.conf, date(2024, 3, 3), "b3")
    # A file of the next day moves e2 to the 2nd. Its events are written, but the file is not recorded: the next runs
    # find e2 on the 2nd already, and the second of them corrects it to the 3rd.
    for day in (2, 3):
        shop.lines("3", [f"e2,u2,b,purchase,2024-03-0{day} 11:00:00,4", "e4,u1,a,purchase,2024-03-03 10:00:00,1"])
        with monkeypatch.context() as patch:
            patch.setattr(ingest_job, "write_parts", _die)
            with pytest.raises(KeyboardInterrupt):
                shop.night(4, f"dies {day}")
        spark.catalog.clearCache()  # a killed process loses its memory
    assert shop.night(4).record.decisions["changed_days"] == '["2024-03-03"]'
    run_step(build_features, spark, shop.conf, date(2024, 3, 4), "b4")
    sums = [(row["day"].day, row["item_id"], row["units_sum"]) for row in shop.rows(DAILY_ITEM)]
    assert sorted(sums) == [(1, "a", 1), (2, "a", 1), (3, "a", 1), (3, "b", 4)]
    assert {(row["day"].day, row["user_id"]) for row in shop.rows(DAILY_USER)} == {
        (1, "u1"), (2, "u1"), (3, "u1"), (3, "u2"),
    }  # fmt: skip


@pytest.fixture
def no_training(monkeypatch: pytest.MonkeyPatch) -> None:
    """A night builds its own date alone, without the cuts of a training."""
    monkeypatch.setattr(build_job, "training_is_due", lambda *_: False)


def _die(*_: object) -> None:
    raise KeyboardInterrupt


def tolerant_shop(spark: SparkSession, folder: Path) -> Shop:
    """A shop whose gate only warns: with two products, one sale more exceeds every bar."""
    shop = Shop(spark, folder)
    path = folder / "conf.yaml"
    bars = ", ".join(f"{bar}: {{action: warn}}" for bar in shop.conf.quality.bars)
    path.write_text(f"{path.read_text(encoding='utf-8')}\nquality: {{bars: {{{bars}}}}}\n", encoding="utf-8")
    shop.conf = load_config(path)
    return shop


@pytest.mark.usefixtures("no_training")
def test_consecutive_nights_leave_the_features_of_one_from_scratch(spark: SparkSession, tmp_path: Path) -> None:
    delivered = {
        3: [*FIRST, "e3,u3,b,cart,2024-03-02 10:00:00,1"],
        4: ["e4,u1,b,purchase,2024-03-03 10:00:00,2", "e5,u1,a,purchase,2024-03-03 10:00:00,1"],
        # A late event, of a shopper who was unknown on its day: the histories are built from scratch.
        5: ["e6,u4,a,purchase,2024-03-02 09:00:00,1", "e7,u2,a,search,2024-03-04 10:00:00,1"],
        6: ["e8,u4,b,purchase,2024-03-05 23:59:59,1", "e9,u5,b,purchase,2024-03-05 00:00:00,1"],
    }  # fmt: skip
    tables: dict[str, dict[str, list[dict[str, object]]]] = {}
    since = {}
    for name, nights in (("one by one", (3, 4, 5, 6)), ("from scratch", (6,))):
        shop = tolerant_shop(spark, tmp_path / name)
        for day, lines in delivered.items():
            shop.lines(str(day), lines)
            (tmp_path / name / "lines/1.csv").unlink(missing_ok=True)
            if day in nights:
                shop.night(day)
                night = run_step(build_features, spark, shop.conf, date(2024, 3, day), f"b{day}")[0]
                since[name, day] = night.record.decisions.get("history_since")
        tables[name] = {table.name: _of_night(shop.rows(table), date(2024, 3, 6)) for table in TABLES}
    assert since == {
        ("one by one", 3): None,
        ("one by one", 4): "2024-03-03",
        ("one by one", 5): None,
        ("one by one", 6): "2024-03-05",
        ("from scratch", 6): None,
    }
    assert tables["one by one"] == tables["from scratch"]


def _of_night(rows: list[dict[str, object]], as_of: date) -> list[dict[str, object]]:
    """The rows of the night, all rows of daily partials, without forecasts, which are made weekly."""
    forecast = {feature.name for feature in ITEM_FEATURES if feature.table == "demand_forecast"}
    return [
        {name: value for name, value in row.items() if name not in forecast}
        for row in rows
        if row.get("as_of", as_of) == as_of
    ]


@pytest.mark.usefixtures("no_training")
def test_nights_with_a_late_event_are_rebuilt(spark: SparkSession, tmp_path: Path) -> None:
    late = "e0,u2,b,purchase,2024-03-04 09:00:00,4"
    tables = []
    for name, arrives in (("in time", 5), ("late", 6)):
        shop = tolerant_shop(spark, tmp_path / name)
        for day in (5, 6):
            rows = [f"e{day},u1,a,purchase,2024-03-0{day - 1} 08:00:00,1"]
            shop.lines(f"d{day}", [*rows, *([late] if day == arrives else [])])
            shop.night(day)
            built = run_step(build_features, spark, shop.conf, date(2024, 3, day), f"b{day}")[0]
            if name == "late":
                # The late event is of the 4th: the night of the 5th did not know it, so the 6th rebuilds it.
                rebuilt = {5: [], 6: [5]}[day]
                dates = json.loads(built.record.decisions["dates"])
                assert dates == [f"2024-03-0{night}" for night in (*rebuilt, day)]
        forecast = {feature.name for feature in ITEM_FEATURES if feature.table == "demand_forecast"}
        assert forecast  # made weekly, from the events known then
        tables.append(
            {table.name: [{name: value for name, value in row.items() if name not in forecast}
                          for row in shop.rows(table)] for table in TABLES}
        )  # fmt: skip
    assert tables[0] == tables[1]
    histories = {row["as_of"].day: row["item_ids"] for row in tables[1]["user_history"] if row["user_id"] == "u2"}
    assert histories[5][0] == "b"
