"""The rules that the next night has, where each comes from, and what it cost and got on the newest night."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import pandas as pd

from jobs.config.plan import Ban, GroupBound, ItemGroup, ListRule, Plan
from jobs.planning.merchandising import Merchandising
from jobs.planning.names import LAUNCH, PIN
from jobs.planning.rules.groups import rule_in_words
from jobs.report.page.numbers import NONE, amount, percent
from jobs.saved_rules.versions import BANS, CAPS, END, FLOORS, LIST_RULES, PINS, SET, RuleVersion
from model.exposure.feasibility import ITEM_FLOOR

TITLES = {FLOORS: "Floors", CAPS: "Caps", LIST_RULES: "List rules", PINS: "Pins", BANS: "Bans"}


@dataclass(frozen=True)
class Cost:
    """What rows of constraint_prices say of one rule: sums of exposures, and the largest price of 1,000 exposures."""

    asked: float
    got: float
    short: float
    price: float


@dataclass(frozen=True)
class Listed:
    """A rule of the next night. what: whom it is about; bound: what it asks; since: where it comes from"""

    kind: str
    name: str
    what: str
    bound: str
    since: str
    until: date | None
    owner: str
    cost: Cost | None
    delivered: str = NONE
    ended: bool = False


def listed_rules(
    plan: Plan, merchandising: Merchandising, held: Sequence[RuleVersion], prices: pd.DataFrame,
    achieved: Mapping[str, float], titles: Mapping[str, str],
) -> dict[str, list[Listed]]:  # fmt: skip
    """By kind the rules of a plan, and those of it that versions of the desk have ended.

    held: the versions in force; prices: of constraint_prices; achieved: delivered share by rule; titles: by item
    """
    versions = {(version.kind, version.name): version for version in held}

    def listed(kind: str, name: str, what: str, bound: str, since: str, cost: Cost | None = None) -> Listed:
        version = versions.get((kind, name))
        owner, until = (None, None) if version is None else (version.owner, version.ends_on)
        said = since if version is None else f"version {version.version} by {version.changed_by}"
        delivered = percent(achieved[name]) if kind in (FLOORS, CAPS) and name in achieved else NONE
        return Listed(kind, name, what, bound, said, until, owner or "", cost, delivered)

    rules: dict[str, list[Listed]] = {kind: [] for kind in TITLES}
    for kind, words, bounds in ((FLOORS, "at least", plan.floors), (CAPS, "at most", plan.caps)):
        for name, bound in bounds.items():
            cost, share = cost_of(prices, name), f"{words} {percent(bound.share)}"
            rules[kind].append(listed(kind, name, group_in_words(bound), share, "configuration", cost))
    for name, rule in plan.list_rules.items():
        words = f"at most {rule.most} in a list"
        rules[LIST_RULES].append(listed(LIST_RULES, name, list_rule_in_words(rule), words, "configuration"))
    for kind, of_items in ((PINS, merchandising.pins), (BANS, merchandising.bans)):
        for item, held_rule in of_items.items():
            known = titles.get(item, "not in the catalogue of this night")
            words = f"at least {percent(held_rule.share)}" if kind == PINS else "never shown"
            cost = cost_of(prices, PIN, item) if kind == PINS else None
            row = listed(kind, item, known, words, "file" if held_rule.line else "configuration", cost)
            rules[kind].append(_of_merchandising(row, held_rule.owner, held_rule.ends_on))
    for version in held:
        if version.action == END:
            row = listed(version.kind, version.name, "", "ended", "")
            rules[version.kind].append(Listed(**{**vars(row), "ended": True}))
    return rules


def _of_merchandising(row: Listed, owner: str, until: date | None) -> Listed:
    return Listed(**{**vars(row), "owner": owner, "until": until})


def cost_of(prices: pd.DataFrame, constraint: str, member: str | None = None) -> Cost | None:
    """The sums over the groups of a rule, or of one; None without rows."""
    rows = prices[prices["constraint"] == constraint]
    rows = rows if member is None else rows[rows["member"] == member]
    if rows.empty:
        return None
    asked, got, short = (float(rows[name].fillna(0.0).sum()) for name in ("bound", "used", "shortfall"))
    return Cost(asked, got, short, 1000.0 * float(rows["price"].max()))


def others_in_words(plan: Plan, prices: pd.DataFrame) -> Iterator[str]:
    """The rules of a plan that only the configuration changes, and what they cost."""
    yield f"plan.max_item_share: one product gets at most {percent(plan.max_item_share)} of all exposure."
    if plan.launch.exposures > 0:
        days = plan.launch.days
        yield (
            f"plan.launch: a new product gets {amount(plan.launch.exposures)} exposures on its first day, fewer on "
            f"each of {days} days{_cost_in_words(cost_of(prices, LAUNCH))}."
        )
    if plan.item_floor.exposures > 0:
        yield (
            f"plan.item_floor: every {plan.item_floor.segment} product gets {amount(plan.item_floor.exposures)} "
            f"exposures{_cost_in_words(cost_of(prices, ITEM_FLOOR))}."
        )
    for provider, sponsor in plan.sponsors.items():
        yield f"plan.sponsors.{provider}: bids {amount(sponsor.bid)}, at most {amount(sponsor.budget)} a night."


def _cost_in_words(cost: Cost | None) -> str:
    if cost is None:
        return ""
    return f"; on this night {amount(cost.got)} of {amount(cost.asked)}, short by {amount(cost.short)}"


def group_in_words(bound: GroupBound) -> str:
    """Whom a floor or cap is about."""
    if bound.each:
        return f"each {bound.column}"
    if bound.buckets is not None:
        return f"{bound.column} cut at {', '.join(f'{edge:g}' for edge in bound.buckets)}"
    return rule_in_words(bound)


def list_rule_in_words(rule: ListRule) -> str:
    """Whom a list rule is about."""
    group: ItemGroup | None = rule.group
    return f"each {rule.each}" if group is None else rule_in_words(group)


def draft_in_words(version: RuleVersion) -> str:
    """What a version changes, for who approves it."""
    keys = version.keys or {}
    if version.action != SET:
        return "ends the rule" if version.action == END else f"undoes version {version.of_version}"
    if version.kind in (PINS, BANS):
        return f"at least {percent(keys['share'])}" if version.kind == PINS else "never shown"
    if version.kind == LIST_RULES:
        rule = ListRule.model_validate(keys)
        return f"{list_rule_in_words(rule)}: at most {rule.most} in a list"
    bound = GroupBound.model_validate(keys)
    return f"{group_in_words(bound)}: at {'least' if version.kind == FLOORS else 'most'} {percent(bound.share)}"


def configured_rule(plan: Plan, merchandising: Merchandising, kind: str, name: str) -> dict[str, object]:
    """The keys of a rule of a plan, {} for one that it does not have."""
    if kind in (PINS, BANS):
        held = (merchandising.pins if kind == PINS else merchandising.bans).get(name)
        if held is None:
            return {}
        ban = Ban(owner=held.owner, ends_on=held.ends_on).model_dump(exclude_none=True)
        return {**ban, "share": held.share} if kind == PINS else ban
    rule = getattr(plan, kind).get(name)
    return {} if rule is None else rule.model_dump(exclude_none=True)
