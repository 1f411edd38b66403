"""The position weights that earlier nights learnt: those of a night's plan, and those that a log adds to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
from pyspark.sql import functions as F

from features.contract import METRICS
from features.contract.metrics import (
    POSITION_WEIGHT_CONFIGURED,
    POSITION_WEIGHT_DEVIATION,
    POSITION_WEIGHT_USED,
)
from jobs.config.configuration import Config
from jobs.config.plan import Plan
from jobs.execution.night import Night
from jobs.tables.warehouse import Warehouse

# Relative standard deviation by which attention may have moved since weights were learnt: a page changes, habits do.
_MOVED = 0.05


@dataclass(frozen=True)
class KnownWeights:
    """weights: float64 (positions); deviation: their relative standard deviation, of all positions or of each"""

    weights: np.ndarray
    deviation: float | np.ndarray


def weights_known_before(tables: Warehouse, conf: Config, first: date) -> KnownWeights:
    """What was known of the position weights before the exposures from `first` on.

    The newest weights that a night learnt from earlier exposures alone, so that no response counts twice; they are as
    uncertain as that night left them, and a little more. As configured where there are none, where the night had other
    plan.position_weights, and where account.position_weight_deviation is 0.
    """
    configured, most = np.array(conf.plan.position_weights), conf.account.position_weight_deviation
    if most == 0:
        return KnownWeights(configured, most)
    names = (POSITION_WEIGHT_USED, POSITION_WEIGHT_DEVIATION, POSITION_WEIGHT_CONFIGURED)
    earlier = tables.read_or_empty(METRICS).where((F.col("as_of") <= F.lit(first)) & F.col("name").isin(*names))
    newest = F.max_by("value", "as_of").alias("value"), F.max("as_of").alias("as_of")
    rows = earlier.groupBy("name", "segment").agg(*newest).collect()
    last = max((row["as_of"] for row in rows), default=None)
    of_place: dict[str, dict[int, float]] = {name: {} for name in names}
    for row in rows:
        if row["as_of"] == last:
            of_place[row["name"]][int(row["segment"])] = row["value"]
    used, deviation, then = (np.array([value for _, value in sorted(of_place[name].items())]) for name in names)
    if len(used) != len(configured) or len(deviation) != len(used) or not np.array_equal(then, configured):
        return KnownWeights(configured, most)
    return KnownWeights(used, np.minimum(np.hypot(deviation, _MOVED), most))


def with_learned_weights(night: Night) -> Night:
    """The night with the position weights learned from logged responses; as configured where none were learned.

    `account_exposure` of the night writes them to `metrics`.
    """
    return night.with_plan(learned_plan(night.tables, night.conf.plan, night.as_of))


def learned_plan(tables: Warehouse, plan: Plan, as_of: date) -> Plan:
    """The plan with the position weights of the night. They never rise, as lists put the best items first."""
    rows = tables.read_or_empty(METRICS).where(
        (F.col("as_of") == F.lit(as_of)) & (F.col("name") == POSITION_WEIGHT_USED)
    )
    learned = {int(row["segment"]): row["value"] for row in rows.select("segment", "value").collect()}
    if sorted(learned) != list(range(1, plan.slots + 1)):
        return plan
    weights = np.minimum.accumulate([min(learned[place], 1.0) for place in sorted(learned)])
    return plan.model_copy(update={"position_weights": tuple(weights.tolist())})
