"""The account of the last nights: planned and delivered exposure of every policy, written to `exposure_account`."""

from __future__ import annotations

from datetime import date, timedelta

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from features.contract import EXPOSURE_ACCOUNT, EXPOSURE_SCORES, ITEM_EXPOSURE, ITEMS, METRICS
from features.contract.metrics import (
    DELIVERY,
    POSITION_WEIGHT,
    POSITION_WEIGHT_CONFIGURED,
    POSITION_WEIGHT_DEVIATION,
    POSITION_WEIGHT_USED,
)
from features.contract.table import Table
from features.declarations import ITEM_FEATURES_TABLE
from features.delivery.account import accounts, unlogged_accounts
from features.delivery.attribution import attributed
from features.delivery.validity import event_counts
from features.point_in_time import versions_at
from jobs.delivery.exposure_log import DeliveryLog, delivery_log
from jobs.delivery.live_nights import live_nights
from jobs.execution.night import Night
from jobs.experiments.arms import policies_of_arms
from jobs.runtime.logs import event
from jobs.tables.sql import sql_equals, sql_literal, sql_starts_with


def planned_nights(night: Night) -> dict[str, list[date]]:
    """By policy the live nights of the last account.nights nights, oldest first."""
    since = night.as_of - timedelta(days=night.conf.account.nights)
    rows = night.tables.read_or_empty(ITEM_EXPOSURE).where(
        (F.col("as_of") >= F.lit(since))
        & (F.col("as_of") < F.lit(night.as_of))
        & (F.col("placement") == night.conf.plan.placement)
    )
    pairs = rows.select("policy", "as_of").distinct().collect()
    live = set(live_nights(night.tables, [row["as_of"] for row in pairs]))
    nights: dict[str, list[date]] = {}
    for row in sorted(pairs):
        if row["as_of"] in live:
            nights.setdefault(row["policy"], []).append(row["as_of"])
    return nights


def keep_accounts(night: Night, planned: dict[str, list[date]]) -> None:
    """Recomputes the accounts of these nights, and writes the counts of the events in them to `metrics`.

    planned: as of `planned_nights`. Accounts are kept of the policies of tonight, with every arm of a test, and of
    those with logged exposures, such as the arms of a test that has ended; not of a policy that was never shown.
    """
    nights = sorted(set().union(*planned.values()))
    if not nights:
        no_rows = night.spark.createDataFrame([], EXPOSURE_ACCOUNT.schema)
        night.tables.replace_date(no_rows, EXPOSURE_ACCOUNT, night.as_of)
        night.record.decisions["accounted"] = "no earlier night was planned"
        return
    log = delivery_log(night, nights)
    logged = {row["policy"] for row in log.counted.select("policy").distinct().collect()}
    for policy in sorted(planned.keys() & (logged | policies_of_arms(night).keys())):
        of_policy = night.with_plan(night.conf.plan.model_copy(update={"policy": policy}))
        _keep_account(of_policy, planned[policy], log, is_logged=policy in logged)
    _keep_counts(night, log)
    log.judged.unpersist()


def _keep_account(night: Night, nights: list[date], log: DeliveryLog, *, is_logged: bool) -> None:
    planned = _planned(night, ITEM_EXPOSURE, nights).join(F.broadcast(log.days), on="as_of", how="inner")
    policy = night.conf.plan.policy
    if is_logged:
        counted = log.counted.where(F.col("policy") == policy)
        responses = attributed(counted, log.responses, night.conf.account.attribution_days)
        rows = accounts(planned, counted, responses, _items(night), _ranks(night, nights))
    else:
        rows = unlogged_accounts(planned)
    rows = rows.withColumn("policy", F.lit(policy)).withColumn("placement", F.lit(night.conf.plan.placement))
    since, until = sql_literal(nights[0]), sql_literal(night.as_of)
    night.tables.replace(
        rows, EXPOSURE_ACCOUNT, f"as_of >= {since} AND as_of < {until} AND {sql_equals(policy=policy)}"
    )


def _keep_counts(night: Night, log: DeliveryLog) -> None:
    placement = night.conf.plan.placement
    rows = event_counts(log.judged, night.as_of).collect()
    figures = [(row["name"], row["segment"], row["value"]) for row in rows]
    about = {"step": "account_exposure", "as_of": night.as_of, "placement": placement}
    if figures:
        counts = {
            name.removeprefix(DELIVERY).removesuffix("_count"): int(value)
            for name, _, value in figures
            if name.endswith("_count")
        }
        night.record.rows |= {f"exposures_{name}": count for name, count in counts.items() if count}
        event("logged exposures", **about, **{name: count for name, count in counts.items() if count})
        figures += [(POSITION_WEIGHT, str(place), weight) for place, weight in log.weights.learned.items()]
        of_places = {
            POSITION_WEIGHT_USED: log.weights.used,
            POSITION_WEIGHT_DEVIATION: log.weights.deviation,
            POSITION_WEIGHT_CONFIGURED: night.conf.plan.position_weights,
        }
        for name, values in of_places.items():
            figures += [(name, str(place), value) for place, value in enumerate(values, start=1)]
    else:
        night.record.decisions["logged"] = f"no exposure of {placement} was logged"
        event("no exposure was logged", **about)
    versions = {"events": night.tables.inputs["events"]}
    metrics = [(night.as_of, name, segment, value, versions) for name, segment, value in figures]
    frame = night.spark.createDataFrame(metrics, METRICS.schema).coalesce(1)
    night.tables.replace_date(frame, METRICS, night.as_of, sql_starts_with("name", DELIVERY))


def _planned(night: Night, table: Table, nights: list[date]) -> DataFrame:
    of_policy = (F.col("policy") == night.conf.plan.policy) & (F.col("placement") == night.conf.plan.placement)
    return night.tables.read(table).where(F.col("as_of").isin(nights) & of_policy)


def _items(night: Night) -> DataFrame:
    """item_id, margin, is_gone of every item tonight."""
    eligible = night.tables.read_date(ITEM_FEATURES_TABLE, night.as_of).select("item_id", "is_eligible")
    margins = versions_at(night.tables.read(ITEMS), [night.as_of], "item_id").select("item_id", "margin")
    return margins.join(eligible, on="item_id", how="left").select(
        "item_id", "margin", (~F.coalesce("is_eligible", F.lit(False))).alias("is_gone")
    )


def _ranks(night: Night, nights: list[date]) -> DataFrame:
    """as_of, item_id, rank, share: the share of an item's places in the lists that have this rank."""
    places = _planned(night, EXPOSURE_SCORES, nights).groupBy("as_of", "item_id", "rank").agg(F.count("*").alias("n"))
    totals = places.groupBy("as_of", "item_id").agg(F.sum("n").alias("total"))
    return places.join(totals, on=["as_of", "item_id"], how="inner").select(
        "as_of", "item_id", "rank", (F.col("n") / F.col("total")).alias("share")
    )
