"""Pairs that a log shows for the first time."""

from __future__ import annotations

from datetime import date, timedelta

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from features.contract import DAILY_PAIR
from jobs.tables.warehouse import Warehouse

_DAYS = 28  # after so many days without an exposure a pair counts as new


def not_shown_before(tables: Warehouse, exposures: DataFrame, first: date) -> DataFrame:
    """The exposures of shoppers to items that no placement showed them in the 28 days before `first`.

    Interest falls with repetition, so the first exposure that a log holds of a pair is no fresh one if others were
    before it, and such pairs are at the top of stable lists.

    exposures: user_id, item_id and any others, none before `first`
    """
    since = first - timedelta(days=_DAYS)
    days = tables.read_or_empty(DAILY_PAIR).where((F.col("day") >= F.lit(since)) & (F.col("day") < F.lit(first)))
    shown = days.where("exposures_weight > 0").select("user_id", "item_id")
    shoppers = exposures.select("user_id").distinct()
    before = shown.join(shoppers, on="user_id", how="left_semi").distinct()
    return exposures.join(before, on=["user_id", "item_id"], how="left_anti")
