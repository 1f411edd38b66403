"""Floors and caps of the configuration as groups of items."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd

from jobs.config.plan import GroupBound, ItemGroup, Plan
from jobs.planning.names import BUDGET
from jobs.planning.rules.quality import has_named_word, may_be_lifted
from model.exposure.problem import Group


@dataclass(frozen=True)
class NamedGroup:
    """A group with the words of constraint_prices: the constraint's name and its rule, such as 'segment = cold'.

    configured: exposures of its floor before any correction by what was delivered
    """

    constraint: str
    member: str
    group: Group
    configured: float = 0.0


def named_groups(plan: Plan, items: pd.DataFrame, total: float, part: float = 1.0) -> tuple[NamedGroup, ...]:
    """All groups of a plan.

    items: the columns that the plan names; total: the expected exposure that shares refer to
    part: part of the sponsors' budgets that the planned shoppers get
    """
    groups: list[NamedGroup] = []
    for name, bound in plan.floors.items():
        for rule, members in lifted_members(plan, bound, items):
            floor = bound.share * total
            groups.append(NamedGroup(name, rule, Group(_label(bound, name, rule), members, floor=floor), floor))
    for name, bound in plan.caps.items():
        for rule, members in members_by_rule(bound, items):
            groups.append(NamedGroup(name, rule, Group(_label(bound, name, rule), members, cap=bound.share * total)))
    for provider, sponsor in plan.sponsors.items():
        # A bid that does not count uses nothing of the budget.
        members = np.flatnonzero((items["provider_id"] == provider).to_numpy() & ~has_named_word(plan, items))
        cap = part * sponsor.budget / sponsor.bid
        groups.append(NamedGroup(BUDGET, provider, Group(f"the budget of {provider}", members, cap=cap)))
    return tuple(groups)


def lifted_members(plan: Plan, bound: GroupBound, items: pd.DataFrame) -> Iterator[tuple[str, np.ndarray]]:
    """`members_by_rule` of a floor, without the items that may not be lifted."""
    may = may_be_lifted(plan, items)
    for rule, members in members_by_rule(bound, items):
        yield rule, members[may[members]]


def members_by_rule(bound: GroupBound, items: pd.DataFrame) -> Iterator[tuple[str, np.ndarray]]:
    """Each group of a bound as its rule and the row numbers of its items; a missing value belongs to none."""
    value, column = items[bound.column], bound.column
    if bound.each:
        for name in sorted(value[has_value(value)].unique()):
            yield f"{column} = {name}", np.flatnonzero((value == name).to_numpy())
    elif bound.buckets is not None:
        edges = [-np.inf, *bound.buckets, np.inf]
        for low, high in pairwise(edges):
            yield _interval(column, low, high), np.flatnonzero(((value >= low) & (value < high)).to_numpy())
    else:
        yield rule_in_words(bound), np.flatnonzero(belongs(bound, value).to_numpy())


def has_value(values: pd.Series) -> pd.Series:
    """Whether each item has a value of a text column; null and the empty text are none."""
    return values.notna() & (values != "")


def belongs(group: ItemGroup, values: pd.Series) -> pd.Series:
    """Whether each item is in the group. values: the group's column; a missing one is in no group."""
    inside = values.notna()
    if group.equals is not None:
        inside &= values == group.equals
    if group.one_of is not None:
        inside &= values.isin(group.one_of)
    if group.at_least is not None:
        inside &= values >= group.at_least
    if group.at_most is not None:
        inside &= values <= group.at_most
    return inside


def rule_in_words(group: ItemGroup) -> str:
    """The rule of a group in words: 'segment = cold', 'days_since_listed <= 28'."""
    if group.one_of is not None:
        return f"{group.column} in {', '.join(group.one_of)}"
    parts = [(" = ", group.equals), (" >= ", group.at_least), (" <= ", group.at_most)]
    return " and ".join(
        group.column + sign + (value if isinstance(value, str) else f"{value:g}")
        for sign, value in parts
        if value is not None
    )


def _label(bound: GroupBound, name: str, rule: str) -> str:
    return f"{name} ({rule})" if bound.each or bound.buckets is not None else name


def _interval(column: str, low: float, high: float) -> str:
    if np.isinf(low):
        return f"{column} < {high:g}"
    return f"{column} >= {low:g}" if np.isinf(high) else f"{low:g} <= {column} < {high:g}"
