"""Partial sums of one day: what every window is summed from."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from features.contract import DAILY_ITEM, DAILY_PAIR, DAILY_USER
from features.contract.money import in_money, minor_units

_COUNTED = ("purchase", "return", "exposure", "click", "cart")
_PARTS_OF_THE_DAY = ("night", "morning", "afternoon", "evening")


def daily_pair(events: DataFrame, earlier: DataFrame | None = None) -> DataFrame:
    """The columns of `daily_pair` from events of the contract; reviews and searches leave no partial.

    earlier: rows of daily_pair before the days of `events`, which say when a pair was bought last; None for none.
    """
    bought = F.col("purchases_count") > 0
    # The days of one pair meet in one partition, so the sums of a day and its predecessors take one shuffle.
    sums = (
        _counted(events)
        .repartition("user_id", "item_id")
        .groupBy("day", "user_id", "item_id")
        .agg(*_sums())
        .withColumn("bought", bought)
    )
    days = Window.partitionBy("user_id", "item_id", "bought").orderBy("day")
    rows = sums.withColumn("previous_day", F.lag("day", 1).over(days)).withColumn(
        "earlier_day", F.lag("day", 2).over(days)
    )
    if earlier is not None:
        rows = _continued(rows, earlier)
    return rows.select(
        *(
            F.when(F.col("bought"), F.col(name)).alias(name) if name.endswith("_day") else _typed(name)
            for name in DAILY_PAIR.column_names
        )
    )


def daily_item(pairs: DataFrame) -> DataFrame:
    """The columns of `daily_item` from those of `daily_pair`."""
    bought = F.col("purchases_count") > 0
    summed = (
        _summable(pairs)
        .groupBy("day", "item_id")
        .agg(
            *_totals("clicks_weight", "carts_weight"),
            F.count_if(bought).alias("buyers_count"),
            F.count_if(bought & F.col("previous_day").isNull()).alias("new_buyers_count"),
        )
    )
    return summed.select(*map(_typed, DAILY_ITEM.column_names))


def daily_user(pairs: DataFrame, events: DataFrame) -> DataFrame:
    """The columns of `daily_user` from those of `daily_pair` and the purchases of the same days.

    Purchases without a basket form none.
    """
    bought = F.col("purchases_count") > 0
    summed = (
        _summable(pairs)
        .groupBy("day", "user_id")
        .agg(
            *_totals(),
            F.count_if(bought).alias("items_count"),
            F.count_if(bought & F.col("previous_day").isNull()).alias("new_items_count"),
        )
    )
    whole = summed.join(_visits(events), on=["day", "user_id"], how="left")
    counts = ["baskets_count", *(f"{part}_count" for part in _PARTS_OF_THE_DAY)]
    filled = whole.na.fill(0, counts).withColumn("stores", F.coalesce("stores", F.array().cast("array<string>")))
    return filled.select(*map(_typed, DAILY_USER.column_names))


def _counted(events: DataFrame) -> DataFrame:
    return events.where(F.col("event_type").isin(*_COUNTED)).select(
        F.col("event_date").alias("day"),
        "user_id",
        "item_id",
        "event_type",
        "quantity",
        minor_units("price").alias("price"),
        minor_units("discount").alias("discount"),
        "sample_weight",
    )


def _sums() -> list[Column]:
    def of(kind: str, column: str, nothing: float) -> Column:
        return F.coalesce(F.sum(F.when(F.col("event_type") == kind, F.col(column))), F.lit(nothing))

    def lines(kind: str) -> Column:
        return F.count_if(F.col("event_type") == kind)

    return [
        lines("purchase").alias("purchases_count"),
        of("purchase", "quantity", 0).alias("units_sum"),
        of("purchase", "price", 0).alias("spend_sum"),
        of("purchase", "discount", 0).alias("discount_sum"),
        F.count_if((F.col("event_type") == "purchase") & (F.col("discount") > 0)).alias("discounted_count"),
        lines("return").alias("returns_count"),
        of("exposure", "sample_weight", 0.0).alias("exposures_weight"),
        of("click", "sample_weight", 0.0).alias("clicks_weight"),
        of("cart", "sample_weight", 0.0).alias("carts_weight"),
    ]


def _continued(rows: DataFrame, earlier: DataFrame) -> DataFrame:
    """Takes the two last days of a purchase of each pair before these rows into account."""
    pair = F.xxhash64("user_id", "item_id").alias("pair")
    # A sieve of numbers is small enough to be sent to where all earlier days lie; what passes it in error does no harm.
    asked = rows.where("bought").select(pair).distinct()
    last = (
        earlier.where(F.col("purchases_count") > 0)
        .select("user_id", "item_id", "day", "previous_day", pair)
        .join(asked, on="pair", how="left_semi")
        .groupBy("user_id", "item_id")
        .agg(F.max("day").alias("last_day"), F.max_by("previous_day", "day").alias("day_before_last"))
    )
    first = F.col("previous_day").isNull()
    second = F.col("earlier_day").isNull()
    return (
        rows.join(last, on=["user_id", "item_id"], how="left")
        .withColumn(
            "earlier_day",
            F.when(first, F.col("day_before_last")).when(second, F.col("last_day")).otherwise(F.col("earlier_day")),
        )
        .withColumn("previous_day", F.coalesce("previous_day", "last_day"))
        .select(*rows.columns)
    )


def _summable(pairs: DataFrame) -> DataFrame:
    money = {name: minor_units(name) for name in ("spend_sum", "discount_sum")}
    responded = F.when(F.col("purchases_count") > 0, F.col("exposures_weight")).otherwise(F.lit(0.0))
    return pairs.withColumns({**money, "responses_weight": responded})


def _totals(*further: str) -> list[Column]:
    names = (
        "purchases_count", "units_sum", "spend_sum", "discount_sum", "discounted_count", "returns_count",
        "exposures_weight", "responses_weight", *further,
    )  # fmt: skip
    return [F.sum(name).alias(name) for name in names]


def _visits(events: DataFrame) -> DataFrame:
    """day, user_id, baskets_count, stores and the purchase lines of each part of the day."""
    # Not F.hour, which depends on the session's time zone.
    part = F.expr("pmod(unix_micros(event_time), 86400000000) div 21600000000")
    trips = (
        events.where(F.col("event_type") == "purchase")
        .groupBy(F.col("event_date").alias("day"), "user_id", "basket_id", "store_id", part.alias("part"))
        .agg(F.count(F.lit(1)).alias("lines"))
    )
    return trips.groupBy("day", "user_id").agg(
        F.size(F.collect_set("basket_id")).cast("long").alias("baskets_count"),
        F.array_sort(F.collect_set("store_id")).alias("stores"),
        *(
            F.sum(F.when(F.col("part") == number, F.col("lines")).otherwise(F.lit(0))).alias(f"{name}_count")
            for number, name in enumerate(_PARTS_OF_THE_DAY)
        ),
    )


def _typed(name: str) -> Column:
    return in_money(name).alias(name) if name in ("spend_sum", "discount_sum") else F.col(name)
