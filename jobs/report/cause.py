"""Why an item of the plan is in no list: the causes, in what order they apply, and their sentences."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from jobs.config.configuration import Config
from jobs.config.plan import Plan
from jobs.language.sentences import phrase
from jobs.report.page.numbers import amount, percent
from jobs.report.plan_value import value_words

_RAREST_VISITS = 1 / 30  # visits a day of a shopper who comes once a month: a cap below such a place is room for none


class Cause(StrEnum):
    """Why an item of the plan is in no list; the first that applies."""

    NO_CANDIDATE = phrase("no shopper has it among the first candidates")
    NOT_SCORED = phrase("its candidates were not scored")
    BELOW_BAR = phrase("its chance is below the bar for every shopper")
    NO_ROOM = phrase("its cap leaves no place: stock, or its share of the exposure")
    NO_OWN_LIST = phrase("no shopper who has it as a candidate has a list of their own")
    NOT_LIFTED = phrase("other products are worth more, and by a word of plan.not_lifted no rule lifts it")
    OUTRANKED = phrase("other products are worth more to the same shoppers")
    HELD_OUT = phrase("its score would do, but a list rule, a cap or earlier views keep it out")


def conditions(
    plan: Plan, *, candidate: Any, scored: Any, best: Any, cap: Any, listed: Any, named: Any, gap: Any
) -> list[tuple[Cause, Any]]:
    """In order: each cause with the condition under which it applies; of an item that meets none it is HELD_OUT.

    The parameters are columns of Spark, or Series of pandas. candidate, scored, listed: whether any shopper has the
    item among the candidates, among the scored ones, and with a list of their own; best: its greatest relevance; named:
    whether plan.not_lifted names a word of its texts; gap: what its score lacks to the last place of the list that it
    comes nearest to
    """
    return [
        (Cause.NO_CANDIDATE, ~candidate),
        (Cause.NOT_SCORED, ~scored),
        (Cause.BELOW_BAR, best < plan.relevance_bar),
        (Cause.NO_ROOM, cap < min(plan.position_weights) * _RAREST_VISITS),
        (Cause.NO_OWN_LIST, ~listed),
        (Cause.NOT_LIFTED, named & (gap > 0)),
        (Cause.OUTRANKED, gap > 0),
    ]


@dataclass(frozen=True)
class Standing:
    """How an item stands that is in no list; `jobs.report.why_not.causes` says what each field is."""

    cause: str
    pairs: int
    best: float
    cap: float
    boost: float
    gap: float
    bar: float
    rival: str


def in_words(standing: Standing, conf: Config, held_out: str = "") -> str:
    """The sentence of an item that is in no list, with the figures that decide it.

    held_out: of an item whose score would do, what keeps it out and where
    """
    if standing.cause == Cause.NO_CANDIDATE:
        return f"no shopper has it among the first {conf.candidates.per_user} candidates"
    if standing.cause == Cause.NOT_SCORED:
        return str(standing.cause)
    shoppers = "1 shopper" if standing.pairs == 1 else f"{amount(standing.pairs)} shoppers"
    scored = f"it is a candidate for {shoppers} with a chance of at most {percent(standing.best)}"
    return scored + (held_out if standing.cause == Cause.HELD_OUT else _lost(standing, conf))


def held_out_in_words(whose: str, full: list[str]) -> str:
    """What keeps an item out of a list that its score would do for. full: `full_groups` of that list"""
    why = ", and ".join(full) or "a cap of it or of its group is used up, or the shopper has seen it too often"
    return f"; its score would do for the list of {whose}, but {why}"


def _lost(standing: Standing, conf: Config) -> str:
    """What keeps an item out of every list, where its score is not enough or its cap leaves no room."""
    if standing.cause == Cause.BELOW_BAR:
        return f", and the bar is {percent(conf.plan.relevance_bar)}"
    if standing.cause == Cause.NO_ROOM and standing.cap == 0:
        return ", but its cap is 0: nothing is left of its stock, or its share"
    if standing.cause == Cause.NO_ROOM:
        return f", but its cap of {amount(standing.cap)} exposures is less than one place in any list"
    if standing.cause == Cause.NO_OWN_LIST:
        return "; none of them has a list of their own"
    score = value_words(conf)
    tax = f", of which {score(-standing.boost)} is the price of its caps" if standing.boost < 0 else ""
    return (
        f"; the nearest list ends with {standing.rival} at a score of {score(standing.bar)}, {score(standing.gap)} "
        f"above its own{tax}"
        + (", and by a word of plan.not_lifted no rule lifts it" if standing.cause == Cause.NOT_LIFTED else "")
    )
