"""The history of items and the present state of shoppers, from observations."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from features.contract import ITEMS, USERS

_TIMES = ("valid_from", "valid_to", "listed_at", "updated_at")


def item_versions(known: DataFrame, observed: DataFrame, unseen_days: int | None) -> DataFrame:
    """The columns of `items`: a version for each span in which an item did not change.

    A version ends at the start of the next. With `unseen_days`, an item that is not seen for so many days is withdrawn,
    and listed again if it is seen later; otherwise withdrawn_at is part of the content.

    known: versions; an item was seen with its content from valid_from to updated_at
    observed: single observations (updated_at = valid_from), which replace a version of the same valid_from
    """
    newest_first = (
        Window.partitionBy("item_id", "valid_from")
        .orderBy(F.desc("fresh"))
        .rowsBetween(Window.unboundedPreceding, Window.currentRow)
    )
    seen = (
        known.withColumn("fresh", F.lit(0))
        .unionByName(observed.withColumn("fresh", F.lit(1)))
        .withColumn("place", F.row_number().over(newest_first))
        .where(F.col("place") == 1)
    )
    content = [name for name in ITEMS.column_names if name not in ("item_id", *_TIMES)]
    if unseen_days is not None:
        content.remove("withdrawn_at")
    by_time = Window.partitionBy("item_id").orderBy("valid_from")
    earlier, so_far = (
        by_time.rowsBetween(Window.unboundedPreceding, -1),
        by_time.rowsBetween(Window.unboundedPreceding, 0),
    )
    seen = seen.withColumn("content", F.xxhash64(*(_hashable(name) for name in content)))
    last_seen = F.max("updated_at").over(earlier)
    relisted = last_seen.isNull()
    if unseen_days is not None:
        relisted = relisted | (F.col("valid_from") >= last_seen + F.expr(f"INTERVAL {unseen_days} DAYS"))
    changed = F.col("content") != F.lag("content").over(by_time)
    spans = (
        seen.withColumn("relisted", relisted)
        .withColumn("begins", F.col("relisted") | F.coalesce(changed, F.lit(True)))
        .withColumn("listing", F.sum(F.col("relisted").cast("int")).over(so_far))
        .withColumn("version", F.sum(F.col("begins").cast("int")).over(so_far))
    )
    versions = spans.groupBy("item_id", "listing", "version").agg(
        F.min("valid_from").alias("valid_from"),
        F.min("listed_at").alias("listed_at"),
        F.max("updated_at").alias("updated_at"),
        *(F.min_by(name, "valid_from").alias(name) for name in content),
    )
    of_listing = Window.partitionBy("item_id", "listing")
    listed = versions.withColumn("listed_at", F.min("listed_at").over(of_listing)).withColumn(
        "valid_to", F.lead("valid_from").over(Window.partitionBy("item_id").orderBy("valid_from"))
    )
    if unseen_days is not None:
        until = F.max("updated_at").over(of_listing) + F.expr(f"INTERVAL {unseen_days} DAYS")
        listed = listed.withColumn("withdrawn_at", until)
    return listed.select(*ITEMS.column_names)


def listed_items(known: DataFrame, moment: Column) -> DataFrame:
    """The newest versions of the items that are listed at the moment, of versions with the columns of `items`."""
    not_withdrawn = F.col("withdrawn_at").isNull() | (F.col("withdrawn_at") > moment)
    return known.where(F.col("valid_to").isNull() & not_withdrawn & (F.col("listed_at") < moment))


def withdrawn_items(known: DataFrame, offered: DataFrame, moment: Column) -> DataFrame:
    """Observations, with the columns of `items`, that withdraw the listed items which `offered` (item_id) lacks."""
    gone = listed_items(known, moment).join(offered, on="item_id", how="left_anti")
    withdrawn = dict.fromkeys(("valid_from", "updated_at", "withdrawn_at"), moment)
    return gone.select(*(withdrawn.get(name, F.col(name)).alias(name) for name in ITEMS.column_names))


def relisted_items(observed: DataFrame, known: DataFrame, moment: Column) -> DataFrame:
    """The observations; the newest one of an item that was withdrawn since then gets `moment` as its time.

    A catalogue has the time at which an item was changed, not at which it came back.
    """
    withdrawn = known.where(F.col("valid_to").isNull() & F.col("withdrawn_at").isNotNull())
    withdrawn = withdrawn.select("item_id", F.col("valid_from").alias("left_at"))
    of_item = Window.partitionBy("item_id").rowsBetween(Window.unboundedPreceding, Window.unboundedFollowing)
    newest = F.col("valid_from") == F.max("valid_from").over(of_item)
    back = newest & F.col("withdrawn_at").isNull() & (F.col("valid_from") <= F.col("left_at"))
    return (
        observed.join(withdrawn, on="item_id", how="left")
        .withColumn("back", F.coalesce(back, F.lit(False)))
        .select(
            *(
                F.when(F.col("back"), moment).otherwise(F.col(name)).alias(name)
                if name in ("valid_from", "updated_at")
                else F.col(name)
                for name in ITEMS.column_names
            )
        )
    )


def newest_users(known: DataFrame, observed: DataFrame) -> DataFrame:
    """The columns of `users`: the newest observation of each shopper, with the first sign-up of all observations."""
    newest = F.struct("updated_at", "fresh")
    return (
        known.withColumn("fresh", F.lit(0))
        .unionByName(observed.withColumn("fresh", F.lit(1)))
        .groupBy("user_id")
        .agg(
            F.min("signed_up_at").alias("signed_up_at"),
            F.max("updated_at").alias("updated_at"),
            *(F.max_by(name, newest).alias(name) for name in ("attributes", "consent_personalisation")),
        )
        .select(*USERS.column_names)
    )


def _hashable(name: str) -> Column:
    column = F.col(name)
    # Maps cannot be hashed, and NULL has to differ from the empty list and from a neighbour's value.
    if name == "attributes":
        column = F.array_sort(F.map_entries(column))
    return F.to_json(F.struct(column.alias("v")))
