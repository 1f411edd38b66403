"""Measures what the plan of the night gave the tail and stores it in metrics."""

from __future__ import annotations

from pyspark.sql import functions as F

from features.contract import EXPOSURE_SCORES, ITEM_EXPOSURE, METRICS
from features.exposure_health import list_health
from jobs.forecasting.weekly_fit import PREFIX as DEMAND
from jobs.quality.gate import PREFIX as FEATURE
from jobs.runtime.command import main_of
from jobs.runtime.night import Night

# Those of features and forecasts are written by build_features.
_NOT_OTHERS = f"NOT (startswith(name, '{FEATURE}') OR startswith(name, '{DEMAND}'))"


def monitor(night: Night) -> None:
    """Measures what the plan of the night gave the tail and stores it in metrics."""
    policy = F.col("policy") == night.conf.plan.policy
    scores = night.tables.read_date(EXPOSURE_SCORES, night.as_of).where(policy)
    given = night.tables.read_date(ITEM_EXPOSURE, night.as_of).where(policy)
    sources = F.create_map(*(F.lit(part) for pair in sorted(night.tables.inputs.items()) for part in pair))
    figures = list_health(scores, given).select(
        F.lit(night.as_of).alias("as_of"),
        "name",
        "segment",
        "value",
        sources.cast("map<string,bigint>").alias("source_versions"),
    )
    night.tables.replace_date(figures, METRICS, night.as_of, _NOT_OTHERS)
    night.record.rows = {"figures": night.tables.read_date(METRICS, night.as_of).count()}


if __name__ == "__main__":
    main_of(monitor)
