"""Checks that a plan's configuration fits the tables and itself, before anything is read."""

from __future__ import annotations

from collections.abc import Mapping

from jobs.config.experiment import plans_of_arms
from jobs.config.plan import GroupBound, Plan
from jobs.planning.columns import check_column
from jobs.planning.names import RULE_NAME, TAKEN
from jobs.runtime.errors import ConfigurationError
from jobs.saved_rules.merging import NightRules, misfit


def check_rules(rules: NightRules) -> NightRules:
    """Checks the plans of a night whose configuration has rules of the desk, and returns it.

    Raises ConfigurationError that names the versions if one of them does not fit.
    """
    if rules.said:
        try:
            for plan in plans_of_arms(rules.conf.plan, rules.conf.experiment).values():
                check_plan(plan)
        except ConfigurationError as error:
            raise misfit(error, rules.said) from error
    return rules


def check_plan(plan: Plan) -> None:
    """Raises ConfigurationError naming the key under `plan` that does not fit."""
    for kind, bounds in (("floors", plan.floors), ("caps", plan.caps)):
        _check_bounds(f"plan.{kind}", bounds)
    both = sorted(set(plan.floors) & set(plan.caps))
    if both:
        raise ConfigurationError(
            f"plan.caps.{both[0]}: a floor has this name as well.",
            "Give the cap a name of its own: constraint_prices keeps floors and caps by name.",
        )
    for name, rule in plan.list_rules.items():
        if not RULE_NAME.fullmatch(name):
            raise ConfigurationError(
                f"plan.list_rules.{name}: the name may only have letters, digits, _ and -.", "Choose another name."
            )
        check_column(f"plan.list_rules.{name}", rule.column_name, "text" if rule.is_text else "number")
    for key, column in (
        ("plan.stock.column", plan.stock.column),
        ("plan.stock.demand_column", plan.stock.demand_column),
        ("plan.worth.margin_column", plan.worth.margin_column),
    ):
        if column is not None:
            check_column(key, column, "number")
    if plan.stock.demand_column is not None and plan.stock.column is None:
        raise ConfigurationError("plan.stock.demand_column is set without plan.stock.column.", "Set both or none.")
    if plan.worth.margin_weight > 0 and plan.worth.margin_column is None:
        raise ConfigurationError("plan.worth.margin_weight is set without margin_column.", "Name the column.")
    if list(plan.position_weights) != sorted(plan.position_weights, reverse=True):
        raise ConfigurationError("plan.position_weights increase.", "List the positions by attention, most first.")
    if plan.max_item_share == 0:
        raise ConfigurationError("plan.max_item_share is 0: nothing could be shown.", "Set a share above 0.")
    if plan.item_floor.exposures > 0 and plan.item_floor.segment not in plan.segments:
        raise ConfigurationError(
            f"plan.item_floor.segment is {plan.item_floor.segment}, which is not among plan.segments.",
            "Add the segment or set exposures to 0.",
        )


def _check_bounds(section: str, bounds: Mapping[str, GroupBound]) -> None:
    for name, bound in bounds.items():
        if name in TAKEN:
            raise ConfigurationError(
                f"{section}.{name}: the name is taken by another constraint.", "Choose another name."
            )
        check_column(f"{section}.{name}", bound.column, "text" if bound.is_text else "number")
