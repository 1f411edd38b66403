"""What the plan maximises, in the words of the report: responses, or units of value where margins or bids weigh."""

from __future__ import annotations

from collections.abc import Callable

from jobs.config.configuration import Config
from jobs.config.plan import Plan
from jobs.report.page.numbers import amount, percent


def responses_alone(plan: Plan) -> bool:
    """Whether the value of a pair is its relevance: neither margins nor bids weigh."""
    return plan.worth.margin_weight == 0 and plan.worth.bid_weight == 0


def value_unit(conf: Config) -> str:
    """'purchases', or 'units of value'."""
    return f"{conf.relevance.target}s" if responses_alone(conf.plan) else "units of value"


def value_words(plan: Plan) -> Callable[[float], str]:
    """How scores, boosts and values of one pair are written: as chances where they are probabilities."""
    return percent if responses_alone(plan) else amount
