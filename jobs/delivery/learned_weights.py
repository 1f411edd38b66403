"""The position weights of a night's plan."""

from __future__ import annotations

from datetime import date

import numpy as np
from pyspark.sql import functions as F

from features.contract import METRICS
from features.contract.metrics import POSITION_WEIGHT_USED
from jobs.config.plan import Plan
from jobs.execution.night import Night
from jobs.tables.warehouse import Warehouse


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
