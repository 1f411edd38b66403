"""Erases a shopper from every table and its history, and keeps later deliveries from bringing the shopper back."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from features import contract
from features.contract import DAILY_VISITOR, IDENTITIES, PARKED, REJECTED
from features.contract.forgotten import FORGOTTEN
from features.contract.live_counts import LIVE_ITEM_COUNTS, LIVE_USER_COUNTS
from features.contract.source_parts import SOURCE_PARTS
from features.contract.table import Table
from features.declarations import ITEM_FEATURES_TABLE, USER_FEATURES_TABLE
from features.visitors import actor, visitor_actor
from jobs.runtime.errors import LongtailError
from jobs.runtime.executor_files import on_one_machine
from jobs.runtime.storage import Storage
from jobs.tables.deletion_vectors import has_deletion_vectors
from jobs.tables.sql import sql_identifier
from jobs.tables.warehouse import Warehouse

if TYPE_CHECKING:
    from delta.tables import DeltaTable

ALL_TABLES: tuple[Table, ...] = (
    *(getattr(contract, name) for name in contract.__all__),
    FORGOTTEN,
    SOURCE_PARTS,
    LIVE_ITEM_COUNTS,
    LIVE_USER_COUNTS,
    ITEM_FEATURES_TABLE,
    USER_FEATURES_TABLE,
)
# The visitors of a shopper are known from identities, which is therefore erased last.
WITH_SHOPPERS = tuple(
    sorted((table for table in ALL_TABLES if "user_id" in table.column_names), key=lambda table: table is IDENTITIES)
)
WITH_VISITORS_ONLY = (DAILY_VISITOR,)
WITH_PAYLOADS = (REJECTED, PARKED)
SALT = "forgotten.salt"


def user_hash(salt: str, user_id: Column) -> Column:
    """Hash that identifies a forgotten shopper; without the salt, trying all ids would reveal the shopper."""
    return F.sha2(F.concat(F.lit(salt), user_id), 256)


def salt_of(files: Storage) -> str:
    """The warehouse's salt. Raises LongtailError where it is missing: a new one would identify no forgotten shopper."""
    salt = files.read(SALT)
    if not salt:
        raise LongtailError(
            f"{files.shown(SALT)}, without which no forgotten shopper is recognised, is missing.",
            "Restore it from a copy of the warehouse.",
        )
    return salt.decode("ascii")


def _create_salt(files: Storage) -> None:
    """One of several processes creates it; only its owner may read the file, in object stores readers of the bucket."""
    files.create(SALT, secrets.token_hex(16), private=True)


def mark_forgotten(tables: Warehouse, rows: DataFrame) -> DataFrame:
    """The rows of a source, which have user_id or visitor_id, with `filtered`, which comes before any other check: true
    also for those of forgotten shoppers, and for those of their visitors that name no shopper."""
    if not tables.exists(FORGOTTEN):
        return rows
    members = tables.read(FORGOTTEN).select("user_hash", F.lit(True).alias("is_forgotten"))
    known = F.coalesce("filtered", F.lit(False)) if "filtered" in rows.columns else F.lit(False)
    columns = [name for name in rows.columns if name != "filtered"]
    return (
        rows.withColumn("user_hash", user_hash(salt_of(tables.files), _whose(rows)))
        .join(members, on="user_hash", how="left")
        .select(*columns, (known | F.col("is_forgotten").isNotNull()).alias("filtered"))
    )


def without_forgotten(tables: Warehouse, rows: DataFrame) -> DataFrame:
    """The rows, which have user_id or visitor_id, without those of forgotten shoppers and of their visitors.

    rows: may be a stream, which reads the list when the query starts. `forget` does not run during a stream, so that
    the list stays up to date.
    """
    if not tables.exists(FORGOTTEN):
        return rows
    members = tables.read(FORGOTTEN).select("user_hash")
    hashed = rows.withColumn("user_hash", user_hash(salt_of(tables.files), _whose(rows)))
    return hashed.join(members, on="user_hash", how="left_anti").select(*rows.columns)


def _whose(rows: DataFrame) -> Column:
    """The actor of each row, of which a mapping may give other types than text and not all columns."""

    def text(name: str) -> Column:
        value = F.col(name).cast("string") if name in rows.columns else F.lit(None).cast("string")
        return F.when(F.trim(value) != "", value)

    return F.coalesce(text("user_id"), visitor_actor(text("visitor_id")))


def remember_forgotten(tables: Warehouse, user_id: str) -> None:
    """Adds the hashes of the shopper and of the visitors who were identified as the shopper to the list: before any
    erasure, so that no night ingests them in between."""
    if not tables.exists(FORGOTTEN):
        _create_salt(tables.files)
    actors = _wanted(tables, user_id).select(actor().alias("actor"))
    hashed = actors.select(user_hash(salt_of(tables.files), F.col("actor")).alias("user_hash"))
    known = tables.read_or_empty(FORGOTTEN)
    tables.replace(known.unionByName(hashed).distinct(), FORGOTTEN, None)


def erase_from_tables(tables: Warehouse, user_id: str, retain_hours: float) -> dict[str, int]:
    """Deletes the shopper's rows from all tables, then purges and vacuums their files; returns rows deleted by table.

    The rows of visitors who were identified as the shopper go too, unless they name another shopper: of a visitor of
    several shoppers no row without one says whose it is.

    The shopper is named by a row to merge with, and not in the condition, because Delta writes conditions into its log.

    retain_hours: how long files of older versions stay for readers that have started; with 0 none stay, and no table
        can be read as of an earlier version

    Raises LongtailError on a cluster if someone has given a table deletion vectors, before anything is deleted from it:
    the rows that they mark stay in its files until a purge, which Delta 4.4 can do in the driver's own process only.
    """
    spark = tables.spark
    deleted: dict[str, int] = {}
    persons = _wanted(tables, user_id).collect()  # before identities is erased
    wanted = spark.createDataFrame(persons, "user_id string, visitor_id string").alias("wanted")
    checked = spark.conf.get("spark.databricks.delta.retentionDurationCheck.enabled", "true")
    spark.conf.set("spark.databricks.delta.retentionDurationCheck.enabled", "false")
    try:
        for table in (*WITH_PAYLOADS, *WITH_VISITORS_ONLY, *WITH_SHOPPERS):
            if not tables.exists(table):
                continue
            stored, of_user = tables.to_change(table), _names(table)
            needs_purge = _needs_purge(tables, table, stored)
            rows = tables.read(table).alias("stored").join(F.broadcast(wanted), on=of_user, how="left_semi").count()
            if rows:
                stored.alias("stored").merge(wanted, of_user).whenMatchedDelete().execute()
                deleted[table.name] = rows
            tables.require_lock(table)
            if needs_purge:
                spark.sql(f"REORG TABLE delta.{sql_identifier(tables.path(table))} APPLY (PURGE)")
            # Also without rows in the newest version: older ones may hold them, if an erasure was interrupted.
            stored.vacuum(retain_hours)
    finally:
        spark.conf.set("spark.databricks.delta.retentionDurationCheck.enabled", str(checked))
    return deleted


def _wanted(tables: Warehouse, user_id: str) -> DataFrame:
    """user_id, visitor_id: the shopper, then each visitor who was identified as the shopper."""
    shopper = tables.spark.createDataFrame([(user_id, None)], "user_id string, visitor_id string")
    identities = tables.read_or_empty(IDENTITIES).where(F.col("user_id") == F.lit(user_id))
    visitors = identities.select(F.lit(None).cast("string").alias("user_id"), "visitor_id").distinct()
    return shopper.unionByName(visitors)


def _needs_purge(tables: Warehouse, table: Table, stored: DeltaTable) -> bool:
    if not has_deletion_vectors(stored):
        return False
    if not on_one_machine(tables.spark.sparkContext.master):
        raise LongtailError(
            f"The table {tables.path(table)} has deletion vectors, which Delta cannot purge on a cluster.",
            "Run forget again with --master local[*]; it continues where it stopped.",
        )
    return True


def _names(table: Table) -> Column:
    """Whether a row of `stored` names the shopper of `wanted`."""
    user_id, visitor_id = F.col("wanted.user_id"), F.col("wanted.visitor_id")
    if table in WITH_VISITORS_ONLY:
        return F.col("stored.visitor_id") == visitor_id
    if table not in WITH_PAYLOADS:
        shopper = F.col("stored.user_id") == user_id
        if "user_id" in table.required:
            return shopper
        return shopper | (F.col("stored.user_id").isNull() & (F.col("stored.visitor_id") == visitor_id))
    # A payload is a row of the contract, or a row of the store with the store's column names: any value may be the id.
    values = F.map_values(F.from_json("stored.payload", "map<string,string>"))
    return F.exists(F.coalesce(values, F.array()), lambda value: (value == user_id) | (value == visitor_id))
