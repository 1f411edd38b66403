"""How active a sample's shoppers were before its cut, and since when they are known to respond."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import functions as F

from features.contract import EVENTS
from features.contract.responses import PURCHASE
from jobs.execution.night import Night
from jobs.relevance.samples import Sample
from model.fusion.inputs import ACTIVITY

_RECENT_DAYS = 28
_AGE = "days_since_first_purchase"


@dataclass(frozen=True)
class ShopperActivity:
    """recent: [B], in the order of activity in the last 28 days; log_age: [B] log(1 + days since the first response),
    infinite without one, or None where the model does not read it"""

    recent: np.ndarray
    log_age: np.ndarray | None


def shopper_activity(night: Night, cut: date, sample: Sample) -> ShopperActivity:
    """By purchases from the model's own inputs, by any other response from the events of the sample's shoppers."""
    response = night.conf.relevance.target
    if response == PURCHASE:
        names, values = sample.inputs.user_features, sample.block.user_features
        age = values[:, names.index(_AGE)] if _AGE in names else None
        return ShopperActivity(values[:, names.index(ACTIVITY)], age)
    shoppers = night.spark.createDataFrame(pa.table({"user_id": sample.user_ids}))
    recent = F.col("event_date") >= F.lit(cut - timedelta(days=_RECENT_DAYS))
    rows = (
        night.tables.read(EVENTS)
        .where((F.col("event_type") == response) & (F.col("event_date") < F.lit(cut)))
        .join(F.broadcast(shoppers), on="user_id", how="left_semi")
        .groupBy("user_id")
        .agg(F.count_if(recent).alias("recent"), F.date_diff(F.lit(cut), F.min("event_date")).alias("age"))
        .toArrow()
    )
    row = pc.index_in(sample.user_ids, rows["user_id"].combine_chunks())
    recent_count, age = (pc.take(rows[name].combine_chunks(), row) for name in ("recent", "age"))
    return ShopperActivity(
        pc.fill_null(recent_count, 0).to_numpy(zero_copy_only=False).astype(np.float64),
        np.log1p(pc.fill_null(pc.cast(age, pa.float64()), np.inf).to_numpy(zero_copy_only=False)),
    )
