"""Old nights are dropped, and the versions behind a live night stay readable after a vacuum."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from features.contract import DAILY_ITEM, EVENTS, METRICS, RUNS, USERS
from features.contract.live_counts import LIVE_ITEM_COUNTS
from jobs.config.configuration import load_config
from jobs.execution.manifest import run_step
from jobs.housekeep import housekeep
from jobs.runtime.errors import ConfigurationError
from jobs.runtime.lock import STREAM, only_writer
from jobs.runtime.storage import storage_of
from jobs.tables.upkeep import compact, day_column, drop_old_days, guarded_versions, vacuum
from jobs.tables.warehouse import Warehouse

pytestmark = pytest.mark.slow


def test_a_guarded_version_survives(spark: SparkSession, tmp_path: Path) -> None:
    moment = datetime(2024, 3, 1, tzinfo=UTC)
    guarded, free = Warehouse(spark, str(tmp_path / "guarded")), Warehouse(spark, str(tmp_path / "free"))
    for tables in (guarded, free):
        for name in ("first", "second", "third"):
            rows = [(name, moment, {}, True, moment)]
            tables.replace(spark.createDataFrame(rows, USERS.schema), USERS, None)
    first = free.version(USERS) - 2
    now = datetime.now(UTC)
    assert vacuum(free, USERS, 0.0, set(), now) == 0.0
    with pytest.raises(Exception, match=r"(?i)does not exist|not found|FAILED_READ_FILE"):
        _names(free, first)
    assert vacuum(guarded, USERS, 0.0, {first}, now) >= 1.0
    assert _names(guarded, first) == ["first"]
    # Delta reads no version beyond the table's own retention, so that is raised: a month needs five weeks.
    assert vacuum(guarded, USERS, 0.0, {first}, now + timedelta(days=30)) == 5 * 168
    properties = spark.sql(f"DESCRIBE DETAIL delta.`{guarded.path(USERS)}`").first()["properties"]
    assert properties["delta.deletedFileRetentionDuration"] == "interval 840 hours"
    changes = guarded.version(USERS)
    vacuum(guarded, USERS, 0.0, {first}, now + timedelta(days=31))
    commits = spark.sql(f"DESCRIBE HISTORY delta.`{guarded.path(USERS)}`").where(f"version > {changes}").collect()
    assert not [row for row in commits if row["operation"] == "SET TBLPROPERTIES"]
    compact(guarded, USERS)
    assert [row["user_id"] for row in guarded.read(USERS).collect()] == ["third"]


def _names(tables: Warehouse, version: int) -> list[str]:
    frame = tables.spark.read.format("delta").option("versionAsOf", version).load(tables.path(USERS))
    return [row["user_id"] for row in frame.collect()]


def test_versions_of_published_runs_and_of_the_champions_training_are_guarded(
    spark: SparkSession, tmp_path: Path
) -> None:
    tables, moment = Warehouse(spark, str(tmp_path)), datetime(2024, 3, 1, tzinfo=UTC)
    rows = [
        (run, step, date(2024, 3, 1), moment, inputs, outputs, "c", "v", model, {}, {}, 1.0, "done", None, None)
        for run, step, inputs, outputs, model in (
            ("old", "train_relevance", {"events": 1}, {}, "1"),
            ("old", "ingest", {}, {"events": 1, "users": 2}, None),
            # The ranker's version 1 is not the uplift model's.
            ("uplift", "train_uplift", {"exploration_draws": 3}, {}, "1"),
            ("later", "train_uplift", {"exploration_draws": 4}, {}, "2"),
            ("between", "ingest", {}, {"events": 5}, None),
            ("live", "score", {"candidates": 7}, {"relevance": 8}, "1"),
        )
    ]
    # What a step wrote over is needed to run it again.
    rows[-1] = (*rows[-1][:-2], {"relevance": 6, "candidates": 7, "metrics": -1}, None)
    tables.add(spark.createDataFrame(rows, RUNS.schema), RUNS)
    expected = {"events": {1}, "users": {2}, "candidates": {7}, "relevance": {6, 8}}
    assert guarded_versions(tables, ["live"], [("train_relevance", "1")]) == expected
    both = [("train_relevance", "1"), ("train_uplift", "2")]
    assert guarded_versions(tables, ["live"], both) == {**expected, "exploration_draws": {4}}


def test_all_runs_of_a_resumed_night_are_guarded(spark: SparkSession, tmp_path: Path) -> None:
    tables, moment = Warehouse(spark, str(tmp_path)), datetime(2024, 3, 1, tzinfo=UTC)
    before, night = date(2024, 2, 29), date(2024, 3, 1)
    rows = [
        (run, step, as_of, moment, inputs, outputs, "c", "v", None, {}, {}, 1.0, status, None, None)
        for run, step, as_of, inputs, outputs, status in (
            ("before", "ingest", before, {"items": 1}, {"events": 1}, "done"),
            ("died", "ingest", night, {"events": 1}, {"events": 2, "users": 2}, "done"),
            ("died", "build_candidates", night, {"events": 2}, {"candidates": 3}, "done"),
            # In between, upkeep has compacted candidates, which is version 4.
            ("died", "score", night, {"candidates": 4}, {"relevance": 5}, "done"),
            ("died", "plan_exposure", night, {"relevance": 5}, {"exposure_scores": 6}, "done"),
            ("died", "publish", night, {"exposure_scores": 6}, {}, "failed"),
            ("other", "plan_exposure", night, {"relevance": 4}, {"exposure_scores": 4}, "done"),
            ("resumed", "publish", night, {"exposure_scores": 6}, {}, "done"),
        )
    ]
    tables.add(spark.createDataFrame(rows, RUNS.schema), RUNS)
    assert guarded_versions(tables, ["resumed"], []) == {
        "events": {1, 2}, "users": {2}, "candidates": {3, 4}, "relevance": {5}, "exposure_scores": {6},
    }  # fmt: skip


def test_old_nights_are_dropped(spark: SparkSession, tmp_path: Path) -> None:
    tables = Warehouse(spark, str(tmp_path))
    nights = [date(2024, 3, 1) + timedelta(days=day) for day in range(3)]
    rows = [(night, "recall", "all", 0.5, {}) for night in nights]
    tables.add(spark.createDataFrame(rows, METRICS.schema), METRICS)
    assert drop_old_days(tables, METRICS, nights[2]) == 2
    assert [row["as_of"] for row in tables.read(METRICS).collect()] == [nights[2]]
    assert drop_old_days(tables, METRICS, nights[2]) == 0


def test_tables_age_by_night_by_event_or_not_at_all() -> None:
    columns = {table.name: day_column(table) for table in (METRICS, EVENTS, DAILY_ITEM, USERS, RUNS)}
    assert columns == {"metrics": "as_of", "events": "event_date", "daily_item": "day", "users": None, "runs": None}


def test_each_table_is_maintained_as_configured(spark: SparkSession, tmp_path: Path) -> None:
    path, before, last = tmp_path / "conf.yaml", date(2024, 2, 1), date(2024, 3, 1)

    def dropped(tables: str) -> dict[str, int]:
        upkeep = f"{{every_table: {{keep_days: 20}}, tables: {tables}}}"
        source = "source: {kind: complete_journey}\n"
        path.write_text(f"warehouse: {tmp_path / 'warehouse'}\n{source}housekeeping: {upkeep}\n", encoding="utf-8")
        return run_step(housekeep, spark, load_config(path), last, "r")[0].record.rows

    store = Warehouse(spark, str(tmp_path / "warehouse"))
    for day in (before, last):
        store.add(spark.createDataFrame([(day, "recall", "all", 0.5, {})], METRICS.schema), METRICS)
    assert dropped("{metrics: {keep_days: 40}}") == {}
    assert dropped("{metrics: {keep_days: null}}") == {}
    assert dropped("{metrics: {optimize: true}}") == {"metrics": 1}
    with pytest.raises(ConfigurationError, match="tables names metric, which is not a table"):
        dropped("{metric: {optimize: true}}")
    with pytest.raises(ConfigurationError, match="users has no days to drop"):
        dropped("{users: {keep_days: 7}}")


def test_live_tables_of_a_shared_warehouse_wait_for_the_end_of_the_stream(spark: SparkSession, tmp_path: Path) -> None:
    path, place = tmp_path / "conf.yaml", (tmp_path / "warehouse").as_uri()
    path.write_text(f"warehouse: {place}\nsource: {{kind: complete_journey}}\n", encoding="utf-8")
    files, tables = storage_of(place), Warehouse(spark, place)
    with only_writer(files, "stream, run 7", name=STREAM):
        tables.prepare(LIVE_ITEM_COUNTS)

    def versions() -> tuple[str | None, int | None]:
        with only_writer(files, "housekeep, run 8"):
            night = run_step(housekeep, spark, load_config(path), date(2024, 3, 1), "8")[0]
        return night.record.decisions.get("left_out"), tables.version(LIVE_ITEM_COUNTS)

    with only_writer(files, "stream, run 7", name=STREAM):
        assert versions() == ("live_item_counts, live_user_counts", 0)
    left_out, version = versions()
    assert left_out is None
    assert version is not None
    assert version > 0
