"""Expected visits of the night's shoppers, from the lists that they asked for."""

from __future__ import annotations

import numpy as np
import pandas as pd
from pyspark.sql import functions as F

from features.contract import EVENTS
from jobs.execution.night import Night
from model.exposure.visits import expected_visits

# Counts over so many days. They differ between shoppers who come daily, whose visit_probability is near 1 for all.
_ACTIVITY = {"visit_days_90d": 90, "baskets_count_90d": 90, "purchases_count_28d": 28, "purchases_count_90d": 90}
LEAST_DAYS = 28
VISIT_COLUMNS = ("user_id", "visit_probability", "days_since_signed_up", *_ACTIVITY)


def planned_visits(night: Night, users: pd.DataFrame) -> np.ndarray:
    """float64 (users): lists that each shopper is expected to ask for in a day.

    users: VISIT_COLUMNS. Returns visit_probability where the store logged no exposure of the placement in the last
    account.nights days. A shopper's day with more exposures than account.most_exposures_a_day is bot traffic and counts
    as a day without requests.
    """
    conf, as_of = night.conf, F.lit(night.as_of)
    first = F.date_sub(as_of, conf.account.nights)
    exposures = night.tables.read_or_empty(EVENTS).where(
        (F.col("event_date") >= first)
        & (F.col("event_date") < as_of)
        & (F.col("event_type") == "exposure")
        & (F.col("placement") == conf.plan.placement)
    )
    # Without request ids, exposures of one moment count as one list. A sampled row counts as several requests.
    request = F.coalesce("request_id", F.col("event_time").cast("string")).alias("request")
    by_request = exposures.groupBy("user_id", "event_date", request).agg(
        F.max("sample_weight").alias("requests"), F.sum("sample_weight").alias("exposures")
    )
    by_day = by_request.groupBy("user_id", "event_date").agg(
        F.sum("requests").alias("requests"), F.sum("exposures").alias("exposures")
    )
    logged = by_day.agg(F.date_diff(as_of, F.min("event_date")).alias("days")).first()
    probability = users["visit_probability"].to_numpy(dtype=np.float64)
    if logged is None or logged["days"] is None:
        return probability
    by_people = by_day.where(F.col("exposures") <= conf.account.most_exposures_a_day)
    sums = by_people.groupBy("user_id").agg(F.sum("requests").alias("requests")).toPandas()
    requests = users["user_id"].map(sums.set_index("user_id")["requests"]).fillna(0.0).to_numpy(dtype=np.float64)
    since = users["days_since_signed_up"].to_numpy(dtype=np.float64)
    # One basket on the first day is not one basket a day: rates are over four weeks at least, as visit_probability is.
    activity = [
        users[name].to_numpy(dtype=np.float64) / np.clip(since, LEAST_DAYS, most) for name, most in _ACTIVITY.items()
    ]
    return expected_visits(probability, requests, np.clip(since, 1.0, float(logged["days"])), activity)
