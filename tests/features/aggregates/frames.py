"""Small events, written as short rows."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

from pyspark.sql import DataFrame, SparkSession

from features.aggregates.daily import daily_item, daily_pair
from features.aggregates.item_features import item_features, item_rows
from features.contract import DEMAND_FORECAST, EVENTS, ITEMS, PROMOTIONS, USERS

Event = tuple[str, str, str, datetime, int, str, str | None]


def at(month: int, day: int, hour: int = 0, minute: int = 0, second: int = 0) -> datetime:
    return datetime(2017, month, day, hour, minute, second, tzinfo=UTC)


def bought(user: str, item: str, when: datetime, price: str = "1.00", discount: str | None = None) -> Event:
    return (user, item, "purchase", when, 1, price, discount)


def returned(user: str, item: str, when: datetime) -> Event:
    return (user, item, "return", when, 1, "1.00", None)


def shown(user: str, item: str, when: datetime) -> Event:
    return (user, item, "exposure", when, 0, "0", None)


def events(spark: SparkSession, rows: list[Event], weight: float = 10.0) -> DataFrame:
    """Events in the contract's columns; exposures count `weight`, a basket is a shopper's day, the store is s1."""
    full = [
        dict.fromkeys(EVENTS.column_names)
        | {
            "event_id": f"e{number}", "user_id": user, "item_id": item, "event_type": kind, "event_time": when,
            "event_date": when.date(), "ingested_at": when, "quantity": quantity, "price": Decimal(price),
            "discount": None if discount is None else Decimal(discount), "store_id": "s1",
            "basket_id": f"{user}-{when:%m%d}", "sample_weight": weight if kind == "exposure" else 1.0,
        }
        for number, (user, item, kind, when, quantity, price, discount) in enumerate(rows)
    ]  # fmt: skip
    return spark.createDataFrame(full, EVENTS.schema)


def items(
    spark: SparkSession, rows: list[tuple[str, datetime, datetime | None, int | None]], title: str = "Tea"
) -> DataFrame:
    """One version an item: item_id, listed_at, withdrawn_at, stock_quantity."""
    full = [
        dict.fromkeys(ITEMS.column_names)
        | {
            "item_id": item, "valid_from": listed, "title": title, "stock_quantity": stock, "attributes": {},
            "listed_at": listed, "withdrawn_at": withdrawn, "updated_at": listed,
        }
        for item, listed, withdrawn, stock in rows
    ]  # fmt: skip
    return spark.createDataFrame(full, ITEMS.schema)


def users(spark: SparkSession, *rows: tuple[str, datetime]) -> DataFrame:
    return spark.createDataFrame([(user, since, {}, True, since) for user, since in rows], USERS.schema)


def features_of(
    spark: SparkSession, rows: list[Event], versions: DataFrame, days: tuple[date, ...], head_share: float = 0.8,
    response: str = "purchase", exits: DataFrame | None = None,
) -> DataFrame:  # fmt: skip
    """item_features of the dates from events, without promotions and forecasts."""
    pairs = as_table(daily_pair(events(spark, rows)))
    promotions, forecasts = (spark.createDataFrame([], table.schema) for table in (PROMOTIONS, DEMAND_FORECAST))
    of_days = as_table(daily_item(pairs, exits))
    of_items = item_rows(versions, of_days, pairs, promotions, days, 365, response)
    return item_features(of_items, forecasts, head_share)


def as_table(frame: DataFrame) -> DataFrame:
    """The rows as a night reads them from a table, without the plan that made them, which each use would plan again."""
    return frame.localCheckpoint()
