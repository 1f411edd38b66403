"""Less history than the configured training needs."""

from __future__ import annotations

from pyspark.sql import functions as F

from jobs.execution.night import Night
from jobs.runtime.logs import warning
from jobs.sources.intake import Intake
from model.periods import least_history_days, periods_within


def report_short_history(night: Night, events: Intake) -> None:
    """Warns if the events of a first delivery are of fewer days than a training needs, and what is done instead."""
    first = events.accepted.agg(F.min("event_date").alias("day")).collect()[0]["day"]
    if first is None:
        return
    horizon, periods = night.conf.relevance.horizon_days, night.conf.fusion.periods
    days, needed = (night.as_of - first).days, least_history_days(horizon, periods)
    if days >= needed:
        return
    within = periods_within(night.as_of, days, horizon, periods)
    instead = (
        f"trains on {len(within.second_stage)} periods of {within.horizon_days} days"
        if within
        else "ranks by popularity and texts"
    )
    warning("the history is short", days=days, needed=needed, night=instead, remedy="export more days if there are any")
