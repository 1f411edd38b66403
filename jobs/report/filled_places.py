"""How many places of a list are filled, and which keys leave the others empty."""

from __future__ import annotations

from collections.abc import Callable

from features.contract.metrics import ENTRIES, LISTS
from jobs.config.plan import Plan
from jobs.language.sentences import say
from jobs.report.page.numbers import amount, percent

_NEARLY_ALL = 0.9  # of the places, or of the lists in which a rule is full


def empty_places_in_words(plan: Plan, figure: Callable[[str, str], float | None]) -> str:
    """A sentence where lists are shorter than `plan.slots`, '' where nearly all places are filled.

    figure: a metric of the night by name and segment
    """
    lists, entries = figure(LISTS, "all") or 0.0, figure(ENTRIES, "all") or 0.0
    if not lists or entries >= _NEARLY_ALL * lists * plan.slots:
        return ""
    full = [
        say("plan.list_rules.{name}, at most {most} of {value}", name=name, most=rule.most, value=rule.equals)
        for name, rule in plan.list_rules.items()
        if rule.column == "segment"
        and rule.equals is not None
        and (figure(ENTRIES, rule.equals) or 0.0) >= _NEARLY_ALL * lists * rule.most
    ]
    share = say("its share of the exposure (plan.max_item_share, {share})", share=percent(plan.max_item_share))
    why = (
        say(
            "they are full by {rules}, and of the other products too few are left or each is held by {share}",
            rules=say(" and ").join(full), share=share,
        )
        if full
        else say("too few products of plan.segments are left within plan.list_rules, or each is held by {share}",
                 share=share)
    )  # fmt: skip
    return say(
        "A list has {filled} of {slots} places filled on average: {why}.",
        filled=amount(entries / lists), slots=plan.slots, why=why,
    )  # fmt: skip
