"""Rows written by Spark's Python workers: the same bytes however they are partitioned, and failures in one line."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from feast import FeatureStore
from pyspark.sql import SparkSession
from pyspark.sql import functions as F
from pyspark.sql.types import DoubleType, LongType, StringType, StructField, StructType

from jobs.config.configuration import Config
from jobs.online import redis_marks
from jobs.online.audit import audit
from jobs.online.catalogue import build_catalogue
from jobs.online.fields import OnlineField
from jobs.online.row_sums import RowSums, summed_by_spark, summed_in_memory
from jobs.online.spark_rows import SparkRows
from jobs.online.sqlite_writing import WriteRows
from jobs.online.store import open_store
from jobs.online.view_rows import ViewRows, WriteTask, Written
from jobs.online.writing import replace_rows
from jobs.publish import refuse_sqlite_on_a_cluster
from jobs.runtime.errors import ConfigurationError, LongtailError
from tests.jobs.online.frames import local_rows
from tests.jobs.online.nights import config_in, feast_folder, night_of
from tests.jobs.online.redis_server import PASSWORD, VARIABLE, redis_config, running_redis
from tests.jobs.online.test_sqlite_store import ROWS, VIEW, database_rows

NIGHT = date(2017, 12, 1)
MANY = pd.concat([ROWS.assign(item_id=[f"{place}-{n}" * (1 + place % 3) for n in range(3)]) for place in range(40)])


def spark_rows(spark: SparkSession, rows: pd.DataFrame, partitions: int) -> SparkRows:
    frame = spark.createDataFrame(local_rows(VIEW, rows).table).repartition(partitions)
    return SparkRows(VIEW.join_key, frame, len(rows))


def every_kind_of_rows(spark: SparkSession) -> tuple[ViewRows, ...]:
    """MANY in memory, and as frames of several numbers of partitions."""
    return local_rows(VIEW, MANY), *(spark_rows(spark, MANY, partitions) for partitions in (1, 2, 7))


def everything(conf: Config) -> tuple[FeatureStore, Any]:
    catalogue = build_catalogue([VIEW])
    store = open_store(conf)
    store.apply([*catalogue.entities.values(), *catalogue.coloured.values()])
    return store, catalogue.coloured["everything", "blue"]


def test_a_file_has_the_same_bytes_however_the_rows_are_partitioned(spark: SparkSession, tmp_path: Path) -> None:
    conf = config_in(tmp_path)
    store, coloured = everything(conf)
    held = []
    for rows in every_kind_of_rows(spark):
        sent = replace_rows(store, VIEW, coloured, rows, NIGHT)
        assert sent == len(MANY) * len(VIEW.fields)
        assert str(audit(store, VIEW, coloured, rows, 50, 1)).startswith("50 of 120")
        held.append(database_rows(feast_folder(conf) / "online.db"))
    assert all(rows == held[0] for rows in held)


@contextmanager
def redis_store(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[FeatureStore, Any, Any]]:
    with running_redis(folder) as server:
        monkeypatch.setenv(VARIABLE, server.url)
        store, coloured = everything(redis_config(folder))
        yield store, coloured, server.client()


def contents(client: Any) -> dict[bytes, dict[bytes, bytes]]:
    """All hashes, without the writer, which is new in every write."""
    hashes = {key: client.hgetall(key) for key in client.scan_iter(_type="HASH")}
    return {key: {name: value for name, value in held.items() if name != b"writer"} for key, held in hashes.items()}


@pytest.mark.slow
@pytest.mark.promise
def test_redis_has_the_same_bytes_however_the_rows_are_partitioned(
    spark: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(redis_marks, "BUCKET_ENTITIES", 20)
    with redis_store(tmp_path, monkeypatch) as (store, coloured, client):
        held = []
        for rows in every_kind_of_rows(spark):
            client.flushall()
            assert replace_rows(store, VIEW, coloured, rows, NIGHT) == len(MANY) * len(VIEW.fields)
            held.append(contents(client))
        assert all(hashes == held[0] for hashes in held)
        assert len([key for key in held[0] if key.startswith(b"longtail:longtail:everything_blue:6:")]) == 6
        # Two thirds of the entities have left, and one value of the others has changed.
        few = MANY.iloc[::3].assign(price=[7.5] * 40)
        rows = spark_rows(spark, few, 3)
        assert replace_rows(store, VIEW, coloured, rows, NIGHT, changed_only=True) == 40
        assert str(audit(store, VIEW, coloured, rows, 1_000, 1)) == "all 40"
        assert sum(not key.startswith(b"longtail:") for key in contents(client)) == 40


@pytest.mark.slow
@pytest.mark.promise
def test_a_failure_of_a_worker_names_neither_address_nor_password(
    spark: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    with redis_store(tmp_path, monkeypatch) as (store, coloured, client):
        port = str(client.connection_pool.connection_kwargs["port"])

        class Dying(SparkRows):
            def written_by(self, task: WriteTask, buckets: int) -> list[Written]:
                client.shutdown(nosave=True)
                return super().written_by(task, buckets)

        rows = spark_rows(spark, ROWS, 2)
        with pytest.raises(LongtailError, match=r"Redis cannot be reached .* run publish again") as error:
            replace_rows(store, VIEW, coloured, Dying(rows.join_key, rows.frame, rows.entities), NIGHT)
        for text in (str(error.value), *capfd.readouterr()):
            assert PASSWORD not in text
            assert port not in text


def test_a_file_that_cannot_be_opened_is_named_as_a_failure_of_sqlite(spark: SparkSession, tmp_path: Path) -> None:
    store, coloured = everything(config_in(tmp_path))

    class Elsewhere(SparkRows):
        def written_by(self, task: WriteTask, buckets: int) -> list[Written]:
            assert isinstance(task, WriteRows)
            return super().written_by(replace(task, path="/nowhere/online.db"), buckets)

    rows = spark_rows(spark, ROWS, 2)
    with pytest.raises(LongtailError, match="SQLite reports unable to open"):
        replace_rows(store, VIEW, coloured, Elsewhere(rows.join_key, rows.frame, rows.entities), NIGHT)


def test_a_sample_depends_on_its_seed_and_on_nothing_else(spark: SparkSession) -> None:
    def drawn(rows: ViewRows, most: int, seed: int) -> list[str]:
        return rows.sample(most, seed).column("item_id").to_pylist()

    first = drawn(spark_rows(spark, MANY, 1), 30, 1)
    assert len(set(first)) == 30
    assert [drawn(spark_rows(spark, MANY, partitions), 30, 1) for partitions in (2, 7)] == [first, first]
    assert set(drawn(spark_rows(spark, MANY, 2), 30, 2)) != set(first)
    assert len(drawn(spark_rows(spark, MANY, 2), 120, 1)) == 120


def test_sums_are_equal_in_memory_and_by_spark(spark: SparkSession) -> None:
    kinds = {"kept": DoubleType(), "not_a_number": DoubleType(), "empty": LongType(), "model_version": StringType()}
    view = replace(VIEW, entity="user", fields=tuple(OnlineField(name, kind, "") for name, kind in kinds.items()))
    schema = StructType([StructField("user_id", StringType()), *(StructField(*field) for field in kinds.items())])
    rows = [
        ("ann", 1.0, math.nan, 1, "8"),
        ("ann", 1.0, 1.0, None, None),
        ("segment:everyone", 1.0, 1.0, 1, "7"),
        (None, 1.0, 1.0, 1, "7"),
    ]
    frame = spark.createDataFrame(rows, schema)
    sums = RowSums(3, 2, 1, True, ("7", "8"), ("user_id", "not_a_number", "empty", "model_version"))
    assert summed_in_memory(frame.toArrow(), view) == summed_by_spark(frame, view) == sums
    none = RowSums(0, 0, 0, False, (), ())
    assert summed_in_memory(frame.limit(0).toArrow(), view) == summed_by_spark(frame.limit(0), view) == none


def test_the_workers_find_the_bucket_that_spark_computes(spark: SparkSession) -> None:
    ids = ["u1", "茶", "", "segment:everyone"]
    frame = spark.createDataFrame([(name,) for name in ids], "id string")
    buckets = [row[0] for row in frame.select(F.crc32(F.col("id").cast("binary")) % 7).collect()]
    assert buckets == [redis_marks.bucket_of(name.encode(), 7) for name in ids]


def test_sqlite_on_a_cluster_is_refused(tmp_path: Path) -> None:
    class Cluster:
        class sparkContext:  # noqa: N801 - Spark's name
            master = "spark://host:7077"

    with pytest.raises(ConfigurationError, match=r"sqlite, a file of one machine, but the master is spark://host:7077"):
        refuse_sqlite_on_a_cluster(night_of(Cluster(), config_in(tmp_path), NIGHT))  # type: ignore[arg-type]
