"""The account of the last nights: planned against logged exposure, written to `exposure_account`."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from features.contract import EVENTS, EXPOSURE_ACCOUNT, EXPOSURE_SCORES, ITEM_EXPOSURE, ITEMS, METRICS
from features.declarations import ITEM_FEATURES_TABLE
from features.delivery.account import accounts, unlogged_accounts
from features.delivery.attribution import attributed, clicks_by_position
from features.delivery.judging import COUNTED, event_counts, nights_of_days, with_verdict
from features.point_in_time import versions_at
from jobs.runtime.logs import event
from jobs.runtime.night import Night
from model.policy_evaluation.position_bias import position_bias

PREFIX = "delivery_"  # of the names in metrics
_RESPONSES = ("click", "cart", "purchase")


def planned_nights(night: Night) -> list[date]:
    """The nights before tonight that were planned and are accounted anew, the oldest first."""
    since = night.as_of - timedelta(days=night.conf.account.nights)
    rows = night.tables.read_or_empty(ITEM_EXPOSURE).where(
        (F.col("as_of") >= F.lit(since)) & (F.col("as_of") < F.lit(night.as_of)) & _policy(night)
    )
    return sorted(row["as_of"] for row in rows.select("as_of").distinct().collect())


def keep_accounts(night: Night, nights: list[date]) -> None:
    """Writes the accounts of these nights anew, and the counts of the events that went into them to `metrics`."""
    if not nights:
        night.tables.replace_date(
            night.spark.createDataFrame([], EXPOSURE_ACCOUNT.schema), EXPOSURE_ACCOUNT, night.as_of
        )
        night.record.decisions["accounted"] = "no earlier night was planned"
        return
    days = nights_of_days(night.spark, nights, night.as_of)
    judged = _judged(night, days).persist()
    lives = days.select("as_of", "live_days").distinct()
    planned = _planned(night, ITEM_EXPOSURE, nights).join(lives, on="as_of", how="inner")
    if judged.isEmpty():
        rows, weights = unlogged_accounts(planned), []
    else:
        counted = judged.where(F.col("verdict") == COUNTED)
        responses = _events(night, days).where(F.col("event_type").isin(*_RESPONSES))
        led_to = attributed(counted, responses, night.conf.account.attribution_days)
        rows = accounts(planned, counted, led_to, _items(night), _ranks(night, nights))
        weights = _position_weights(night, counted, responses)
    rows = rows.withColumn("policy", F.lit(night.conf.plan.policy))
    rows = rows.withColumn("placement", F.lit(night.conf.plan.placement))
    policy = night.conf.plan.policy.replace("\\", "\\\\").replace("'", "\\'")
    span = f"as_of >= DATE'{nights[0]}' AND as_of < DATE'{night.as_of}' AND policy = '{policy}'"
    night.tables.replace(rows, EXPOSURE_ACCOUNT, span)
    _keep_counts(night, judged, weights)
    judged.unpersist()


def _position_weights(night: Night, counted: DataFrame, responses: DataFrame) -> list[tuple[str, str, float]]:
    """delivery_position_weight by position, where the log tells it: by items that were clicked and changed place."""
    clicks = responses.where("event_type = 'click'")
    rows = clicks_by_position(counted, clicks, night.conf.account.attribution_days).toPandas()
    of_item = rows.groupby("item_id").agg(clicks=("clicks", "sum"), places=("position", "nunique"))
    telling = of_item.index[(of_item["clicks"] > 0) & (of_item["places"] > 1)]
    rows = rows[rows["item_id"].isin(telling)].sort_values("item_id")
    if not (rows["position"] == 1).any():
        return []
    item, place = rows["item_id"].factorize()[0], rows["position"].to_numpy() - 1
    shown = np.zeros((len(telling), int(place.max()) + 1))
    clicked = np.zeros_like(shown)
    shown[item, place] = rows["shown"]
    clicked[item, place] = np.minimum(rows["clicks"], rows["shown"])
    weights = position_bias(shown, clicked, most=500).examination
    return [
        (f"{PREFIX}position_weight", str(place + 1), float(weight))
        for place, weight in enumerate(weights)
        if np.isfinite(weight)
    ]


def _keep_counts(night: Night, judged: DataFrame, weights: list[tuple[str, str, float]]) -> None:
    placement = night.conf.plan.placement
    found = [(row["name"], row["segment"], row["value"]) for row in event_counts(judged).collect()]
    about = {"step": "account_exposure", "as_of": night.as_of, "placement": placement}
    if found:
        counts = {name.removeprefix(PREFIX).removesuffix("_count"): int(value) for name, _, value in found}
        night.record.rows |= {f"exposures_{name}": count for name, count in counts.items() if count}
        event("logged exposures", **about, **{name: count for name, count in counts.items() if count})
    else:
        night.record.decisions["logged"] = f"no exposure of {placement} was logged"
        event("no exposure was logged", **about)
    versions = {"events": night.tables.inputs["events"]}
    rows = [(night.as_of, name, segment, value, versions) for name, segment, value in [*found, *weights]]
    frame = night.spark.createDataFrame(rows, METRICS.schema).coalesce(1)
    night.tables.replace_date(frame, METRICS, night.as_of, f"startswith(name, '{PREFIX}')")


def _judged(night: Night, days: DataFrame) -> DataFrame:
    # A store that runs one policy need not say which.
    ours = F.coalesce(F.col("policy"), F.lit(night.conf.plan.policy)) == night.conf.plan.policy
    exposures = _events(night, days).where(
        (F.col("event_type") == "exposure") & (F.col("placement") == night.conf.plan.placement) & ours
    )
    ends = versions_at(night.tables.read(ITEMS), [night.as_of], "item_id")
    withdrawals = ends.where("withdrawn_at IS NOT NULL").select("item_id", "withdrawn_at")
    return with_verdict(exposures, withdrawals, night.conf.account.most_exposures_a_day)


def _events(night: Night, days: DataFrame) -> DataFrame:
    """The events of the accounted days, with the night that was live."""
    return night.tables.read(EVENTS).join(F.broadcast(days), on="event_date", how="inner")


def _planned(night: Night, table: object, nights: list[date]) -> DataFrame:
    rows = night.tables.read(table).where(F.col("as_of").isin(nights) & _policy(night))  # type: ignore[arg-type]
    return rows.where(F.col("placement") == night.conf.plan.placement)


def _items(night: Night) -> DataFrame:
    """item_id, margin, is_gone of every item as it stands tonight."""
    eligible = night.tables.read_date(ITEM_FEATURES_TABLE, night.as_of).select("item_id", "is_eligible")
    margins = versions_at(night.tables.read(ITEMS), [night.as_of], "item_id").select("item_id", "margin")
    return margins.join(eligible, on="item_id", how="left").select(
        "item_id", "margin", (~F.coalesce("is_eligible", F.lit(False))).alias("is_gone")
    )


def _ranks(night: Night, nights: list[date]) -> DataFrame:
    """as_of, item_id, rank, share: how the places of an item in the lists are spread over the ranks."""
    places = _planned(night, EXPOSURE_SCORES, nights).groupBy("as_of", "item_id", "rank").agg(F.count("*").alias("n"))
    whole = places.groupBy("as_of", "item_id").agg(F.sum("n").alias("whole"))
    return places.join(whole, on=["as_of", "item_id"], how="inner").select(
        "as_of", "item_id", "rank", (F.col("n") / F.col("whole")).alias("share")
    )


def _policy(night: Night) -> Column:
    return F.col("policy") == night.conf.plan.policy
