"""Partial sums of one day, from which every window is summed."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from features.contract import DAILY_ITEM, DAILY_PAIR, DAILY_USER, DAILY_VISITOR
from features.contract.money import in_money, minor_units
from features.contract.table import Column as Declared
from features.contract.table import Table
from features.derived.clock import hour_of_day
from features.visitors import KNOWN_DATE, visitor_actor

_COUNTED = sorted({column.event for column in DAILY_PAIR.columns if column.event})
_PARTS_OF_THE_DAY = ("night", "morning", "afternoon", "evening")


def daily_pair(events: DataFrame, earlier: DataFrame | None = None, joined: DataFrame | None = None) -> DataFrame:
    """The columns of `daily_pair` from shoppers' events; a type of which it has no column leaves no row.

    earlier: rows of daily_pair before the days of `events`, for the last purchase days of a pair; None for none
    joined: events of `features.visitors.identified`, which count on their KNOWN_DATE; None in a store without any
    """
    bought = F.col("purchases_count") > 0
    counted = _counted(events).withColumn("joined", F.lit(False))
    if joined is not None:
        counted = counted.unionByName(_counted(on_known_date(joined)).withColumn("joined", F.lit(True)))
    # The days of one pair meet in one partition, so the sums of a day and its predecessors take one shuffle.
    sums = (
        counted.repartition("user_id", "item_id")
        .groupBy("day", "user_id", "item_id", "joined")
        .agg(*_sums())
        .withColumn("bought", bought)
    )
    days = Window.partitionBy("user_id", "item_id", "bought").orderBy("day", "joined")
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


def daily_visitor(events: DataFrame, earlier: DataFrame | None = None) -> DataFrame:
    """The columns of `daily_visitor` from events of visitors without a shopper; see `daily_pair`."""
    as_shoppers = events.withColumn("user_id", F.col("visitor_id"))
    if earlier is not None:
        earlier = earlier.withColumns({"user_id": F.col("visitor_id"), "joined": F.lit(False)})
    rows = daily_pair(as_shoppers, earlier).withColumnRenamed("user_id", "visitor_id")
    return rows.select(*DAILY_VISITOR.column_names)


def pairs_of_items(pairs: DataFrame, visitors: DataFrame | None) -> DataFrame:
    """The rows that items count: those of shoppers on the day of their events, and those of visitors as their actor's.

    pairs: of daily_pair; visitors: of daily_visitor, None in a store without any
    """
    own = pairs.where(~F.col("joined"))
    if visitors is None:
        return own
    as_pairs = visitors.withColumns({"user_id": visitor_actor(F.col("visitor_id")), "joined": F.lit(False)})
    return own.unionByName(as_pairs.select(*pairs.columns))


def on_known_date(joined: DataFrame) -> DataFrame:
    """The events of `features.visitors.identified` as of the day on which they were known to be the shopper's."""
    return joined.withColumn("event_date", F.col(KNOWN_DATE)).drop(KNOWN_DATE)


def daily_item(pairs: DataFrame, exits: DataFrame | None = None) -> DataFrame:
    """The columns of `daily_item` from `pairs_of_items`.

    exits: of `features.aggregates.exits.exits` for the same days; None for days without a view
    """
    bought = F.col("purchases_count") > 0
    summed = (
        _summable(pairs)
        .groupBy("day", "item_id")
        .agg(
            *_totals(DAILY_ITEM),
            F.count_if(bought).alias("buyers_count"),
            F.count_if(bought & F.col("previous_day").isNull()).alias("new_buyers_count"),
        )
    )
    if exits is None:
        rows = summed.withColumn("exits_weight", F.lit(0.0))
    else:
        rows = summed.join(exits, on=["day", "item_id"], how="left").na.fill(0.0, ["exits_weight"])
    return rows.select(*map(_typed, DAILY_ITEM.column_names))


def daily_user(pairs: DataFrame, events: DataFrame, zone: str = "UTC") -> DataFrame:
    """The columns of `daily_user` from those of `daily_pair` and the purchases of the same days, joined ones included.

    Purchases without a basket form none.

    zone: the store's, by whose clock the parts of the day are
    """
    bought = F.col("purchases_count") > 0
    summed = (
        _summable(pairs)
        .groupBy("day", "user_id")
        .agg(
            *_totals(DAILY_USER),
            # A joined purchase of an item that the shopper bought on that day as well has that day before it.
            F.count_if(bought & F.coalesce(F.col("previous_day") < F.col("day"), F.lit(True))).alias("items_count"),
            F.count_if(bought & F.col("previous_day").isNull()).alias("new_items_count"),
        )
    )
    joined = summed.join(_visits(events, zone), on=["day", "user_id"], how="left")
    counts = ["baskets_count", *(f"{part}_count" for part in _PARTS_OF_THE_DAY)]
    filled = joined.na.fill(0, counts).withColumn("stores", F.coalesce("stores", F.array().cast("array<string>")))
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
    return [
        _sum(column).alias(column.name)
        for column in DAILY_PAIR.columns
        if column.event and not column.name.endswith("_day")
    ]


def _sum(column: Declared) -> Column:
    """A day's value of a column, as the contract declares it.

    <what>_count: number of its events, of those above 0 in the column `of` if there is one; any other: the sum of `of`
    """
    happened = F.col("event_type") == F.lit(column.event)
    if column.of is None:
        return F.count_if(happened)
    if column.name.endswith("_count"):
        return F.count_if(happened & (F.col(column.of) > 0))
    return F.coalesce(F.sum(F.when(happened, F.col(column.of))), F.lit(0))


def _continued(rows: DataFrame, earlier: DataFrame) -> DataFrame:
    """The rows with the last two purchase days of each pair before them."""
    pair = F.xxhash64("user_id", "item_id").alias("pair")
    # Pre-filter by a 64-bit hash of the pair, small enough to broadcast; a collision only keeps an extra row.
    wanted = rows.where("bought").select(pair).distinct()
    last = (
        earlier.where(F.col("purchases_count") > 0)
        .select("user_id", "item_id", "day", "joined", "previous_day", pair)
        .join(wanted, on="pair", how="left_semi")
        .groupBy("user_id", "item_id")
        .agg(
            F.max("day").alias("last_day"), F.max_by("previous_day", F.struct("day", "joined")).alias("day_before_last")
        )
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


def _totals(table: Table) -> list[Column]:
    """The columns of a table that are sums of those of `daily_pair`."""
    summable = {name for name in DAILY_PAIR.column_names if name not in DAILY_PAIR.key} | {"responses_weight"}
    return [F.sum(name).alias(name) for name in table.column_names if name in summable]


def _visits(events: DataFrame, zone: str) -> DataFrame:
    """day, user_id, baskets_count, stores and the purchase lines of each part of the day."""
    part = F.floor(hour_of_day(F.col("event_time"), zone) / 6)
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
