"""Names in the configuration and among the merchandiser's wishes that nothing in the night's catalogue has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import get_args

import pandas as pd

from jobs.config.plan import GroupBound, Plan, Segment
from jobs.execution.night import Night
from jobs.experiments.arms import of_arm
from jobs.planning.columns import ATTRIBUTE
from jobs.planning.eligibility import is_under
from jobs.planning.merchandising import Merchandising
from jobs.runtime.logs import warning

_MOST = 20  # names that are told of one key


def unmatched_names(plan: Plan, items: pd.DataFrame, wishes: Merchandising) -> dict[str, tuple[str, ...]]:
    """By key of the configuration: the names that match no item. items: every item known on the night, eligible or not,
    with the columns that the plan names."""
    known, providers = set(items["item_id"]), set(items["provider_id"])
    found = {
        "plan.sensitive_categories": [
            path for path in plan.sensitive_categories if not is_under(items["category"], path).any()
        ],
        "plan.merchandising": sorted({*wishes.pins, *wishes.bans} - known),
        "plan.sponsors": [provider for provider in plan.sponsors if provider not in providers],
        **_of_bounds("plan.floors", plan.floors, items),
        **_of_bounds("plan.caps", plan.caps, items),
    }
    return {key: tuple(names) for key, names in found.items() if names}


def report_unmatched(night: Night, names: Mapping[str, tuple[str, ...]], arm: str) -> None:
    """A decision of the run and a warning in the log for every key.

    The night goes on: a store may lack tonight what it sold yesterday, and a category that nothing is in is shown to
    nobody. A name that is mistyped has no effect, so a person has to look.
    """
    for key, unmatched in names.items():
        told = ", ".join(unmatched[:_MOST])
        night.record.decisions[of_arm(arm, f"no item matches {key}")] = told
        about = {"step": "plan_exposure", "as_of": night.as_of, "policy": night.conf.plan.policy}
        warning("no item matches", **about, key=key, count=len(unmatched), names=told)


def _of_bounds(section: str, bounds: Mapping[str, GroupBound], items: pd.DataFrame) -> dict[str, list[str]]:
    return {f"{section}.{name}": _of_bound(bound, items[bound.column]) for name, bound in bounds.items()}


def _of_bound(bound: GroupBound, values: pd.Series) -> list[str]:
    if bound.column.startswith(ATTRIBUTE) and values.isna().all():
        return [bound.column]
    if bound.equals is None and bound.one_of is None:
        return []
    # A catalogue need not have items of every segment.
    there = {*values.dropna(), *(get_args(Segment) if bound.column == "segment" else ())}
    return [name for name in (bound.one_of or (bound.equals,)) if name is not None and name not in there]
