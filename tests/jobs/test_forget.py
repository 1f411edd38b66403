"""A forgotten shopper is in no byte of the warehouse, and stays so."""

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
from jobs.forget import forget, out_of_reach
from jobs.runtime.errors import Refused
from jobs.runtime.lock import STREAM, only_writer
from jobs.runtime.storage import storage_of
from jobs.tables.erasure import (
    ALL_TABLES,
    WITH_PAYLOADS,
    WITH_SHOPPERS,
    mark_forgotten,
    remember_forgotten,
    salt_of,
    without_forgotten,
)
from jobs.tables.sql import sql_identifier
from jobs.tables.warehouse import Warehouse
from tests.jobs.online.frames import publish_frames
from tests.jobs.online.nights import config_in

pytestmark = [pytest.mark.slow, pytest.mark.promise]  # deletes from every table and vacuums each

GONE, STAYS = "SHOPPER-777", "SHOPPER-888"


def value(kind: DataType, text: str) -> Any:  # noqa: PLR0911 - one line for each type
    """A value of the type, with the text if the type can hold it."""
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
    personal = {"user_id": user, "event_id": f"exposure-1-{user}", "row_id": f"exposure-1-{user}"}
    personal["payload"] = f'{{"CustomerNo":"{user}","units":3}}'
    return tuple(personal.get(column.name, value(column.type, "x")) for column in table.columns)


def bytes_of(path: Path) -> bytes:
    """The bytes of a file, followed by the rows of Parquet, whose compression would hide a text."""
    raw = path.read_bytes()
    if raw[:4] == b"PAR1":
        raw += str(pq.read_table(io.BytesIO(raw)).to_pylist()).encode()
    return raw


def files_with(folder: Path, text: str) -> list[str]:
    holding = [path for path in folder.rglob("*") if path.is_file() and text.encode() in bytes_of(path)]
    return sorted(str(path.relative_to(folder)) for path in holding)


def test_nothing_of_a_forgotten_shopper_is_left(spark: SparkSession, tmp_path: Path) -> None:
    conf = config_in(tmp_path)
    tables, folder = Warehouse(spark, conf.warehouse), Path(conf.warehouse)
    for table in (*WITH_SHOPPERS, *WITH_PAYLOADS):
        rows = [row_of(table, user) for user in (GONE, STAYS)]
        tables.replace(spark.createDataFrame(rows, table.schema).coalesce(1), table, None, checked=True)
    # Rows that are only marked as deleted are still in the file.
    marked = sql_identifier(tables.path(WITH_PAYLOADS[0]))
    spark.sql(f"ALTER TABLE delta.{marked} SET TBLPROPERTIES ('delta.enableDeletionVectors' = 'true')")
    # A later version of one table is without the shopper: the older version must be removed as well.
    events = next(table for table in WITH_SHOPPERS if table.name == "events")
    tables.replace(tables.read(events).where(F.col("user_id") == STAYS), events, None, checked=True)
    publish_frames(conf, 1, users=(GONE, STAYS))
    publish_frames(conf, 2, users=(GONE, STAYS))
    tables.files.write("fine_tuning/2017-12-01/tuning.json", f'{{"pairs": {{"user_texts": ["{GONE}"]}}}}')  # killed
    named = {path.split("/")[0] for path in files_with(folder, GONE)}
    assert named == {table.name for table in (*WITH_SHOPPERS, *WITH_PAYLOADS)} | {"feast", "fine_tuning"}

    deleted = forget(spark, conf, "r", GONE)

    assert deleted == {table.name: 1 for table in (*WITH_SHOPPERS, *WITH_PAYLOADS) if table is not events}
    assert files_with(folder, GONE) == []
    # With the salt, trying all ids would reveal whose hash is on the list.
    assert files_with(folder, salt_of(tables.files)) == ["forgotten.salt"]
    for table in (*WITH_SHOPPERS, *WITH_PAYLOADS):
        assert tables.read(table).count() == 1, table.name
    assert any(path.startswith("feast") for path in files_with(folder, STAYS))
    # The shopper's rows of a later delivery are filtered first of all; a repeated run completes.
    again = spark.createDataFrame([(GONE, 1), (STAYS, 2), (None, 3)], "user_id string, n int")
    marked = {row["n"]: row["filtered"] for row in mark_forgotten(tables, again).collect()}
    assert marked == {1: True, 2: False, 3: False}
    assert sorted(row["n"] for row in without_forgotten(tables, again).collect()) == [2, 3]
    assert forget(spark, conf, "r", GONE) == {}


def test_a_stream_does_not_count_a_forgotten_shopper(spark: SparkSession, tmp_path: Path) -> None:
    tables = Warehouse(spark, str(tmp_path / "warehouse"))
    events = spark.createDataFrame([(GONE, 1), (STAYS, 2)], "user_id string, n int")
    assert without_forgotten(tables, events) is events  # no shopper is forgotten yet
    remember_forgotten(tables, GONE)
    events.write.json(str(tmp_path / "events"))
    stream = spark.readStream.schema(events.schema).json(str(tmp_path / "events"))
    counted: list[int] = []
    query = (
        without_forgotten(tables, stream)
        .writeStream.option("checkpointLocation", str(tmp_path / "checkpoint"))
        .foreachBatch(lambda batch, _: counted.extend(row["n"] for row in batch.collect()))
        .trigger(availableNow=True)
        .start()
    )
    query.awaitTermination()
    assert counted == [2]


def test_forget_is_refused_during_a_running_stream(spark: SparkSession, tmp_path: Path) -> None:
    # Its uncommitted files would be removed, and it would count the shopper again.
    conf = config_in(tmp_path)
    refused = pytest.raises(Refused, match=r"streaming: run 7, process \d+\. Stop jobs/stream_events\.py, run forget")
    with only_writer(storage_of(conf.warehouse), "run 7", name=STREAM), refused:
        forget(spark, conf, "r", GONE)
    assert not Warehouse(spark, conf.warehouse).exists(FORGOTTEN)


def test_every_table_that_can_name_a_shopper_is_known() -> None:
    # A column of shoppers under another name would escape the erasure.
    names = {column.name for table in ALL_TABLES for column in table.columns}
    suspicious = {name for name in names if any(part in name for part in ("user_id", "shopper_id", "household"))}
    assert suspicious <= {"user_id"}


def test_what_forget_cannot_reach_is_named(tmp_path: Path) -> None:
    conf = config_in(tmp_path)
    assert not any("append-only" in reason for reason in out_of_reach(conf))
    online = conf.online.model_copy(update={"store": "redis"})
    housekeeping = conf.housekeeping.model_copy(update={"forget_retain_hours": 24.0})
    reasons = "\n".join(out_of_reach(conf.model_copy(update={"online": online, "housekeeping": housekeeping})))
    for part in ("BGREWRITEAOF", "replica", "back-ups", "remembers", "Logs", "spark.local.dir", "tables for 24 hours"):
        assert part in reasons
