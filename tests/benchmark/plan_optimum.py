"""What a plan could bring at most: by HiGHS, and by a bound at any size."""

from __future__ import annotations

import time

import highspy
import numpy as np
from scipy.optimize import linprog
from scipy.sparse import coo_array, csr_array, vstack

from model.exposure.plan import ListedPlan
from model.exposure.problem import Problem
from model.exposure.ranking import by_score
from model.exposure.runs import place_in_run
from tests.model.exposure.problems import list_rule_rows


def responses(problem: Problem, plan: ListedPlan) -> float:
    """Expected responses of the lists, each entry looked at as its position is."""
    entries = plan.entries
    shown = problem.visits[entries.user] * problem.position_weights[entries.rank]
    return float(shown @ problem.value[entries.pair])


def gap_of_lists(problem: Problem, plan: ListedPlan) -> float:
    """By how much of it the responses of the lists are below a bound that no lists under these caps and floors exceed.

    HiGHS' plan and ours take every slot for one of mean weight; lists have positions. The bound is the dual of the plan
    with positions at the prices of the lists (weak duality): the best scores of each user that break no list rule, the
    best at the first position. Groups of rules have to be disjoint or nested.
    """
    weights, prices = problem.position_weights[: problem.slots], plan.solution.prices
    score = problem.value - plan.solution.price[problem.item_index]
    order = by_score(problem.user_start, score)
    order = order[problem.list_rules.fits_below(problem.user_index[order], problem.item_index[order])]
    place = place_in_run(problem.user_index[order])
    best = order[place < problem.slots]
    exposure = problem.visits[problem.user_index[best]] * weights[place[place < problem.slots]]
    bound = float(exposure @ np.maximum(score[best], 0.0)) + float(prices.cap @ problem.planned_cap)
    bound -= float(prices.group @ problem.group_floor)
    return 1.0 - responses(problem, plan) / bound


def solved_by_highs(problem: Problem, solver: str, limit: float) -> tuple[float, float, np.ndarray]:
    """Seconds of the processor, with one thread, the optimum, and the prices of the floors of groups, float64 (groups).

    Optimum and prices are NaN when the limit (seconds of the clock) was too short.

    solver: HiGHS' own name: simplex, ipx, hipo (which needs highspy-extras) or pdlp; interior points stay where they
        are, without the crossover to a vertex, which takes longer and which the optimum does not need
    """
    pairs, delivery = len(problem.value), problem.delivery[problem.user_index]
    column = np.arange(pairs)
    slots = coo_array((np.ones(pairs), (problem.user_index, column)), shape=(problem.users, pairs))
    caps = csr_array((delivery, (problem.item_index, column)), shape=(problem.items, pairs))
    of_lists, most = list_rule_rows(problem)
    rows = vstack([slots, caps, -(problem.membership @ caps), of_lists]).tocsr()
    bounds = np.concatenate([np.full(problem.users, problem.slots), problem.planned_cap, -problem.group_floor, most])
    program = highspy.HighsLp()
    program.num_row_, program.num_col_ = rows.shape
    program.col_cost_ = -problem.value * delivery
    program.col_lower_, program.col_upper_ = np.zeros(pairs), np.ones(pairs)
    program.row_lower_, program.row_upper_ = np.full(len(bounds), -highspy.kHighsInf), bounds
    program.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    program.a_matrix_.start_, program.a_matrix_.index_, program.a_matrix_.value_ = rows.indptr, rows.indices, rows.data
    highs = highspy.Highs()
    highs.silent()
    for name, value in {"solver": solver, "threads": 1, "run_crossover": "off", "time_limit": limit}.items():
        if highs.setOptionValue(name, value) != highspy.HighsStatus.kOk:
            raise ValueError(f"HiGHS {highs.version()} refuses the option {name} = {value}.")
    highs.passModel(program)
    begun = time.process_time()
    highs.run()
    took, groups = time.process_time() - begun, len(problem.groups)
    if highs.getModelStatus() != highspy.HighsModelStatus.kOptimal:
        return took, np.nan, np.full(groups, np.nan)
    first = problem.users + problem.items
    duals = np.asarray(highs.getSolution().row_dual)[first : first + groups]
    return took, -float(highs.getInfo().objective_function_value), -duals


def optimum_with_positions(problem: Problem) -> float:
    """HiGHS' optimum over shares of users, items and positions, which no lists exceed."""
    pairs, slots = len(problem.value), problem.slots
    pair, rank, column = np.repeat(np.arange(pairs), slots), np.tile(np.arange(slots), pairs), np.arange(pairs * slots)
    user = problem.user_index[pair]
    exposure = problem.visits[user] * problem.position_weights[rank]
    once = csr_array((np.ones(len(column)), (pair, column)))
    places = csr_array((np.ones(len(column)), (user * slots + rank, column)))
    caps = csr_array((exposure, (problem.item_index[pair], column)), shape=(problem.items, len(column)))
    of_lists, most = list_rule_rows(problem)
    bounds = [np.ones(pairs), np.ones(problem.users * slots), problem.planned_cap, -problem.group_floor, most]
    solved = linprog(
        -problem.value[pair] * exposure,
        A_ub=vstack([once, places, caps, -(problem.membership @ caps), of_lists @ once]).tocsr(),
        b_ub=np.concatenate(bounds),
        bounds=(0, 1),
        method="highs-ipm",
    )
    return -float(solved.fun)
