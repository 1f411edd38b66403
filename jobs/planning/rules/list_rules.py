"""List rules of the configuration as groups of items, and what one list holds of them."""

from __future__ import annotations

import numpy as np
import pandas as pd

from jobs.config.plan import ListRule, Plan
from jobs.planning.rules.groups import belongs, has_value, rule_in_words
from model.exposure.list_rules import ListRules


def list_rules(plan: Plan, items: pd.DataFrame) -> ListRules:
    """The rules of a plan over its items. items: the columns that the plan names."""
    codes = np.full((len(plan.list_rules), len(items)), -1, dtype=np.int32)
    for row, rule in enumerate(plan.list_rules.values()):
        codes[row] = pd.factorize(groups_in_words(rule, items), sort=True)[0]
    most = np.array([rule.most for rule in plan.list_rules.values()], dtype=np.int64)
    return ListRules(codes, most, tuple(plan.list_rules))


def groups_in_words(rule: ListRule, items: pd.DataFrame) -> pd.Series:
    """The group of each item under a rule, such as 'product_type = TEA'; None where the rule does not bound it."""
    group = rule.group
    if group is None:
        values = items[rule.column_name]
        words, inside = f"{rule.column_name} = " + values.astype(str), has_value(values)
    else:
        words = pd.Series(rule_in_words(group), index=items.index)
        inside = belongs(group, items[group.column])
    return words.astype(object).mask(~inside, None)


def full_groups(plan: Plan, listed: pd.DataFrame, item: pd.DataFrame) -> list[str]:
    """Why a list can take no further item by plan.list_rules, in words, one for each rule that forbids it.

    listed: the items of the list; item: one row, the item that is not in it; both with the columns that the plan names
    """
    reasons = []
    for name, rule in plan.list_rules.items():
        [own] = groups_in_words(rule, item)
        if own is None:
            continue
        count = int((groups_in_words(rule, listed) == own).sum())
        if count >= rule.most:
            reasons.append(f"the list already holds {count} of {own}, and plan.list_rules.{name} allows {rule.most}")
    return reasons
