"""A synthetic problem as the setting of a night, for passes by Spark."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from pyspark.sql import SparkSession

from jobs.planning.groups import NamedGroup
from jobs.planning.item_bounds import ItemBounds
from jobs.planning.merchandising import NONE
from jobs.planning.pairs import Pairs
from jobs.planning.setting import Setting
from jobs.planning.shared import SharedLists
from model.exposure.problem import Problem
from tests.jobs.planning.plans import plan_with


def setting_of(spark: SparkSession, problem: Problem, folder: Path) -> Setting:
    """The setting whose problem is this one; its pairs lie in a Parquet file."""
    items = np.array([f"i{number:06}" for number in range(problem.items)])
    users = np.array([f"u{number:07}" for number in range(problem.users)])
    path = folder / "pairs"
    path.mkdir()
    for begin in range(0, problem.users, 20_000):
        part = problem.pairs.part(begin, min(begin + 20_000, problem.users))
        user = np.repeat(users[begin : begin + 20_000], np.diff(part.user_start))
        columns = {"user_id": user, "item_id": items[part.item_index], "relevance": part.value}
        pq.write_table(pa.table(columns), path / f"{begin}.parquet")
    frame = spark.read.parquet(str(path)).selectExpr("user_id", "item_id", "relevance", "'' AS cause")
    total = float(problem.visits.sum() * problem.position_weights.sum())
    nothing, kinds = np.zeros(problem.items), np.full(problem.items, "item_cap", dtype=object)
    bounds = ItemBounds(problem.item_cap, problem.item_floor, np.full(problem.items, np.inf), kinds, kinds)
    plan = plan_with(position_weights=problem.position_weights.tolist(), exploration_slots=0)
    known = pd.DataFrame({"user_id": users, "visits": problem.visits, "consents": True})
    return Setting(
        plan=plan,
        items=pd.DataFrame({"item_id": items}),
        list_rules=problem.list_rules,
        users=known,
        bounds=bounds,
        groups=tuple(NamedGroup(group.name, group.name, group) for group in problem.groups),
        shared=SharedLists({}, {}, {}, np.zeros(0, dtype=object), nothing),
        wishes=NONE,
        factor=np.ones(problem.items),
        addend=nothing,
        pairs=Pairs(frame, None, "1"),
        user_ids=users,
        total=total,
        unmatched={},
    )
