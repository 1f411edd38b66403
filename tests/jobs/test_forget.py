"""A shopper is gone from every byte of the warehouse, and stays gone."""

from __future__ import annotations

import io
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F
from pyspark.sql.types import (
    ArrayType,
    BooleanType,
    DataType,
    DateType,
    DecimalType,
    MapType,
    NumericType,
    StringType,
    TimestampType,
)

from features.contract.forgotten import FORGOTTEN
from features.contract.table import Table
from jobs.forget import forget
from jobs.runtime.errors import Refused
from jobs.runtime.lock import only_writer
from jobs.tables.erasure import (
    ALL_TABLES,
    WITH_PAYLOADS,
    WITH_SHOPPERS,
    mark_forgotten,
    remember_forgotten,
    salt_of,
    without_forgotten,
)
from jobs.tables.warehouse import Warehouse
from tests.jobs.online.frames import publish_frames
from tests.jobs.online.nights import config_in

pytestmark = pytest.mark.slow  # deletes from every table and vacuums each

GONE, STAYS = "SHOPPER-777", "SHOPPER-888"


def value(kind: DataType, text: str) -> Any:  # noqa: PLR0911 - one line a type
    """A value of the type that holds the text where it can."""
    if isinstance(kind, StringType):
        return text
    if isinstance(kind, ArrayType):
        return [value(kind.elementType, text)]
    if isinstance(kind, MapType):
        return {"k": value(kind.valueType, text)}
    if isinstance(kind, DateType):
        return date(2024, 3, 1)
    if isinstance(kind, TimestampType):
        return datetime(2024, 3, 1, tzinfo=UTC)
    if isinstance(kind, BooleanType):
        return True
    if isinstance(kind, DecimalType):
        return Decimal(1)
    assert isinstance(kind, NumericType), kind
    return 1 if kind.typeName() in ("long", "integer", "bigint", "int") else 1.0


def row_of(table: Table, user: str) -> tuple[Any, ...]:
    """A row that names the shopper wherever a table of the contract may."""
    told = {"user_id": user, "event_id": f"exposure-1-{user}", "row_id": f"exposure-1-{user}"}
    told["payload"] = f'{{"CustomerNo":"{user}","units":3}}'
    return tuple(told.get(column.name, value(column.type, "x")) for column in table.columns)


def bytes_of(place: Path) -> bytes:
    """What a file holds, Parquet and SQLite as they read as well: compression must hide nothing from the scan."""
    raw = place.read_bytes()
    if raw[:4] == b"PAR1":
        raw += str(pq.read_table(io.BytesIO(raw)).to_pylist()).encode()
    return raw


def files_with(folder: Path, text: str) -> list[str]:
    found = [place for place in folder.rglob("*") if place.is_file() and text.encode() in bytes_of(place)]
    return sorted(str(place.relative_to(folder)) for place in found)


def test_nothing_of_a_forgotten_shopper_is_left(spark: SparkSession, tmp_path: Path) -> None:
    conf = config_in(tmp_path)
    tables, folder = Warehouse(spark, conf.warehouse), Path(conf.warehouse)
    for table in (*WITH_SHOPPERS, *WITH_PAYLOADS):
        rows = [row_of(table, user) for user in (GONE, STAYS)]
        tables.replace(spark.createDataFrame(rows, table.schema).coalesce(1), table, None, checked=True)
    # A later version of one table without the shopper: the older one has to go as well.
    events = next(table for table in WITH_SHOPPERS if table.name == "events")
    tables.replace(tables.read(events).where(F.col("user_id") == STAYS), events, None, checked=True)
    publish_frames(conf, 1, users=(GONE, STAYS))
    publish_frames(conf, 2, users=(GONE, STAYS))
    named = {path.split("/")[0] for path in files_with(folder, GONE)}
    assert named == {table.name for table in (*WITH_SHOPPERS, *WITH_PAYLOADS)} | {"feast"}

    deleted = forget(spark, conf, "r", GONE)

    assert deleted == {table.name: 1 for table in (*WITH_SHOPPERS, *WITH_PAYLOADS) if table is not events}
    assert files_with(folder, GONE) == []
    # Who has the salt can find out by trying whose hash is on the list.
    assert files_with(folder, salt_of(folder)) == ["forgotten.salt"]
    for table in (*WITH_SHOPPERS, *WITH_PAYLOADS):
        assert tables.read(table).count() == 1, table.name
    assert any(path.startswith("feast") for path in files_with(folder, STAYS))
    # Delivered again, the shopper's rows are left out before anything else looks at them; run again, it completes.
    again = spark.createDataFrame([(GONE, 1), (STAYS, 2), (None, 3)], "user_id string, n int")
    marked = {row["n"]: row["filtered"] for row in mark_forgotten(tables, folder, again).collect()}
    assert marked == {1: True, 2: False, 3: False}
    assert sorted(row["n"] for row in without_forgotten(tables, folder, again).collect()) == [2, 3]
    assert forget(spark, conf, "r", GONE) == {}


def test_a_stream_counts_a_forgotten_shopper_no_more(spark: SparkSession, tmp_path: Path) -> None:
    tables = Warehouse(spark, str(tmp_path / "warehouse"))
    events = spark.createDataFrame([(GONE, 1), (STAYS, 2)], "user_id string, n int")
    assert without_forgotten(tables, tables.local_folder, events) is events  # nobody was forgotten yet
    remember_forgotten(tables, tables.local_folder, GONE)
    events.write.json(str(tmp_path / "events"))
    stream = spark.readStream.schema(events.schema).json(str(tmp_path / "events"))
    found: list[int] = []
    query = (
        without_forgotten(tables, tables.local_folder, stream)
        .writeStream.option("checkpointLocation", str(tmp_path / "checkpoint"))
        .foreachBatch(lambda batch, _: found.extend(row["n"] for row in batch.collect()))
        .trigger(availableNow=True)
        .start()
    )
    query.awaitTermination()
    assert found == [2]


def test_nobody_is_forgotten_beside_a_running_stream(spark: SparkSession, tmp_path: Path) -> None:
    # Its files that are not committed would be removed, and it would count the shopper anew.
    conf = config_in(tmp_path)
    refused = pytest.raises(Refused, match=r"streaming: run 7, process \d+\. Stop jobs/stream_events\.py, run forget")
    with only_writer(Path(conf.warehouse) / "streaming", "run 7"), refused:
        forget(spark, conf, "r", GONE)
    assert not Warehouse(spark, conf.warehouse).exists(FORGOTTEN)


def test_every_table_that_can_name_a_shopper_is_known() -> None:
    # A column of shoppers under another name would escape the erasure: it has to be declared as what it is.
    names = {column.name for table in ALL_TABLES for column in table.columns}
    suspicious = {name for name in names if any(part in name for part in ("user_id", "shopper_id", "household"))}
    assert suspicious <= {"user_id", "household_size"}
