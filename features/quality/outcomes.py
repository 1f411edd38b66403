"""What becomes of each row of a source: exactly one outcome."""

from __future__ import annotations

from datetime import date

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from features.contract.table import Table
from features.quality.contract_checks import broken_rules

ACCEPTED, REJECTED, PARKED = "accepted", "rejected", "parked"
DUPLICATE, FILTERED, LATER = "duplicates", "filtered", "later"
OUTCOMES = (ACCEPTED, REJECTED, PARKED, DUPLICATE, FILTERED, LATER)
SEVERAL_CONTENTS = "several_contents_for_one_key"


def with_outcome(frame: DataFrame, table: Table, time: str, before: date) -> DataFrame:
    """Adds `outcome` and `reason` to rows with the table's columns and `filtered`.

    Left out by the mapping: filtered. Breaking the contract: rejected, with the names of the rules. At or after
    `before` by the column `time`: later. Anything else: accepted.
    """
    reason = F.when(~F.col("filtered"), broken_rules(table)).otherwise(F.lit(""))
    outcome = (
        F.when(F.col("filtered"), F.lit(FILTERED))
        .when(F.col("reason") != "", F.lit(REJECTED))
        .when(F.col(time) >= F.lit(before), F.lit(LATER))
        .otherwise(F.lit(ACCEPTED))
    )
    return frame.withColumn("reason", reason).select(*table.column_names, outcome.alias("outcome"), "reason")


def park_unknown(judged: DataFrame, key: str, known: DataFrame, what: str) -> DataFrame:
    """Accepted rows whose `key` is not in `known` (one column of that name, unique) become parked: unknown `what`."""
    members = known.select(key, F.lit(True).alias("is_known"))
    unknown = (F.col("outcome") == ACCEPTED) & F.col("is_known").isNull()
    columns = [column for column in judged.columns if column not in ("outcome", "reason")]
    return judged.join(members, on=key, how="left").select(
        *columns,
        F.when(unknown, F.lit(PARKED)).otherwise(F.col("outcome")).alias("outcome"),
        F.when(unknown, F.lit(f"unknown {what}")).otherwise(F.col("reason")).alias("reason"),
    )


def repeated_keys(judged: DataFrame, table: Table) -> DataFrame:
    """key_hash: hashes of keys that more than one row to be kept has; nearly always none.

    Hashes of 64 bits are shuffled instead of keys. Keys that only share a hash are told apart by `judge_repeats`.
    """
    # Rows are spread by the hash first: as keys differ, an aggregation before the shuffle would only fill memory.
    hashes = judged.where(F.col("outcome").isin(ACCEPTED, PARKED)).select(_hash(table).alias("key_hash"))
    return (
        hashes.repartition("key_hash")
        .groupBy("key_hash")
        .agg(F.count(F.lit(1)).alias("rows"))
        .where(F.col("rows") > 1)
        .select("key_hash")
    )


def judge_repeats(judged: DataFrame, table: Table, repeated: DataFrame) -> DataFrame:
    """Of equal rows with one key all but one become duplicates; rows that differ under one key are all rejected.

    `repeated` comes from `repeated_keys`; only rows whose key it names are sorted.
    """
    kept = F.col("outcome").isin(ACCEPTED, PARKED)
    hashed = judged.withColumn("key_hash", F.when(kept, _hash(table)))
    listed = F.broadcast(repeated)
    others = hashed.join(listed, on="key_hash", how="left_anti").select(*judged.columns)
    content = F.to_json(F.struct(*table.column_names))
    same_key = Window.partitionBy(*table.key)
    whole = same_key.rowsBetween(Window.unboundedPreceding, Window.unboundedFollowing)
    in_order = same_key.orderBy("content").rowsBetween(Window.unboundedPreceding, Window.currentRow)
    suspects = (
        hashed.join(listed, on="key_hash", how="left_semi")
        .withColumn("content", content)
        .withColumn("differs", F.min("content").over(whole) != F.max("content").over(whole))
        .withColumn("place", F.row_number().over(in_order))
    )
    outcome = (
        F.when(F.col("differs"), F.lit(REJECTED)).when(F.col("place") > 1, F.lit(DUPLICATE)).otherwise(F.col("outcome"))
    )
    reason = F.when(F.col("differs"), F.lit(SEVERAL_CONTENTS)).otherwise(F.col("reason"))
    return others.unionByName(suspects.select(*table.column_names, outcome.alias("outcome"), reason.alias("reason")))


def refused_rows(judged: DataFrame, table: Table, outcome: str) -> DataFrame:
    """table, row_id, reason, payload of the rows with this outcome, as `rejected` and `parked` keep them.

    row_id is the key's values joined by '|', or the SHA-256 of the payload where one is missing; a row_id that comes
    again gets #2, #3 and so on, by payload.
    """
    whole_key = F.concat_ws("|", *(F.col(name).cast("string") for name in table.key))
    has_key = F.lit(True)
    for name in table.key:
        has_key = has_key & F.col(name).isNotNull() & (F.trim(F.col(name).cast("string")) != "")
    same_id = Window.partitionBy("id").orderBy("payload").rowsBetween(Window.unboundedPreceding, Window.currentRow)
    rows = (
        judged.where(F.col("outcome") == outcome)
        .withColumn("payload", F.to_json(F.struct(*table.column_names)))
        .withColumn("id", F.when(has_key, whole_key).otherwise(F.sha2("payload", 256)))
        .withColumn("place", F.row_number().over(same_id))
    )
    return rows.select(
        F.lit(table.name).alias("table"),
        F.when(F.col("place") == 1, F.col("id")).otherwise(F.concat_ws("#", "id", "place")).alias("row_id"),
        "reason",
        "payload",
    )


def _hash(table: Table) -> Column:
    return F.xxhash64(*table.key)
