"""Passes on the executors find the prices and the lists that are found in memory."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pyspark.sql import SparkSession

from features.contract import EXPOSURE_SCORES
from jobs.execution.night import Night
from jobs.plan_exposure import plan_exposure, plan_night
from jobs.planning.candidates.pairs import read_candidates
from jobs.planning.problem import PlanProblem, contexts_of, limits_of
from jobs.planning.solution.by_spark import BySpark
from model.exposure import passes
from model.exposure.passes import InMemory
from model.exposure.prices import priced
from tests.jobs.planning.small_store import NIGHT, conf_in, night_of

pytestmark = [pytest.mark.slow, pytest.mark.promise]


@pytest.mark.parametrize("most_stretches", [64, 2])
def test_spark_and_memory_agree_to_the_last_digit(
    spark: SparkSession, store: Path, planned: Night, monkeypatch: pytest.MonkeyPatch, most_stretches: int
) -> None:
    monkeypatch.setattr(passes, "MOST_STRETCHES", most_stretches)
    plan = plan_night(planned)
    candidates = read_candidates(planned, plan.shoppers, plan.catalogue.item_ids)
    contexts = contexts_of(planned.conf.plan, plan.shoppers, candidates.user_ids)
    limits = limits_of(plan.rules, plan.shared.delivered)
    problem = PlanProblem(contexts, plan.catalogue.item_ids, plan.rules.value, limits)
    assert len(limits.list_rules) == 2
    assert candidates.table is not None
    in_memory = InMemory(problem.with_pairs(candidates.table).problem, shard_users=7)
    by_spark = BySpark(spark, problem, candidates.frame, shard_users=7)
    assert (in_memory.stretch, by_spark.stretch) == ((1, 1) if most_stretches == 64 else (2, 2))
    try:
        relaxed = priced(by_spark.bounds, by_spark, 0.002, 12)
        kept_pairs = by_spark.kept(relaxed.price, relaxed.gamma).count()
    finally:
        by_spark.close()
    expected = priced(in_memory.problem, in_memory, 0.002, 12)
    np.testing.assert_array_equal(relaxed.price, expected.price)
    assert (relaxed.gap, relaxed.violation, relaxed.passes) == (expected.gap, expected.violation, expected.passes)
    assert relaxed.unmet == expected.unmet
    assert kept_pairs == len(in_memory.problem.value)  # 7 items are fewer than 4 pairs a slot


def test_the_night_by_spark_has_the_same_lists(spark: SparkSession, store: Path, planned: Night) -> None:
    lists = planned.tables.read_date(EXPOSURE_SCORES, NIGHT).toPandas().sort_values(["user_id", "rank"])
    night = night_of(spark, conf_in(store, driver_pairs=1))
    plan_exposure(night)
    assert night.record.decisions["solved_in"] == "spark"
    by_spark = night.tables.read_date(EXPOSURE_SCORES, NIGHT).toPandas().sort_values(["user_id", "rank"])
    pd.testing.assert_frame_equal(lists.reset_index(drop=True), by_spark.reset_index(drop=True))
