"""Whether a night's tables are those of one plan that came to its end."""

from __future__ import annotations

from pyspark.sql import functions as F

from features.contract import EXPOSURE_SCORES, FALLBACK_LISTS
from features.contract.table import Table
from jobs.execution.manifest import done_runs
from jobs.execution.night import Night
from jobs.experiments.arms import policies_of_arms
from jobs.runtime.errors import LongtailError

_STEP = "plan_exposure"


def check_one_plan(night: Night) -> None:
    """Raises LongtailError where a run of plan_exposure has written a part of the night's tables and no more.

    The tables of a plan are commits of their own. Of each policy exposure_scores is the first, and the row in `runs`
    that says done comes after them all: so whoever wrote the lists has written boosts and prices as well if it is done,
    and nobody has begun to write over them since.
    """
    policies = sorted(policies_of_arms(night))
    planned = _run_ids(night, EXPOSURE_SCORES, policies)
    fallbacks = _run_ids(night, FALLBACK_LISTS, [night.conf.plan.policy])
    remedy = f"Run {_STEP} for {night.as_of} again."
    if len(planned) > 1:
        raise LongtailError(f"The lists of {night.as_of} are of several runs: {', '.join(planned)}.", remedy)
    if fallbacks and planned and fallbacks != planned:
        raise LongtailError(
            f"The lists of {night.as_of} are of run {planned[0]}, fallback_lists are of {', '.join(fallbacks)}.", remedy
        )
    if planned and not _is_done(night, planned[0]):
        raise LongtailError(
            f"The lists of {night.as_of} were written by run {planned[0]}, whose {_STEP} has not come to its end.",
            remedy,
        )


def _run_ids(night: Night, table: Table, policies: list[str]) -> list[str]:
    rows = night.tables.read_or_empty(table).where(
        (F.col("as_of") == F.lit(night.as_of)) & F.col("policy").isin(policies)
    )
    return sorted(row["run_id"] for row in rows.select("run_id").distinct().collect())


def _is_done(night: Night, run_id: str) -> bool:
    """Whether the run has a row of the step for the night that says done."""
    return any(run["run_id"] == run_id and run["as_of"] == night.as_of for run in done_runs(night.tables, _STEP))
