"""Checks that the tables of a night come from one completed plan."""

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
    """Raises LongtailError where plan_exposure has written only some of the night's tables.

    Each table of a plan is a commit of its own: exposure_scores comes first, the row of `runs` with status 'done' last.
    So if the run that wrote the lists is done, it has written boosts and prices too, and no later run has begun to
    overwrite them.
    """
    policies = sorted(policies_of_arms(night))
    planned = _run_ids(night, EXPOSURE_SCORES, policies)
    fallbacks = _run_ids(night, FALLBACK_LISTS, [night.conf.plan.policy])
    remedy = f"Run {_STEP} for {night.as_of} again."
    if len(planned) > 1:
        raise LongtailError(f"The lists of {night.as_of} come from several runs: {', '.join(planned)}.", remedy)
    if fallbacks and planned and fallbacks != planned:
        raise LongtailError(
            f"The lists of {night.as_of} come from run {planned[0]}, fallback_lists from {', '.join(fallbacks)}.",
            remedy,
        )
    if planned and not _is_done(night, planned[0]):
        raise LongtailError(
            f"The lists of {night.as_of} were written by run {planned[0]}, whose {_STEP} did not complete.",
            remedy,
        )


def _run_ids(night: Night, table: Table, policies: list[str]) -> list[str]:
    rows = night.tables.read_or_empty(table).where(
        (F.col("as_of") == F.lit(night.as_of)) & F.col("policy").isin(policies)
    )
    return sorted(row["run_id"] for row in rows.select("run_id").distinct().collect())


def _is_done(night: Night, run_id: str) -> bool:
    """Whether `runs` says that the run has completed the step for the night."""
    return any(run["run_id"] == run_id and run["as_of"] == night.as_of for run in done_runs(night.tables, _STEP))
