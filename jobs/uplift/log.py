"""The log that uplift is learnt from: recorded draws of the last nights with the shoppers' responses, as units."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

import numpy as np
import pandas as pd
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from features.contract import EVENTS, EXPLORATION_DRAWS
from features.declarations import ITEM_FEATURES_TABLE, USER_FEATURES_TABLE
from features.delivery.attention import with_attention
from features.delivery.units import UNIT, with_outcomes
from features.drift.frames import sampled_by
from jobs.delivery.exposure_log import counted_exposures, judged_exposures
from jobs.delivery.learned_weights import learned_plan
from jobs.delivery.live_nights import live_nights
from jobs.delivery.live_periods import LivePeriod, live_periods, plan_runs
from jobs.execution.night import Night
from jobs.uplift.inputs import ITEM_COLUMNS, USER_COLUMNS, of_items, of_users, pair_inputs
from model.uplift.units import Units


@dataclass(frozen=True)
class UpliftLog:
    """units and the items that they name, sorted; nights: how many are in it; sampled: share of the shoppers."""

    units: Units
    item_ids: np.ndarray
    nights: int
    sampled: float


@dataclass(frozen=True)
class DrawnUnits:
    """rows: UNIT, relevance, propensity, is_drawn, weight, dose, response of the draws with a known outcome
    exposures: UNIT, request_id, event_time, sample_weight, attention; weights: of the positions
    sampled: share of the shoppers
    """

    rows: DataFrame
    exposures: DataFrame
    weights: tuple[float, ...]
    sampled: float


def read_uplift_log(night: Night) -> UpliftLog | None:
    """The units of the last uplift.nights live nights whose outcomes are known; None where no draw is of a visit."""
    setting = night.conf.uplift
    units = drawn_units(night, night.as_of - timedelta(days=setting.nights + setting.outcome_days + 1))
    if units is None:
        return None
    rows = with_features(night, units.rows).toPandas().sort_values(list(UNIT), ignore_index=True)
    if rows.empty or not rows["is_drawn"].any():
        return None
    item_ids = np.sort(rows["item_id"].unique())
    user = rows["user_id"].astype("category").cat.codes.to_numpy(dtype=np.int64)
    return UpliftLog(units_of(rows, user, item_ids), item_ids, rows["as_of"].nunique(), units.sampled)


def drawn_units(night: Night, first: date, last: date | None = None, policy: str | None = None) -> DrawnUnits | None:
    """The draws of nights between two days, both included, whose outcomes are known before `as_of`; None without any.

    They are those of shoppers who saw drawn places, and of so many that about uplift.sample_units were recorded.

    policy: whose draws; None: those of every policy
    """
    setting = night.conf.uplift
    nights = _live_nights(night, first)
    if not nights:
        return None
    runs = plan_runs(night.tables, night.conf.plan, nights)
    periods = live_periods(night.tables, nights, runs, night.conf.plan.policy, night.as_of)
    # Later days count for what is shown again; a night counts once the window of its last day is over.
    known = timedelta(days=setting.outcome_days + 1)
    ended = [
        at for at, day in _last_days(periods).items() if day + known <= night.as_of and (last is None or at <= last)
    ]
    draws = night.tables.read(EXPLORATION_DRAWS).where(F.col("placement") == night.conf.plan.placement)
    if policy is not None:
        draws = draws.where(F.col("policy") == policy)
    draws = draws.where(F.col("as_of").isin(ended))
    recorded = draws.count()
    if not recorded:
        return None
    share = min(1.0, setting.sample_units / recorded)
    draws = sampled_by(draws, "user_id", share).select(*UNIT, "relevance", "propensity", "is_drawn", "weight")
    # Tonight's weights are learnt after this step.
    weights = learned_plan(night.tables, night.conf.plan, night.as_of - timedelta(days=1)).position_weights
    counted = counted_exposures(night, judged_exposures(night, nights, runs, periods))
    exposures = with_attention(counted, weights).select(*UNIT, "request_id", "event_time", "sample_weight", "attention")
    rows = with_outcomes(draws, exposures, _responses(night, first), setting.outcome_days).where("dose > 0")
    return DrawnUnits(rows, exposures, weights, share)


def with_features(night: Night, pairs: DataFrame, how: Literal["inner", "left"] = "inner") -> DataFrame:
    """The columns of the pairs and what `pair_inputs` reads, as it was known on their night.

    pairs: as_of, user_id, item_id and any others; how: whether pairs stay of which none is known
    """
    items = night.tables.read(ITEM_FEATURES_TABLE).select(
        "as_of", "item_id", *(F.col(name).alias(of_items(name)) for name in ITEM_COLUMNS)
    )
    users = night.tables.read(USER_FEATURES_TABLE).select(
        "as_of", "user_id", *(F.col(name).alias(of_users(name)) for name in USER_COLUMNS)
    )
    return pairs.join(items, on=["as_of", "item_id"], how=how).join(users, on=["as_of", "user_id"], how=how)


def units_of(rows: pd.DataFrame, user: np.ndarray, item_ids: np.ndarray) -> Units:
    """rows: of `DrawnUnits` with features; user: int (rows); item_ids: strings, sorted."""
    return Units(
        pair_inputs(rows, pd.Index(item_ids)),
        user,
        rows["is_drawn"].to_numpy(dtype=bool),
        *(rows[name].to_numpy(dtype=np.float64) for name in ("propensity", "weight", "dose", "response")),
    )


def _live_nights(night: Night, first: date) -> list[date]:
    """The live nights with draws from `first` on, oldest first."""
    rows = night.tables.read_or_empty(EXPLORATION_DRAWS).where(
        (F.col("as_of") >= F.lit(first)) & (F.col("as_of") < F.lit(night.as_of))
    )
    planned: list[date] = [row["as_of"] for row in rows.select("as_of").distinct().collect()]
    return live_nights(night.tables, planned)


def _last_days(periods: Iterable[LivePeriod]) -> dict[date, date]:
    """By night the last day on which readers saw it."""
    days: dict[date, date] = {}
    for period in periods:
        if period.as_of is not None:
            last = (period.until - timedelta(microseconds=1)).date()
            days[period.as_of] = max(days.get(period.as_of, last), last)
    return days


def _responses(night: Night, first: date) -> DataFrame:
    return night.tables.read(EVENTS).where(
        (F.col("event_type") == night.conf.relevance.target)
        & (F.col("event_date") >= F.lit(first))
        & (F.col("event_date") < F.lit(night.as_of))
    )
