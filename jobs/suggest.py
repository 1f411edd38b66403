"""Suggests prices by category and judges the stock of each item, for people to decide on; it applies nothing."""

from __future__ import annotations

import numpy as np
from pyspark.sql import DataFrame, Observation
from pyspark.sql import functions as F

from features.contract import ITEMS, PRICE_SUGGESTIONS, STOCK_SUGGESTIONS
from features.contract.stock_suggestions import STATES
from features.declarations import ITEM_FEATURES_TABLE
from features.demand.stock import stock_suggestions
from features.derived.catalogue import is_listed
from features.point_in_time import versions_at
from jobs.execution.command import main_of
from jobs.execution.night import Night
from jobs.forecasting.price_changes import price_suggestions


def suggest(night: Night) -> None:
    """Suggests prices by category and judges the stock of each item, for people to decide on; it applies nothing.

    Reads daily_item, items and promotions of suggestions.price_weeks weeks and writes price_suggestions, where that is
    above 0; reads item_features of the night and writes stock_suggestions, where suggestions.lead_days is above 0.
    On the driver is a row a category.
    """
    conf, record = night.conf.suggestions, night.record
    if not (conf.of_prices or conf.of_stock):
        record.status = "skipped"
        return
    if conf.of_prices:
        _suggest_prices(night)
    if conf.of_stock:
        _judge_stock(night)


def _suggest_prices(night: Night) -> None:
    rows = price_suggestions(night)
    typed = rows.astype(object).replace({np.nan: None})
    frame = night.spark.createDataFrame([tuple(row) for row in typed.to_numpy()], PRICE_SUGGESTIONS.schema)
    night.tables.replace_date(frame.coalesce(1), PRICE_SUGGESTIONS, night.as_of)
    night.record.rows |= {f"prices_{verdict}": int(count) for verdict, count in rows["verdict"].value_counts().items()}


def _judge_stock(night: Night) -> None:
    conf, tables = night.conf.suggestions, night.tables
    listed = versions_at(tables.read(ITEMS), [night.as_of], "item_id").where(is_listed()).select("item_id")
    items = tables.read_date(ITEM_FEATURES_TABLE, night.as_of).join(listed, on="item_id", how="left_semi")
    judged = stock_suggestions(items, conf.lead_days, conf.service_level, conf.overstock_days)
    counts = Observation()
    rows = _counted(judged.select(F.lit(night.as_of).alias("as_of"), "*"), counts)
    tables.replace_date(rows, STOCK_SUGGESTIONS, night.as_of)
    night.record.rows |= counts.get


def _counted(rows: DataFrame, counts: Observation) -> DataFrame:
    by_state = [F.count_if(F.col("stock_state") == state).alias(f"stock_{state}") for state in STATES]
    return rows.observe(counts, by_state[0], *by_state[1:])


if __name__ == "__main__":
    main_of(suggest)
