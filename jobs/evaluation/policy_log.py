"""Logged exposures of a placement with their responses and relevance, and the lists that the policies planned."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import reduce
from operator import or_

import pandas as pd
from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from features.contract import EVENTS, EXPOSURE_SCORES, ITEMS, RELEVANCE
from features.delivery.attribution import is_first_exposure
from features.delivery.strata import STRATUM, in_planned_order, shopper_levels, with_stratum
from features.drift.frames import sampled_by
from features.evaluation.responses import with_responses
from features.visitors import of_shoppers
from jobs.config.configuration import Config
from jobs.delivery.live_nights import live_nights
from jobs.delivery.live_periods import live_periods, plan_runs, with_night
from jobs.delivery.new_pairs import not_shown_before
from jobs.runtime.errors import LongtailError
from jobs.tables.warehouse import Warehouse
from model.exposure.reasons import EXPLORED_REASONS
from model.policy_evaluation.estimates import Assumption

_EXPOSURE = ("request_id", "user_id", "item_id", "event_time", "event_date", "propensity", "sample_weight",
             "list_as_of", "list_run_id")  # fmt: skip
_PLACE = ("request_id", "user_id", "item_id", "position")


@dataclass(frozen=True)
class PolicyLog:
    """exposures and lists: as model.policy_evaluation.two_policies takes them; first, last: days of the log
    sampled: the share of the shoppers whose exposures and lists these are, 1 for all
    withdrawn: exposures of items that were withdrawn by then; open: exposures that may still get responses
    resorted: exposures of lists that were sorted again in a session, which are left out
    """

    exposures: pd.DataFrame
    lists: dict[str, pd.DataFrame]
    sampled: float
    withdrawn: int
    open: int
    resorted: int
    first: date
    last: date


def read_policy_log(
    tables: Warehouse, conf: Config, policies: Sequence[str], first: date | None, last: date | None
) -> PolicyLog:
    """The log of plan.placement between two days, both included; from the first common night to the last event.

    An exposure belongs to the night that it names, else to the one that was live at its time; it counts if both
    policies have lists of it. Of a log with more exposures than evaluation.sample_exposures it is that of a sample of
    shoppers, drawn by a hash with about so many: estimates and intervals by shopper stay valid. Its positions are
    those of `place_of`. Requests whose list was sorted by what the shopper just viewed say nothing of the planned
    order, and are left out. Raises LongtailError when a policy has no lists or nothing was logged.
    """
    nights = _nights(tables, conf, policies)
    first = max(first, nights[0]) if first else nights[0]
    of_log = (F.col("placement") == conf.plan.placement) & (F.col("event_date") >= F.lit(first))
    if last is not None:
        of_log &= F.col("event_date") <= F.lit(last)
    events = of_shoppers(tables.read(EVENTS))
    logged = events.where((F.col("event_type") == "exposure") & of_log)
    shown = logged.where(in_planned_order())
    planned = F.count_if(in_planned_order())
    by_day = logged.groupBy("event_date").agg(planned.alias("planned"), F.count("*").alias("all")).collect()
    days = [row["event_date"] for row in by_day if row["planned"]]
    if not days:
        raise LongtailError(
            f"events has no exposure of the placement {conf.plan.placement} from {first} on"
            + (f" until {last}." if last else "."),
            "Log the exposures of the storefront (client.exposure_events) and ingest them, or give other days.",
        )
    share = min(1.0, conf.evaluation.sample_exposures / sum(row["planned"] for row in by_day))
    shown = sampled_by(shown, "user_id", share)
    until = max(days) + timedelta(days=conf.evaluation.attribution_days + 1)
    responses = events.where(
        (F.col("event_type") == conf.evaluation.response)
        & (F.col("event_date") >= F.lit(first))
        & (F.col("event_date") <= F.lit(until))
    ).select("event_id", "user_id", "item_id", "event_time", "request_id", "sample_weight")
    # A store that runs one policy need not say which.
    policy = F.coalesce("policy", F.lit(conf.plan.policy)).alias("policy")
    exposures = shown.select(*_EXPOSURE, policy, place_of(conf.evaluation.assumption).alias("position"))
    with_response = with_responses(exposures, responses, conf.evaluation.attribution_days)
    runs = plan_runs(tables, conf.plan, nights)
    periods = live_periods(tables, nights, runs, conf.plan.policy, max(days) + timedelta(days=1))
    of_nights = with_night(with_response, nights, runs, periods).where(F.col("as_of").isNotNull())
    lists = tables.read(EXPOSURE_SCORES).where(
        (F.col("placement") == conf.plan.placement) & F.col("as_of").isin(nights)
    )
    rows = _with_relevance(tables, of_nights.drop("list_as_of", "list_run_id"), nights)
    rows = rows.join(_strata(tables, of_nights, lists, nights, first), on=list(_PLACE), how="left")
    rows = rows.join(drawn_entries(lists), on=["policy", "as_of", "user_id", "item_id"], how="left")
    shoppers = rows.select("user_id").distinct()
    entries = (
        lists.where(F.col("policy").isin(list(policies)))
        .join(shoppers, on="user_id", how="left_semi")
        .select("policy", "as_of", "user_id", "item_id", "rank", "relevance")
        .toPandas()
    )
    by_policy = {policy: entries[entries["policy"] == policy].drop(columns="policy") for policy in policies}
    log_rows = rows.withColumnRenamed("event_date", "day").drop("event_time").toPandas()
    newest = events.agg(F.max("event_date").alias("day")).first()
    assert newest is not None
    is_open = log_rows["day"] > newest["day"] - timedelta(days=conf.evaluation.attribution_days)
    resorted = sum(row["all"] - row["planned"] for row in by_day)
    return PolicyLog(
        log_rows, by_policy, share, _withdrawn(tables, shown), int(is_open.sum()), resorted, min(days), max(days)
    )


def place_of(assumption: Assumption) -> Column:
    """The place of an exposure: its position on the page, under item-position its rank in the list where it is logged.

    Propensities of items at places are those of the list as it was drawn: the storefront may have left items out.
    """
    return F.coalesce("list_rank", "position") if assumption == "item-position" else F.col("position")


def _nights(tables: Warehouse, conf: Config, policies: Sequence[str]) -> list[date]:
    """The live nights for which every policy has lists, in order."""
    rows = (
        tables.read(EXPOSURE_SCORES)
        .where(F.col("placement") == conf.plan.placement)
        .select("policy", "as_of")
        .distinct()
        .collect()
    )
    of_policy = {policy: {row["as_of"] for row in rows if row["policy"] == policy} for policy in policies}
    for policy, nights in of_policy.items():
        if not nights:
            known = ", ".join(sorted({row["policy"] for row in rows})) or "none"
            raise LongtailError(
                f"The policy {policy} has no lists for the placement {conf.plan.placement}; these have: {known}.",
                "Plan its nights: plan_exposure with plan.policy and plan.relevance_of in a configuration of its own.",
            )
    common = live_nights(tables, set.intersection(*of_policy.values()))
    if not common:
        raise LongtailError(
            f"There is no published night for which {' and '.join(policies)} both have lists.",
            "Plan both for the same nights.",
        )
    return common


def _with_relevance(tables: Warehouse, exposures: DataFrame, nights: list[date]) -> DataFrame:
    """Adds the predicted relevance of the pair that night, NULL where it was no candidate."""
    scored = (
        tables.read(RELEVANCE)
        .where(F.col("as_of").isin(nights))
        .groupBy("as_of", "user_id", "item_id")
        .agg(F.max("relevance").alias("relevance"))
    )
    return exposures.join(scored, on=["as_of", "user_id", "item_id"], how="left")


def _strata(tables: Warehouse, exposures: DataFrame, lists: DataFrame, nights: list[date], first: date) -> DataFrame:
    """_PLACE, stratum and listed_relevance of a shopper's first exposure to an item of their list.

    first: the day on which the exposures begin
    """
    firsts = exposures.withColumn("is_first", is_first_exposure("request_id")).where("is_first")
    firsts = not_shown_before(tables, firsts, first).select(*_PLACE, "as_of", "policy")
    shoppers = firsts.select("user_id").distinct()
    relevance = tables.read(RELEVANCE).where(F.col("as_of").isin(nights))
    levels = shopper_levels(relevance.join(shoppers, on="user_id", how="left_semi"))
    entries = lists.select("as_of", "policy", "user_id", "item_id", "relevance", "score")
    stratum = F.concat_ws(":", *(F.col(name).cast("string") for name in STRATUM))
    return (
        with_stratum(firsts, entries, levels)
        .where(F.col("relevance").isNotNull())
        .select(*_PLACE, stratum.alias("stratum"), F.col("relevance").alias("listed_relevance"))
    )


def drawn_entries(lists: DataFrame) -> DataFrame:
    """policy, as_of, user_id, item_id, drawn_slots: the drawn entries of lists, with how many of their list there are.

    An entry is drawn by its reason: its propensity is 1 where it was certain, at a position that was random still.
    lists: of exposure_scores, of one placement
    """
    explored = reduce(or_, (F.array_contains(F.split("reason", "; "), words) for words in EXPLORED_REASONS))
    of_list = Window.partitionBy("policy", "as_of", "user_id")
    return lists.where(explored).select(
        "policy", "as_of", "user_id", "item_id", F.count("*").over(of_list).cast("double").alias("drawn_slots")
    )


def _withdrawn(tables: Warehouse, shown: DataFrame) -> int:
    withdrawals = (
        tables.read(ITEMS).where("withdrawn_at IS NOT NULL AND valid_to IS NULL").select("item_id", "withdrawn_at")
    )
    return shown.join(withdrawals, on="item_id", how="inner").where("event_time >= withdrawn_at").count()
