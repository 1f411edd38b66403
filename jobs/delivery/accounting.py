"""The account of the last nights: planned against delivered exposure of every policy, written to `exposure_account`."""

from __future__ import annotations

from datetime import date, timedelta

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from features.contract import EXPOSURE_ACCOUNT, EXPOSURE_SCORES, ITEM_EXPOSURE, ITEMS, METRICS
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

PREFIX = "delivery_"  # of the names in metrics
USED = f"{PREFIX}position_weight_used"


def planned_nights(night: Night) -> dict[str, list[date]]:
    """By policy the live nights before tonight that are accounted anew for the placement, oldest first."""
    since = night.as_of - timedelta(days=night.conf.account.nights)
    rows = night.tables.read_or_empty(ITEM_EXPOSURE).where(
        (F.col("as_of") >= F.lit(since))
        & (F.col("as_of") < F.lit(night.as_of))
        & (F.col("placement") == night.conf.plan.placement)
    )
    pairs = rows.select("policy", "as_of").distinct().collect()
    live = set(live_nights(night.tables, [row["as_of"] for row in pairs]))
    found: dict[str, list[date]] = {}
    for row in sorted(pairs):
        if row["as_of"] in live:
            found.setdefault(row["policy"], []).append(row["as_of"])
    return found


def keep_accounts(night: Night, planned: dict[str, list[date]]) -> None:
    """Writes the accounts of these nights anew, and the counts of the events that went into them to `metrics`.

    planned: as of `planned_nights`. Accounted are the policies of tonight, with every arm of a test, and those with
    logged exposures, such as the arms of a test that is over; a policy that was planned and never shown is not.
    """
    nights = sorted(set().union(*planned.values()))
    if not nights:
        nothing = night.spark.createDataFrame([], EXPOSURE_ACCOUNT.schema)
        night.tables.replace_date(nothing, EXPOSURE_ACCOUNT, night.as_of)
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
    lives = log.days.select("as_of", "live_days").distinct()
    planned = _planned(night, ITEM_EXPOSURE, nights).join(lives, on="as_of", how="inner")
    policy = night.conf.plan.policy
    if is_logged:
        counted = log.counted.where(F.col("policy") == policy)
        led_to = attributed(counted, log.responses, night.conf.account.attribution_days)
        rows = accounts(planned, counted, led_to, _items(night), _ranks(night, nights))
    else:
        rows = unlogged_accounts(planned)
    rows = rows.withColumn("policy", F.lit(policy)).withColumn("placement", F.lit(night.conf.plan.placement))
    quoted = policy.replace("\\", "\\\\").replace("'", "\\'")
    span = f"as_of >= DATE'{nights[0]}' AND as_of < DATE'{night.as_of}' AND policy = '{quoted}'"
    night.tables.replace(rows, EXPOSURE_ACCOUNT, span)


def _keep_counts(night: Night, log: DeliveryLog) -> None:
    placement = night.conf.plan.placement
    rows = event_counts(log.judged, night.as_of).collect()
    found = [(row["name"], row["segment"], row["value"]) for row in rows]
    about = {"step": "account_exposure", "as_of": night.as_of, "placement": placement}
    if found:
        counts = {
            name.removeprefix(PREFIX).removesuffix("_count"): int(value)
            for name, _, value in found
            if name.endswith("_count")
        }
        night.record.rows |= {f"exposures_{name}": count for name, count in counts.items() if count}
        event("logged exposures", **about, **{name: count for name, count in counts.items() if count})
        found += [(f"{PREFIX}position_weight", str(place), told) for place, told in log.weights.told.items()]
        used = enumerate(log.weights.used, start=1)
        found += [(USED, str(place), weight) for place, weight in used]
    else:
        night.record.decisions["logged"] = f"no exposure of {placement} was logged"
        event("no exposure was logged", **about)
    versions = {"events": night.tables.inputs["events"]}
    kept = [(night.as_of, name, segment, value, versions) for name, segment, value in found]
    frame = night.spark.createDataFrame(kept, METRICS.schema).coalesce(1)
    night.tables.replace_date(frame, METRICS, night.as_of, f"startswith(name, '{PREFIX}')")


def _planned(night: Night, table: Table, nights: list[date]) -> DataFrame:
    of_policy = (F.col("policy") == night.conf.plan.policy) & (F.col("placement") == night.conf.plan.placement)
    return night.tables.read(table).where(F.col("as_of").isin(nights) & of_policy)


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
