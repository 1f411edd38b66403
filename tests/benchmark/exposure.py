"""The plan against HiGHS, and at size.

python -m tests.benchmark.exposure [quality] [positions] [highs] [memory] [floors] [exploration] [rules]
    [shards] [spark]

Seconds are those of the processor where one process computes, on one core (OMP_NUM_THREADS=1), so that other processes
do not count; the Spark part uses the cores of conf/spark-local.conf, and its seconds are those of the clock.
"""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import highspy
import numpy as np

from jobs.planning.context_pairs import places, sorted_pairs
from jobs.planning.entries.reasons import Words
from jobs.planning.solution.by_spark import BySpark
from jobs.planning.solution.lists_by_spark import ListsBySpark
from model.exposure.group_prices import prices_at_floors
from model.exposure.hashed_random import seeds_of
from model.exposure.passes import InMemory
from model.exposure.plan import rounded_plan
from model.exposure.prices import priced, solve
from model.exposure.problem import Problem
from tests.benchmark.plan_by_spark import plan_problem_of
from tests.benchmark.plan_optimum import gap_of_lists, optimum_with_positions, responses, solved_by_highs
from tests.benchmark.plan_problems import synthetic_problem, with_binding_rules
from tests.spark_session import local_session

TOLERANCE, MOST_PASSES = 0.002, 60


def main() -> None:
    """Runs the parts that are named, or all."""
    parts: dict[str, Callable[[], None]] = {
        "quality": quality,
        "positions": positions,
        "highs": highs,
        "memory": memory,
        "floors": floors,
        "exploration": exploration,
        "rules": rules,
        "shards": shards,
        "spark": by_spark,
    }
    for name in sys.argv[1:] or parts:
        parts[name]()


def quality() -> None:
    """Close to the optimum, caps and floors kept, few passes; instances that HiGHS solves in seconds."""
    print(
        "pairs     seed  HiGHS s  optimum   ours      gap     lists' gap  over caps  floors short  cold  warm  "
        "floors' prices off  swaps"
    )
    for seed in range(1, 4):
        problem = synthetic_problem(2_000, 2_000, 100, seed=seed)
        took, optimum, prices = solved_by_highs(problem, "simplex", 300.0)
        solution = solve(problem, TOLERANCE, MOST_PASSES)
        off = float(np.abs(solution.prices.group / prices - 1).max())
        users, items = seeds_of(map(str, range(problem.users)), 1), seeds_of(map(str, range(problem.items)), 2)
        plan = rounded_plan(problem, solution, TOLERANCE, users, items)
        over = float(np.maximum(plan.delivered - problem.item_cap, 0).max())
        short = float(np.maximum(problem.group_floor - plan.group_delivered, 0).max())
        swaps = plan.entries.swaps
        warm = solve(tomorrow(problem), TOLERANCE, MOST_PASSES, solution.prices)
        print(
            f"{len(problem.value):>9,} {seed:>4}  {took:>7.1f}  {optimum:>8.3f}  {solution.response:>8.3f}  "
            f"{1 - solution.response / optimum:>6.2%}  {gap_of_lists(problem, plan):>10.2%}  {over:>9.1e}  "
            f"{short:>12.1e}  {solution.passes:>4}  {warm.passes:>4}  {off:>18.1%}  {swaps:>5}",
            flush=True,
        )


def positions() -> None:
    """The lists against HiGHS' optimum over shoppers, items and positions; small enough for it."""
    problem = synthetic_problem(400, 300, 40, slots=5)
    seeds = seeds_of(map(str, range(problem.users)), 1), seeds_of(map(str, range(problem.items)), 2)
    plan = rounded_plan(problem, solve(problem, TOLERANCE, MOST_PASSES), TOLERANCE, *seeds)
    below = 1 - responses(problem, plan) / optimum_with_positions(problem)
    print(f"lists of {len(problem.value):,} pairs: {below:.2%} below HiGHS' optimum with positions", flush=True)


def highs() -> None:
    """HiGHS at a million pairs, by each of its methods on one thread; ours at ten million."""
    problem = synthetic_problem(10_000, 20_000, 100)
    fastest = np.inf
    version = highspy.Highs().version()
    for solver in ("simplex", "hipo", "ipx", "pdlp"):
        took, optimum, _ = solved_by_highs(problem, solver, min(fastest * 4, 600.0))
        took_text = f"{took:.1f} s" if np.isfinite(optimum) else f"not done in {took:.0f} s"
        print(f"HiGHS {version} {solver} at {len(problem.value):,} pairs: {took_text}", flush=True)
        if np.isfinite(optimum):
            fastest = min(fastest, took)
    large = synthetic_problem(100_000, 20_000, 100)
    begun = time.process_time()
    solution = solve(large, TOLERANCE, MOST_PASSES)
    ours = (time.process_time() - begun) / len(large.value)
    theirs = fastest / len(problem.value)
    print(
        f"ours at {len(large.value):,} pairs: {ours * 1e6:.2f} us a pair in {solution.passes} passes; HiGHS "
        f"{theirs * 1e6:.1f} us a pair: {theirs / ours:.0f} times",
        flush=True,
    )


def memory() -> None:
    """Twenty million pairs in memory, cold and warm, and the integral lists."""
    problem = synthetic_problem(200_000, 20_000, 100)
    begun = time.process_time()
    solution = solve(problem, TOLERANCE, MOST_PASSES)
    cold = time.process_time() - begun
    print(
        f"{len(problem.value):,} pairs cold: {cold:.1f} s, {solution.passes} passes, gap {solution.gap:.4f}, violation "
        f"{solution.violation:.4f}, converged {solution.converged}",
        flush=True,
    )
    begun = time.process_time()
    warm = solve(tomorrow(problem), TOLERANCE, MOST_PASSES, solution.prices)
    print(f"warm: {time.process_time() - begun:.1f} s, {warm.passes} passes, converged {warm.converged}", flush=True)
    begun = time.process_time()
    users, items = seeds_of(map(str, range(problem.users)), 1), seeds_of(map(str, range(problem.items)), 2)
    plan = rounded_plan(problem, solution, TOLERANCE, users, items)
    took = time.process_time() - begun
    over = float(np.maximum(plan.delivered - problem.item_cap, 0).max())
    short = float(np.maximum(problem.group_floor - plan.group_delivered, 0).max())
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(
        f"lists: {took:.1f} s, {len(plan.entries.pair):,} entries, {gap_of_lists(problem, plan):.2%} below the bound, "
        f"over caps {over:.1e}, floors short {short:.1e}; peak memory of the process {peak:.1f} GiB",
        flush=True,
    )


def floors() -> None:
    """Lists of 20 million pairs where half of the items, the rarest, have a floor of their own."""
    problem = synthetic_problem(200_000, 20_000, 100)
    offered = np.bincount(problem.item_index, problem.delivery[problem.user_index], minlength=problem.items)
    floor = np.where(np.argsort(np.argsort(offered)) < problem.items // 2, np.minimum(0.2 * offered, 60.0), 0.0)
    problem = replace(problem, item_floor=floor)
    begun = time.process_time()
    solution = solve(problem, TOLERANCE, MOST_PASSES)
    took = time.process_time() - begun
    begun = time.process_time()
    users, items = seeds_of(map(str, range(problem.users)), 1), seeds_of(map(str, range(problem.items)), 2)
    plan = rounded_plan(problem, solution, TOLERANCE, users, items)
    lists = time.process_time() - begun
    short = np.maximum(floor - plan.delivered, 0)
    swaps, missed = plan.entries.swaps, int((short > TOLERANCE * floor).sum())
    print(
        f"{(floor > 0).sum():,} floors of single items at {len(problem.value):,} pairs: {took:.1f} s, "
        f"{solution.passes} passes; lists {lists:.1f} s, {swaps:,} entries by swaps, {missed:,} items short by "
        f"{short.sum():.1f} of {floor.sum():.1f}",
        flush=True,
    )


def exploration() -> None:
    """What planned entries and the expected draw deliver of the floors of groups, and what crediting the draw takes."""
    for users in (2_000, 20_000):
        problem = synthetic_problem(users, users, 100)
        names, items = seeds_of(map(str, range(problem.users)), 1), seeds_of(map(str, range(problem.items)), 2)
        for slots in (0, 1, 2):
            shape = replace(problem, exploration_slots=slots)
            solution = solve(shape, TOLERANCE, MOST_PASSES)
            begun = time.process_time()
            plan = rounded_plan(shape, solution, TOLERANCE, names, items)
            took = time.process_time() - begun
            entries = plan.entries
            shown = np.where(entries.explored, 0.0, shape.visits[entries.user] * shape.position_weights[entries.rank])
            by_plan = np.bincount(shape.item_index[entries.pair], shown, minlength=shape.items)
            of_floor = {
                "expected": plan.group_expected,
                "planned": shape.membership @ by_plan,
                "drawn": plan.group_delivered,
            }
            parts = ", ".join(f"{name} {_range(part / shape.group_floor)}" for name, part in of_floor.items())
            lower = _range(plan.solution.prices.group / solution.prices.group)
            print(
                f"{len(shape.value):,} pairs, {slots} explored slots: of the floors {parts}; {lower} of the prices "
                f"without the draw, {plan.solution.passes} passes, {entries.swaps:,} swaps of "
                f"{len(entries.pair):,}; responses {responses(shape, plan):.2f}; lists {took:.1f} s",
                flush=True,
            )


def _range(shares: np.ndarray) -> str:
    return f"{shares.min():.1%} to {shares.max():.1%}"


def rules() -> None:
    """List rules that bind and cross: against HiGHS, and what they cost at five million pairs."""
    for seed in range(1, 4):
        problem = with_binding_rules(synthetic_problem(2_000, 2_000, 100, seed=seed), seed=seed)
        took, optimum, _ = solved_by_highs(problem, "simplex", 300.0)
        solution = solve(problem, TOLERANCE, MOST_PASSES)
        free = solve(synthetic_problem(2_000, 2_000, 100, seed=seed), TOLERANCE, MOST_PASSES)
        print(
            f"{len(problem.value):,} pairs under rules: HiGHS {took:.1f} s; ours {1 - solution.response / optimum:.2%} "
            f"below it in {solution.passes} passes; the rules cost {1 - solution.response / free.response:.1%}",
            flush=True,
        )
    large = synthetic_problem(50_000, 20_000, 100)
    for name, problem in (("without", large), ("with", with_binding_rules(large))):
        begun = time.process_time()
        solution = solve(problem, TOLERANCE, MOST_PASSES)
        priced_in = time.process_time() - begun
        begun = time.process_time()
        users, items = seeds_of(map(str, range(problem.users)), 1), seeds_of(map(str, range(problem.items)), 2)
        rounded_plan(problem, solution, TOLERANCE, users, items)
        print(
            f"{len(problem.value):,} pairs {name} binding rules: {priced_in:.1f} s, {solution.passes} passes; lists "
            f"{time.process_time() - begun:.1f} s",
            flush=True,
        )


def by_spark(users: int = 200_000) -> None:
    """The same plan by passes of Spark: seconds a pass, the same prices, and the same lists, shard by shard."""
    problem = synthetic_problem(users, 20_000, 100)
    with tempfile.TemporaryDirectory() as folder, local_session(Path(folder)) as spark:
        plan_problem, pairs = plan_problem_of(spark, problem, Path(folder))
        begun = time.perf_counter()
        passes = BySpark(spark, plan_problem, pairs)
        print(f"{len(problem.value):,} pairs packed on the executors: {time.perf_counter() - begun:.1f} s", flush=True)
        begun = time.perf_counter()
        relaxed = priced(plan_problem.bounds(), passes, TOLERANCE, MOST_PASSES)
        took = time.perf_counter() - begun
        print(f"by Spark: {took:.1f} s, {relaxed.passes} passes, {took / relaxed.passes:.2f} s a pass", flush=True)
        begun = time.perf_counter()
        lists = ListsBySpark(passes, relaxed, (1,))
        _, price, trial = prices_at_floors(plan_problem.bounds(), relaxed, lists.trial)
        nothing = np.full(problem.items, "", dtype=object)
        words = Words(plan_problem.item_ids, nothing, nothing, nothing, np.full(len(problem.groups), "", dtype=object))
        (delivered, _), (kept, _, entries, swaps) = lists.finish(price, trial, words)
        took = time.perf_counter() - begun
        print(f"{entries:,} entries from {kept:,} pairs, {swaps:,} swaps: {took:.1f} s", flush=True)
        begun = time.perf_counter()
        table, shards = pairs.toArrow(), plan_problem.contexts.shards
        shard = np.mod(table["place"].to_numpy(), shards)
        all_pairs, shard_of = sorted_pairs(table, places(table["item_id"], plan_problem.item_ids), shard)
        lists.close()
    starts = np.searchsorted(shard_of, np.arange(shards + 1))
    everything = plan_problem.of_pairs(all_pairs)
    begun = time.perf_counter()
    ours = priced(everything, InMemory(everything, starts), TOLERANCE, MOST_PASSES)
    took = time.perf_counter() - begun
    print(
        f"in memory: {took:.1f} s, {took / ours.passes:.2f} s a pass; equal prices: "
        f"{np.array_equal(ours.price, relaxed.price)}, most delivered of a cap: "
        f"{float((delivered / problem.item_cap).max()):.4f}",
        flush=True,
    )


def shards() -> None:
    """What rounding by shards loses against one shard, on shapes with few entries of an item in a shard."""
    problem = synthetic_problem(8_192, 3_000, 60)
    offered = np.bincount(problem.item_index, problem.delivery[problem.user_index], minlength=problem.items)
    rare = np.argsort(np.argsort(offered)) < problem.items // 2
    shapes = {
        "floors of groups": problem,
        "binding list rules": with_binding_rules(problem),
        "two explored slots": replace(problem, exploration_slots=2),
        "floors of single items": replace(problem, item_floor=np.where(rare, np.minimum(0.2 * offered, 20.0), 0.0)),
    }
    users, items = seeds_of(map(str, range(problem.users)), 1), seeds_of(map(str, range(problem.items)), 2)
    for name, shape in shapes.items():
        solution, whole = solve(shape, TOLERANCE, MOST_PASSES), 0.0
        for number in (1, 2, 8, 32):
            starts = np.linspace(0, shape.users, number + 1).astype(np.int64)
            begun = time.process_time()
            plan = rounded_plan(shape, solution, TOLERANCE, users, items, starts)
            took = time.process_time() - begun
            whole = whole or responses(shape, plan)
            short = float(np.maximum(solution.floors.item - plan.delivered, 0).sum())
            print(
                f"{name}, {number} shards: {1 - responses(shape, plan) / whole:.2%} below one shard, over caps "
                f"{np.maximum(plan.delivered - shape.item_cap, 0).max():.1e}, floors missed {len(plan.unmet)}, item "
                f"floors short {short:.1f} of {solution.floors.item.sum():.1f}; {took:.1f} s",
                flush=True,
            )


def tomorrow(problem: Problem) -> Problem:
    """The same store a night later: every value moves by some 5 %."""
    noise = np.exp(np.random.default_rng(9).normal(0, 0.05, len(problem.value)))
    return replace(problem, value=problem.value * noise)


if __name__ == "__main__":
    main()
