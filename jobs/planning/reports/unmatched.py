"""Names in the configuration and in the merchandising file that nothing in the night's catalogue has."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from features.contract.segments import SEGMENTS
from jobs.config.plan import GroupBound, ItemGroup, ListRule, Plan
from jobs.execution.night import Night
from jobs.experiments.arms import of_arm
from jobs.planning.catalogue.eligibility import is_under
from jobs.planning.columns import ATTRIBUTE
from jobs.planning.merchandising import Merchandising
from jobs.runtime.logs import warning

_MOST = 20  # names reported for one key


def unmatched_names(plan: Plan, items: pd.DataFrame, merchandising: Merchandising) -> dict[str, tuple[str, ...]]:
    """By key of the configuration: the names that match no item.

    items: every item known on the night, eligible or not, with the columns that the plan names
    """
    known, providers = set(items["item_id"]), set(items["provider_id"])
    names = {
        "plan.sensitive_categories": [
            path for path in plan.sensitive_categories if not is_under(items["category"], path).any()
        ],
        "plan.merchandising": sorted({*merchandising.pins, *merchandising.bans} - known),
        "plan.sponsors": [provider for provider in plan.sponsors if provider not in providers],
        **_of_bounds("plan.floors", plan.floors, items),
        **_of_bounds("plan.caps", plan.caps, items),
        **{f"plan.list_rules.{name}": _of_list_rule(rule, items) for name, rule in plan.list_rules.items()},
    }
    return {key: tuple(unmatched) for key, unmatched in names.items() if unmatched}


def report_unmatched(night: Night, names: Mapping[str, tuple[str, ...]], arm: str) -> None:
    """A decision of the run and a warning in the log for every key.

    The night is planned all the same: a store may lack tonight what it sold yesterday. But a mistyped name has no
    effect, so a person has to look.
    """
    about = {"step": "plan_exposure", "as_of": night.as_of, "policy": night.conf.plan.policy}
    for key, unmatched in names.items():
        listed = ", ".join(unmatched[:_MOST])
        night.record.decisions[of_arm(arm, f"no item matches {key}")] = listed
        warning("no item matches", **about, key=key, count=len(unmatched), names=listed)


def _of_bounds(section: str, bounds: Mapping[str, GroupBound], items: pd.DataFrame) -> dict[str, list[str]]:
    return {f"{section}.{name}": _of_group(bound, items[bound.column]) for name, bound in bounds.items()}


def _of_list_rule(rule: ListRule, items: pd.DataFrame) -> list[str]:
    if rule.group is not None:
        return _of_group(rule.group, items[rule.group.column])
    return _of_column(rule.column_name, items[rule.column_name])


def _of_group(group: ItemGroup, values: pd.Series) -> list[str]:
    if unknown := _of_column(group.column, values):
        return unknown
    # A catalogue need not have items of every segment.
    present = {*values.dropna(), *(SEGMENTS if group.column == "segment" else ())}
    return [name for name in (group.one_of or (group.equals,)) if name is not None and name not in present]


def _of_column(column: str, values: pd.Series) -> list[str]:
    """The column, where it is an attribute that no item has."""
    return [column] if column.startswith(ATTRIBUTE) and values.isna().all() else []
