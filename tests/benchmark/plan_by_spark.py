"""A synthetic problem as that of a night, with its pairs on disk, for passes by Spark."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from pyspark.sql import DataFrame, SparkSession

from jobs.planning.problem import Contexts, Limits, PlanProblem
from jobs.planning.rules.item_value import ItemValue
from model.exposure.problem import Problem


def plan_problem_of(spark: SparkSession, problem: Problem, folder: Path) -> tuple[PlanProblem, DataFrame]:
    """The problem of a night over these pairs: user_id, item_id, relevance, cause, visits, place; its shards differ."""
    items = np.array([f"i{number:06}" for number in range(problem.items)])
    users = np.array([f"u{number:07}" for number in range(problem.users)])
    path = folder / "pairs"
    path.mkdir()
    for begin in range(0, problem.users, 20_000):
        part = problem.pairs.part(begin, min(begin + 20_000, problem.users))
        user = np.repeat(users[begin : begin + 20_000], np.diff(part.user_start))
        visits = np.repeat(problem.visits[begin : begin + 20_000], np.diff(part.user_start))
        columns = {"user_id": user, "item_id": items[part.item_index], "relevance": part.value, "visits": visits}
        pq.write_table(pa.table(columns), path / f"{begin}.parquet")
    pairs = spark.read.parquet(str(path)).selectExpr(
        "user_id", "item_id", "relevance", "'' AS cause", "visits", "xxhash64(user_id) AS place"
    )
    of_night = PlanProblem(
        Contexts(problem.users, problem.position_weights, exploration_slots=0),
        items,
        ItemValue(np.ones(problem.items), np.zeros(problem.items)),
        Limits(problem.item_cap, problem.item_floor, problem.groups, problem.list_rules, np.ones(problem.items, bool)),
    )
    return of_night, pairs
