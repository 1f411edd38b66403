"""Outcomes of a running test as arrays: shoppers, their arms, what they did each day and before."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pandas as pd
from pyspark.sql import functions as F

from features.contract import EVENTS, EXPOSURE_SCORES, USERS
from features.declarations import ITEM_FEATURES_TABLE, USER_FEATURES_TABLE
from features.evaluation.outcomes import METRICS, daily_outcomes
from jobs.config.configuration import Config
from jobs.config.experiment import plans_of_arms
from jobs.experiments.arms import assigned
from jobs.runtime.errors import LongtailError
from jobs.tables.warehouse import Warehouse
from model.exposure.reasons import SHARED_LIST_REASONS


@dataclass(frozen=True)
class Outcomes:
    """All shoppers who were known and had given consent when the test began, sorted by user_id.

    They count whether or not they came since, and whether or not they keep their consent, as no arm may choose who
    counts. Counts of lists and exposures leave out shoppers who withdrew consent, as they have the control's list.

    arm: names (users); by_day: float64 (users, days) of each metric; before: float64 (users, metrics), means a day
    segments: by name (users) their state before the test: activity, and the configured attributes
    listed: by arm, shoppers with a list; seen: by arm assigned, shoppers with a logged exposure
    crossed: shoppers who were shown a list of another arm
    """

    user_ids: np.ndarray
    arm: np.ndarray
    by_day: dict[str, np.ndarray]
    before: np.ndarray
    segments: dict[str, np.ndarray]
    listed: dict[str, int]
    seen: dict[str, int]
    crossed: int

    @property
    def shown(self) -> int:
        """Shoppers with a logged exposure."""
        return sum(self.seen.values())


def read_outcomes(tables: Warehouse, conf: Config, first: date, until: date) -> Outcomes:
    """The outcomes from `first` to before `until`. Raises LongtailError when no shopper was known and had consent."""
    test = conf.experiment
    opted_out = tables.read_date(USER_FEATURES_TABLE, first).where(~F.col("consent_personalisation")).select("user_id")
    known = (
        tables.read(USERS).where(F.col("signed_up_at") < F.lit(first).cast("timestamp"))
        .join(opted_out, on="user_id", how="left_anti")
        .select("user_id", *(F.col("attributes").getItem(name).alias(name) for name in test.segment_attributes))
        .toPandas().sort_values("user_id", ignore_index=True)
    )  # fmt: skip
    if known.empty:
        raise LongtailError(
            f"No shopper signed up before {first} and consented to personalisation.",
            "Look at experiment.starts_on, and at signed_up_at and consent_personalisation in the table users.",
        )
    user_ids = known["user_id"].to_numpy()
    start = first - timedelta(days=test.before_days)
    rows = _daily(tables, first, start, until)
    user = pd.Index(user_ids).get_indexer(pd.Index(rows["user_id"]))
    day = np.array([(event_date - start).days for event_date in rows["event_date"]], dtype=np.int64)
    inside = user >= 0
    all_days = {}
    for name in METRICS:
        values = np.zeros((len(user_ids), (until - start).days))
        np.add.at(values, (user[inside], day[inside]), rows[name].to_numpy(dtype=np.float64)[inside])
        all_days[name] = values
    arm = assigned(conf, user_ids)
    before = np.stack([all_days[name][:, : test.before_days].mean(axis=1) for name in METRICS], axis=1)
    lines = before[:, METRICS.index("tail_purchases")] + before[:, METRICS.index("head_purchases")]
    segments = {"activity": _thirds(lines)}
    segments |= {name: known[name].fillna("unknown").to_numpy(dtype=str) for name in test.segment_attributes}
    listed, seen, crossed = _shown(tables, conf, first, until)
    days = {name: values[:, test.before_days :] for name, values in all_days.items()}
    return Outcomes(user_ids, arm, days, before, segments, listed, seen, crossed)


def _daily(tables: Warehouse, first: date, start: date, until: date) -> pd.DataFrame:
    purchases = tables.read(EVENTS).where(
        (F.col("event_type") == "purchase")
        & (F.col("event_date") >= F.lit(start))
        & (F.col("event_date") < F.lit(until))
    )
    segments = tables.read_date(ITEM_FEATURES_TABLE, first).select("item_id", "segment")
    return daily_outcomes(purchases, segments).toPandas()


def _thirds(lines: np.ndarray) -> np.ndarray:
    edges = np.quantile(lines, [1 / 3, 2 / 3])
    return np.array(["few purchases", "some purchases", "many purchases"])[np.searchsorted(edges, lines, side="left")]


def _shown(tables: Warehouse, conf: Config, first: date, until: date) -> tuple[dict[str, int], dict[str, int], int]:
    """Shoppers by arm with a list, and with a logged exposure; how many of these were shown another arm's list.

    Shoppers who had the shared list on any night are left out.
    """
    arms = {plan.policy: arm for arm, plan in plans_of_arms(conf.plan, conf.experiment).items()}
    lists = tables.read(EXPOSURE_SCORES).where(
        (F.col("as_of") >= F.lit(first))
        & (F.col("as_of") < F.lit(until))
        & F.col("policy").isin(list(arms))
        & (F.col("placement") == conf.plan.placement)
    )
    opted_out = F.broadcast(lists.where(F.col("reason").isin(*SHARED_LIST_REASONS)).select("user_id").distinct())
    personal = lists.join(opted_out, on="user_id", how="left_anti")
    counts = {row["policy"]: row["n"] for row in
              personal.groupBy("policy").agg(F.countDistinct("user_id").alias("n")).collect()}  # fmt: skip
    logged = tables.read(EVENTS).where(
        (F.col("event_type") == "exposure")
        & (F.col("event_date") >= F.lit(first))
        & (F.col("event_date") < F.lit(until))
        & (F.col("placement") == conf.plan.placement)
        & F.col("policy").isNotNull()
    )
    pairs = logged.join(opted_out, on="user_id", how="left_anti").select("user_id", "policy").distinct().toPandas()
    arm = assigned(conf, pairs["user_id"])
    crossed = pairs[pairs["policy"].map(arms).to_numpy() != arm]
    seen = pairs["user_id"].groupby(arm).nunique()
    listed = {arm: int(counts.get(policy, 0)) for policy, arm in arms.items()}
    return listed, {name: int(seen.get(name, 0)) for name in arms.values()}, int(crossed["user_id"].nunique())
