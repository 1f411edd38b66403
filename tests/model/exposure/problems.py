"""Small problems for the tests, and HiGHS as the reference."""

from __future__ import annotations

import numpy as np
from scipy.optimize import OptimizeResult, linprog
from scipy.sparse import coo_array, vstack

from model.exposure.list_rules import ListRules
from model.exposure.problem import Group, Problem


def no_rules(items: int) -> ListRules:
    """Rules that bound nothing."""
    return ListRules(np.zeros((0, items), dtype=np.int32), np.zeros(0, dtype=np.int64), ())


def problem_of(
    relevance: list[dict[int, float]],
    *,
    items: int,
    weights: list[float],
    cap: float | list[float] = 1e6,
    item_floor: float | list[float] = 0.0,
    groups: tuple[Group, ...] = (),
    visits: list[float] | None = None,
    explore: int = 0,
    rules: tuple[tuple[list[int], int], ...] = (),
) -> Problem:
    """A problem from one {item: relevance} a user; rules: as in `rules_of`."""
    counts = [len(of_user) for of_user in relevance]
    return Problem(
        user_start=np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
        item_index=np.array([i for of_user in relevance for i in sorted(of_user)], dtype=np.int32),
        value=np.array([of_user[i] for of_user in relevance for i in sorted(of_user)], dtype=np.float64),
        visits=np.array(visits if visits is not None else [1.0] * len(relevance)),
        position_weights=np.array(weights),
        exploration_slots=explore,
        item_cap=np.broadcast_to(np.asarray(cap, dtype=np.float64), (items,)).copy(),
        item_floor=np.broadcast_to(np.asarray(item_floor, dtype=np.float64), (items,)).copy(),
        groups=groups,
        list_rules=rules_of(*rules) if rules else no_rules(items),
    )


def rules_of(*rules: tuple[list[int], int]) -> ListRules:
    """Rules from the group of every item, -1 for none, and the most of a group in a list."""
    codes, most = zip(*rules, strict=True)
    return ListRules(np.array(codes, dtype=np.int32), np.array(most), tuple(f"rule{n}" for n in range(len(rules))))


def breaks_no_rule(problem: Problem, listed: np.ndarray) -> bool:
    """Whether a list of these items holds at most so many of every group of every rule."""
    rules = zip(problem.list_rules.codes, problem.list_rules.most, strict=True)
    groups = ((codes[listed][codes[listed] >= 0], most) for codes, most in rules)
    return all(np.bincount(group).max(initial=0) <= most for group, most in groups)


def random_problem(
    seed: int,
    *,
    users: int = 120,
    items: int = 60,
    per_user: int = 30,
    slots: int = 5,
    cap_share: float = 0.05,
    floor_shares: tuple[float, ...] = (0.15, 0.25),
    item_floor: float = 0.0,
    cap_shares: tuple[float, ...] = (),
    flat: bool = False,
    explore: int = 0,
    rules: tuple[tuple[int, int], ...] = (),
) -> Problem:
    """Popular items are candidates more often; groups overlap.

    flat: equal weights of positions and visits of shoppers
    rules: how many groups each list rule has, and the most of one in a list. Groups are drawn independently for each
    rule, so they cross; a rule of one group bounds a third of the items, one of two groups two thirds.
    """
    r = np.random.default_rng(seed)
    popularity = np.log(r.pareto(1.5, items) + 0.2)
    relevance = []
    for _ in range(users):
        of_user = np.argsort(-(popularity + r.gumbel(size=items)))[:per_user]
        relevance.append({int(i): float(min(np.exp(-4 + r.normal()), 1.0)) for i in of_user})
    weights = [1.0] * slots if flat else list(np.linspace(1.0, 0.4, slots))
    visits = [1.0] * users if flat else list(r.integers(1, 29, users) / 30)
    total = sum(visits) * sum(weights)
    groups = tuple(
        Group(f"group{number}", np.sort(r.choice(items, items // 4, replace=False)), share * total)
        for number, share in enumerate(floor_shares)
    ) + tuple(
        Group(f"capped{number}", np.sort(r.choice(items, items // 3, replace=False)), cap=share * total)
        for number, share in enumerate(cap_shares)
    )
    return problem_of(
        relevance,
        items=items,
        weights=weights,
        cap=cap_share * total,
        item_floor=item_floor,
        groups=groups,
        visits=visits,
        explore=explore,
        rules=tuple((_codes(r, items, of_rule), most) for of_rule, most in rules),
    )


def _codes(r: np.random.Generator, items: int, groups: int) -> list[int]:
    code = r.integers(0, max(groups, 3), items)
    return list(np.where(code < groups, code, -1))


def list_rule_rows(problem: Problem) -> tuple[coo_array, np.ndarray]:
    """Constraints of the list rules that can bind: which pairs count in each (constraints, pairs), and the most."""
    rows, most = [coo_array((0, len(problem.item_index)))], []
    for codes, limit in zip(problem.list_rules.codes, problem.list_rules.most, strict=True):
        code = codes[problem.item_index]
        bound = np.flatnonzero(code >= 0)
        key = problem.user_index[bound].astype(np.int64) * (int(codes.max()) + 1) + code[bound]
        _, group, count = np.unique(key, return_inverse=True, return_counts=True)
        large = (count > limit)[group]
        groups, group = np.unique(group[large], return_inverse=True)
        rows.append(coo_array((np.ones(len(group)), (group, bound[large])), shape=(len(groups), len(code))))
        most.append(np.full(len(groups), float(limit)))
    return vstack(rows).tocoo(), np.concatenate([*most, np.zeros(0)])


def reference(problem: Problem, elastic: float | None = None) -> tuple[float, np.ndarray] | None:
    """Response and group shortfalls of the relaxed plan by HiGHS; None where the floors exclude each other.

    elastic: what a unit of a missed group floor costs; None makes floors hard.
    """
    solved = _solved(problem, elastic)
    if solved.status != 0:
        return None
    pairs = len(problem.item_index)
    return float((problem.value * problem.delivery[problem.user_index]) @ solved.x[:pairs]), solved.x[pairs:]


def reference_prices(problem: Problem) -> np.ndarray:
    """float64 (groups): the prices of the floors of groups by HiGHS, which have to be attainable."""
    solved = _solved(problem, None)
    assert solved.status == 0, solved.message
    first = problem.users + 2 * problem.items
    return -solved.ineqlin.marginals[first : first + len(problem.groups)]


def two_values(
    high: float, low: float, share: float, *, users: int = 1_000, slots: int = 5, spread: float = 0.02
) -> Problem:
    """Every shopper has ten items of either value, which vary by `spread`; those of the low value have a floor.

    share: of all exposure, that the floor asks for
    """
    r = np.random.default_rng(0)
    weights = list(np.linspace(1.0, 0.4, slots))
    relevance = []
    for _ in range(users):
        items = np.concatenate([r.choice(40, 10, replace=False), 40 + r.choice(40, 10, replace=False)])
        vary = r.uniform(1 - spread, 1 + spread, len(items))
        relevance.append({int(i): float(v) for i, v in zip(items, np.where(items < 40, high, low) * vary, strict=True)})
    group = Group("low", np.arange(40, 80), share * users * sum(weights))
    return problem_of(relevance, items=80, weights=weights, groups=(group,))


def tiny_store(seed: int | None = None) -> Problem:
    """21 shoppers, seven items of which four caps together are all exposure, one drawn slot of three.

    All shoppers value the items alike but for a constant; seed: of noise in their values, None for none
    """
    values = [0.30, 0.28, 0.26, 0.2, 0.15, 0.12, 0.1]
    relevance = [{item: value + 0.001 * user for item, value in enumerate(values)} for user in range(20)] + [{3: 0.2}]
    if seed is not None:
        r = np.random.default_rng(seed)
        relevance = [{item: value * float(np.exp(r.normal(0, 0.05))) for item, value in u.items()} for u in relevance]
    visits = [(user % 10 + 1) / 30 for user in range(21)]
    total = sum(visits) * 2.4
    return problem_of(
        relevance,
        items=7,
        weights=[1.0, 0.8, 0.6],
        cap=0.25 * total,
        groups=(Group("cold", np.array([5, 6]), 0.1 * total), Group("new", np.array([4]), 0.15 * total)),
        visits=visits,
        explore=1,
        rules=(([0, 0, 0, 1, 1, -1, -1], 1),),
    )


def _solved(problem: Problem, elastic: float | None) -> OptimizeResult:
    pairs, groups = len(problem.item_index), len(problem.groups)
    delivery = problem.delivery[problem.user_index]
    column = np.arange(pairs)
    slots = coo_array((np.ones(pairs), (problem.user_index, column)), shape=(problem.users, pairs + groups))
    caps = coo_array((delivery, (problem.item_index, column)), shape=(problem.items, pairs + groups))
    inside = problem.membership.toarray()[:, problem.item_index] * delivery
    row, at = np.nonzero(inside)
    lack = np.arange(groups)
    floors = coo_array(
        (
            np.concatenate([-inside[row, at], -np.ones(groups)]),
            (np.concatenate([row, lack]), np.concatenate([at, pairs + lack])),
        ),
        shape=(groups, pairs + groups),
    )
    of_lists, most = list_rule_rows(problem)
    of_lists.resize((of_lists.shape[0], pairs + groups))
    capped = np.isfinite(problem.planned_group_cap)
    of_groups = np.hstack([inside[capped], np.zeros((capped.sum(), groups))])
    return linprog(
        np.concatenate([-problem.value * delivery, np.full(groups, elastic or 0.0)]),
        A_ub=vstack([slots, caps, -caps, floors, coo_array(of_groups), of_lists]).tocsr(),
        b_ub=np.concatenate(
            [
                np.full(problem.users, problem.slots),
                problem.planned_cap,
                -problem.item_floor,
                -problem.group_floor,
                problem.planned_group_cap[capped],
                most,
            ]
        ),
        bounds=[(0, 1)] * pairs + [(0, None if elastic else 0)] * groups,
        method="highs",
    )
