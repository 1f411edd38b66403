"""Takes a shopper out of every table with its history, and keeps ingest from bringing the shopper back."""

from __future__ import annotations

import secrets
from pathlib import Path

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from features import contract
from features.contract import PARKED, REJECTED
from features.contract.forgotten import FORGOTTEN
from features.contract.live_counts import LIVE_ITEM_COUNTS, LIVE_USER_COUNTS
from features.contract.source_parts import SOURCE_PARTS
from features.contract.table import Table
from features.declarations import ITEM_FEATURES_TABLE, USER_FEATURES_TABLE
from jobs.runtime.atomic_file import write_atomically
from jobs.tables.warehouse import Warehouse

ALL_TABLES: tuple[Table, ...] = (
    *(getattr(contract, name) for name in contract.__all__),
    FORGOTTEN,
    SOURCE_PARTS,
    LIVE_ITEM_COUNTS,
    LIVE_USER_COUNTS,
    ITEM_FEATURES_TABLE,
    USER_FEATURES_TABLE,
)
WITH_SHOPPERS = tuple(table for table in ALL_TABLES if "user_id" in table.column_names)
WITH_PAYLOADS = (REJECTED, PARKED)


def user_hash(salt: str, user_id: Column) -> Column:
    """The hash by which a forgotten shopper is known; without the salt an id could be found by trying."""
    return F.sha2(F.concat(F.lit(salt), user_id), 256)


def salt_of(folder: Path) -> str:
    """The warehouse's salt, made when it is missing; only its owner reads it."""
    place = folder / "forgotten.salt"
    if not place.exists():
        write_atomically(place, secrets.token_hex(16), mode=0o600)
    return place.read_text(encoding="ascii")


def mark_forgotten(tables: Warehouse, folder: Path, rows: DataFrame) -> DataFrame:
    """Rows of a source with user_id; those of forgotten shoppers become `filtered`, before any other judgement."""
    if not tables.exists(FORGOTTEN):
        return rows
    members = tables.read(FORGOTTEN).select("user_hash", F.lit(True).alias("is_forgotten"))
    known = F.coalesce("filtered", F.lit(False)) if "filtered" in rows.columns else F.lit(False)
    columns = [name for name in rows.columns if name != "filtered"]
    return (
        rows.withColumn("user_hash", user_hash(salt_of(folder), F.col("user_id").cast("string")))
        .join(F.broadcast(members), on="user_hash", how="left")
        .select(*columns, (known | F.col("is_forgotten").isNotNull()).alias("filtered"))
    )


def without_forgotten(tables: Warehouse, folder: Path, rows: DataFrame) -> DataFrame:
    """The rows, with user_id, but those of forgotten shoppers; `rows` may be a stream, which knows the list as it is
    when the query starts. `forget` lets no stream run beside it, so that is the list as it stands."""
    if not tables.exists(FORGOTTEN):
        return rows
    members = F.broadcast(tables.read(FORGOTTEN).select("user_hash"))
    hashed = rows.withColumn("user_hash", user_hash(salt_of(folder), F.col("user_id").cast("string")))
    return hashed.join(members, on="user_hash", how="left_anti").select(*rows.columns)


def remember_forgotten(tables: Warehouse, folder: Path, user_id: str) -> None:
    """Puts the shopper's hash on the list. It comes first: what follows can be repeated, a night in between cannot."""
    one = tables.spark.createDataFrame([(user_id,)], "user_id string")
    hashed = one.select(user_hash(salt_of(folder), F.col("user_id")).alias("user_hash"))
    known = tables.read_or_empty(FORGOTTEN)
    tables.replace(known.unionByName(hashed).distinct(), FORGOTTEN, None)


def erase_from_tables(tables: Warehouse, user_id: str, retain_hours: float) -> dict[str, int]:
    """Deletes the shopper's rows from all tables, purges and vacuums what held them; returns rows deleted by table.

    The shopper is named by a row to merge with, and not in the condition, because Delta writes conditions into its log.
    `retain_hours` is how long files of older versions stay for readers that have begun; 0 leaves nothing, and no table
    can be read as it was before.
    """
    from delta.tables import DeltaTable

    spark = tables.spark
    deleted: dict[str, int] = {}
    wanted = spark.createDataFrame([(user_id,)], "user_id string").alias("wanted")
    checked = spark.conf.get("spark.databricks.delta.retentionDurationCheck.enabled", "true")
    spark.conf.set("spark.databricks.delta.retentionDurationCheck.enabled", "false")
    try:
        for table in (*WITH_SHOPPERS, *WITH_PAYLOADS):
            if not tables.exists(table):
                continue
            stored, of_user = DeltaTable.forPath(spark, tables.path(table)), _names(table)
            rows = tables.read(table).alias("stored").join(F.broadcast(wanted), on=of_user, how="left_semi").count()
            if rows:
                stored.alias("stored").merge(wanted, of_user).whenMatchedDelete().execute()
                deleted[table.name] = rows
            # Rows marked as deleted beside their file are taken out of it; without such marks this does nothing.
            spark.sql(f"REORG TABLE delta.`{tables.path(table)}` APPLY (PURGE)")
            # Older versions may hold the shopper though the newest does not: a run again finishes an erasure.
            stored.vacuum(retain_hours)
    finally:
        spark.conf.set("spark.databricks.delta.retentionDurationCheck.enabled", str(checked))
    return deleted


def _names(table: Table) -> Column:
    """Whether a row of `stored` names the shopper of `wanted`."""
    user_id = F.col("wanted.user_id")
    if table not in WITH_PAYLOADS:
        return F.col("stored.user_id") == user_id
    # A payload is a row of the contract, or one of the store under the store's names: any value may be the id.
    values = F.map_values(F.from_json("stored.payload", "map<string,string>"))
    return F.exists(F.coalesce(values, F.array()), lambda value: value == user_id)
