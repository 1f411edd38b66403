"""Which past periods a night's training uses, by the length of the store's history, and what that means in words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from math import ceil

from pyspark.sql import functions as F

from features.contract import EVENTS, ITEMS
from features.point_in_time import utc_date
from jobs.config.configuration import Config
from jobs.execution.night import Night
from model.periods import (
    LEAST_HORIZON_DAYS,
    LEAST_SECOND_STAGE,
    Periods,
    least_history_days,
    periods_within,
)

ALONE = "popularity and the likeness of texts alone rank the products"


@dataclass(frozen=True)
class TrainingPlan:
    """The periods of a training, None where the history is too short for one; `limits` says in sentences what a short
    history takes away, and names the keys that are not followed."""

    periods: Periods | None
    limits: tuple[str, ...]


def training_plan(night: Night) -> TrainingPlan:
    """The plan of a training for the night, from the days of its history. Reads `events`, `items`."""
    return plan_of(night.conf, night.as_of, history_days(night))


def plan_of(conf: Config, as_of: date, history: int) -> TrainingPlan:
    """The plan for `history` days before `as_of`."""
    least = least_horizon_days(conf)
    periods = periods_within(as_of, history, conf.relevance.horizon_days, conf.fusion.periods, least)
    return TrainingPlan(periods, tuple(_limits(conf, as_of, periods, history, least)))


def least_horizon_days(conf: Config) -> int:
    """The shortest period that can be learnt from: a week, or more than relevance.attribution_days per exposure."""
    per_exposure = conf.relevance.per == "exposure"
    return max(LEAST_HORIZON_DAYS, conf.relevance.attribution_days + 1) if per_exposure else LEAST_HORIZON_DAYS


def history_days(night: Night) -> int:
    """Days from the first response, or the first known item if that is later, to the night; 0 without any."""
    responses = night.tables.read(EVENTS).where(
        (F.col("event_type") == night.conf.relevance.target) & (F.col("event_date") < F.lit(night.as_of))
    )
    rows = (
        responses.agg(F.min("event_date").alias("first")).first(),
        night.tables.read(ITEMS).agg(F.min(utc_date("valid_from")).alias("first")).first(),
    )
    first = [row["first"] for row in rows if row is not None and row["first"] is not None]
    return max((night.as_of - max(first)).days, 0) if len(first) == len(rows) else 0


def _limits(conf: Config, as_of: date, periods: Periods | None, history: int, least: int) -> Iterator[str]:
    horizon, number = conf.relevance.horizon_days, conf.fusion.periods
    # With the date, since the sentence is shown on every night that the model serves.
    known = f"On {as_of} the history had {history} day{'' if history == 1 else 's'}"
    if periods is None:
        needed = least_history_days(min(least, horizon), LEAST_SECOND_STAGE)
        yield (
            f"{known}, a training needs {needed}: {ALONE}, and how often shoppers came back sets the level of the "
            "chances."
        )
        if history:
            retry = conf.gate.retry_days
            first = as_of + timedelta(days=retry * ceil((needed - history) / retry))
            yield f"The first training is due on {first}; attempts follow every {retry} days (gate.retry_days)."
        return
    if len(periods.second_stage) < number:
        yield f"{known}: the training used {len(periods.second_stage)} periods, not {number} (fusion.periods)."
    if periods.horizon_days < horizon:
        needed = least_history_days(horizon, LEAST_SECOND_STAGE)
        yield (
            f"{known}: the training used periods of {periods.horizon_days} days, not {horizon} "
            f"(relevance.horizon_days), which need {needed}."
            + (
                f" The chances are extended to {horizon} days in proportion to the days."
                if conf.relevance.per == "horizon"
                else ""
            )
        )
