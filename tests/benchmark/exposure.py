"""The plan against HiGHS, and at size: python -m tests.benchmark.exposure [quality] [highs] [memory] [spark].

Figures are one core's where a process computes; the Spark part uses the cores of conf/spark-local.conf.
"""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from pyspark.sql import SparkSession
from scipy.optimize import linprog
from scipy.sparse import coo_array, csr_array, vstack

from jobs.planning.by_spark import BySpark
from jobs.planning.groups import NamedGroup
from jobs.planning.inputs import inputs_of
from jobs.planning.item_bounds import ItemBounds
from jobs.planning.merchandising import NONE
from jobs.planning.pairs import Pairs
from jobs.planning.setting import Setting
from jobs.planning.shared import SharedLists
from model.exposure.chance import seeds_of
from model.exposure.order import by_score
from model.exposure.plan import Plan, rounded_plan
from model.exposure.prices import priced, solution_at, solve
from model.exposure.problem import Problem
from tests.benchmark.plan_problems import synthetic_problem
from tests.jobs.planning.plans import plan_with
from tests.spark_session import local_session

TOLERANCE, MOST_PASSES = 0.002, 60


def main() -> None:
    """Runs the parts that are named, or all."""
    parts: dict[str, Callable[[], None]] = {"quality": quality, "highs": highs, "memory": memory, "spark": by_spark}
    for name in sys.argv[1:] or parts:
        parts[name]()


def quality() -> None:
    """Close to the optimum, caps and floors kept, few passes; instances that HiGHS solves in seconds."""
    print("pairs     seed  HiGHS s  optimum   ours      gap     lists' gap  over caps  floors short  cold  warm")
    for seed in range(1, 4):
        problem = synthetic_problem(2_000, 2_000, 100, seed=seed)
        took, optimum = solved_by_highs(problem, "highs-ds", 300.0)
        solution = solve(problem, TOLERANCE, MOST_PASSES)
        users, items = seeds_of(map(str, range(problem.users)), 1), seeds_of(map(str, range(problem.items)), 2)
        plan = rounded_plan(problem, solution, TOLERANCE, users, items)
        over = float(np.maximum(plan.delivered - problem.item_cap, 0).max())
        short = float(np.maximum(problem.group_floor - plan.group_delivered, 0).max())
        warm = solve(tomorrow(problem), TOLERANCE, MOST_PASSES, solution.prices)
        print(
            f"{len(problem.value):>9,} {seed:>4}  {took:>7.1f}  {optimum:>8.3f}  {solution.response:>8.3f}  "
            f"{1 - solution.response / optimum:>6.2%}  {gap_of_lists(problem, plan):>10.2%}  {over:>9.1e}  "
            f"{short:>12.1e}  {solution.passes:>4}  {warm.passes:>4}",
            flush=True,
        )


def highs() -> None:
    """HiGHS at a million pairs, by each of its methods, the second within the first's time; ours at ten million."""
    problem = synthetic_problem(10_000, 20_000, 100)
    fastest = np.inf
    for method in ("highs-ds", "highs-ipm"):
        took, optimum = solved_by_highs(problem, method, min(fastest * 1.2, 160.0))
        told = f"{took:.1f} s" if np.isfinite(optimum) else f"not done in {took:.0f} s"
        print(f"HiGHS {method} at {len(problem.value):,} pairs: {told}", flush=True)
        if np.isfinite(optimum):
            fastest = min(fastest, took)
    large = synthetic_problem(100_000, 20_000, 100)
    begun = time.perf_counter()
    solution = solve(large, TOLERANCE, MOST_PASSES)
    ours = (time.perf_counter() - begun) / len(large.value)
    theirs = fastest / len(problem.value)
    print(
        f"ours at {len(large.value):,} pairs: {ours * 1e6:.2f} us a pair in {solution.passes} passes; HiGHS "
        f"{theirs * 1e6:.1f} us a pair: {theirs / ours:.0f} times",
        flush=True,
    )


def memory() -> None:
    """Twenty million pairs in memory, cold and warm, and the integral lists."""
    problem = synthetic_problem(200_000, 20_000, 100)
    begun = time.perf_counter()
    solution = solve(problem, TOLERANCE, MOST_PASSES)
    cold = time.perf_counter() - begun
    print(
        f"{len(problem.value):,} pairs cold: {cold:.1f} s, {solution.passes} passes, gap {solution.gap:.4f}, violation "
        f"{solution.violation:.4f}, converged {solution.converged}",
        flush=True,
    )
    begun = time.perf_counter()
    warm = solve(tomorrow(problem), TOLERANCE, MOST_PASSES, solution.prices)
    print(f"warm: {time.perf_counter() - begun:.1f} s, {warm.passes} passes, converged {warm.converged}", flush=True)
    begun = time.perf_counter()
    users, items = seeds_of(map(str, range(problem.users)), 1), seeds_of(map(str, range(problem.items)), 2)
    plan = rounded_plan(problem, solution, TOLERANCE, users, items)
    took = time.perf_counter() - begun
    over = float(np.maximum(plan.delivered - problem.item_cap, 0).max())
    short = float(np.maximum(problem.group_floor - plan.group_delivered, 0).max())
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(
        f"lists: {took:.1f} s, {len(plan.pair):,} entries, {gap_of_lists(problem, plan):.2%} below the bound, over "
        f"caps {over:.1e}, floors short {short:.1e}; peak memory of the process {peak:.1f} GiB",
        flush=True,
    )


def by_spark(users: int = 200_000) -> None:
    """The same plan by passes of Spark: seconds a pass, the same prices, and lists from the pairs that it keeps."""
    problem = synthetic_problem(users, 20_000, 100)
    seeds = seeds_of(map(str, range(problem.users)), 1), seeds_of(map(str, range(problem.items)), 2)
    with tempfile.TemporaryDirectory() as folder, local_session(Path(folder)) as spark:
        setting = setting_of(spark, problem, Path(folder))
        begun = time.perf_counter()
        passes = BySpark(spark, setting)
        print(f"{len(problem.value):,} pairs packed on the executors: {time.perf_counter() - begun:.1f} s", flush=True)
        begun = time.perf_counter()
        found = priced(passes.bounds, passes, TOLERANCE, MOST_PASSES)
        took = time.perf_counter() - begun
        print(f"by Spark: {took:.1f} s, {found.passes} passes, {took / found.passes:.2f} s a pass", flush=True)
        begun = time.perf_counter()
        kept = inputs_of(setting, passes.kept(found.price, found.gamma).toArrow()).problem
        by_spark = rounded_plan(kept, solution_at(kept, found), TOLERANCE, *seeds)
        took = time.perf_counter() - begun
        print(f"lists from {len(kept.value):,} pairs on the driver: {took:.1f} s", flush=True)
        passes.close()
    begun = time.perf_counter()
    ours = solve(problem, TOLERANCE, MOST_PASSES)
    took = time.perf_counter() - begun
    lists = rounded_plan(problem, ours, TOLERANCE, *seeds)
    same = np.array_equal(problem.item_index[lists.pair], kept.item_index[by_spark.pair])
    print(
        f"in memory: {took:.1f} s, {took / ours.passes:.2f} s a pass; equal prices: "
        f"{np.array_equal(ours.price, found.price)}, equal lists: {same}",
        flush=True,
    )


def gap_of_lists(problem: Problem, plan: Plan) -> float:
    """By how much of it the responses of the lists are below a bound that no lists under these caps and floors exceed.

    HiGHS' plan and ours take every slot for one of mean weight; lists have positions. The bound is the dual of the plan
    with positions at the prices of the lists (weak duality): each user's best scores, the best at the first position.
    """
    weights, prices = problem.position_weights[: problem.slots], plan.solution.prices
    score = problem.value - plan.solution.price[problem.item_index]
    order = by_score(problem.user_start, score)
    place = np.arange(len(order)) - np.repeat(problem.user_start[:-1], problem.candidates)
    best = order[place < problem.slots]
    exposure = problem.visit_probability[problem.user_index[best]] * weights[place[place < problem.slots]]
    bound = float(exposure @ np.maximum(score[best], 0.0)) + float(prices.cap @ problem.planned_cap)
    bound -= float(prices.group @ problem.group_floor)
    shown = problem.visit_probability[plan.user] * weights[plan.rank]
    return 1.0 - float(shown @ problem.value[plan.pair]) / bound


def tomorrow(problem: Problem) -> Problem:
    """The same store a night later: every value moves by some 5 %."""
    noise = np.exp(np.random.default_rng(9).normal(0, 0.05, len(problem.value)))
    return replace(problem, value=problem.value * noise)


def solved_by_highs(problem: Problem, method: str, limit: float) -> tuple[float, float]:
    """Seconds and the optimum, NaN when the limit (seconds) was not enough."""
    pairs, delivery = len(problem.value), problem.delivery[problem.user_index]
    column = np.arange(pairs)
    slots = coo_array((np.ones(pairs), (problem.user_index, column)), shape=(problem.users, pairs))
    caps = csr_array((delivery, (problem.item_index, column)), shape=(problem.items, pairs))
    begun = time.perf_counter()
    solved = linprog(
        -problem.value * delivery,
        A_ub=vstack([slots, caps, -(problem.membership @ caps)]).tocsr(),
        b_ub=np.concatenate([np.full(problem.users, problem.slots), problem.planned_cap, -problem.group_floor]),
        bounds=(0, 1),
        method=method,
        options={"time_limit": limit},
    )
    return time.perf_counter() - begun, -solved.fun if solved.status == 0 else np.nan


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
    total = float(problem.visit_probability.sum() * problem.position_weights.sum())
    nothing, kinds = np.zeros(problem.items), np.full(problem.items, "item_cap", dtype=object)
    bounds = ItemBounds(problem.item_cap, problem.item_floor, np.full(problem.items, np.inf), kinds, kinds)
    plan = plan_with(position_weights=problem.position_weights.tolist(), exploration_slots=0)
    known = pd.DataFrame({"user_id": users, "visit_probability": problem.visit_probability, "consents": True})
    return Setting(
        plan=plan,
        items=pd.DataFrame({"item_id": items}),
        item_type=problem.item_type,
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
    )


if __name__ == "__main__":
    main()
