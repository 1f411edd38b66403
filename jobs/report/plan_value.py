"""What the plan maximises, in the words of the report: responses, or units of value where margins, bids or values of
several responses weigh.

With `plan.objective: uplift` responses are incremental: those that the lists cause.
"""

from __future__ import annotations

from collections.abc import Callable

from jobs.config.configuration import Config
from jobs.language.sentences import say
from jobs.report.page.numbers import amount, percent
from jobs.report.response_in_words import words_of


def responses_alone(conf: Config) -> bool:
    """Whether the value of a pair is a number of responses of one kind: neither margins nor bids weigh."""
    worth = conf.plan.worth
    return worth.margin_weight == 0 and worth.bid_weight == 0 and conf.relevance.values is None


def value_unit(conf: Config) -> str:
    """'purchases', 'incremental purchases', or 'units of value', also of a plan between relevance and uplift."""
    weight = conf.plan.weight_of_uplift
    if not responses_alone(conf) or 0.0 < weight < 1.0:
        return say("units of value")
    responses = words_of(conf.relevance).plural
    return say("incremental {responses}", responses=responses) if weight else responses


def value_words(conf: Config) -> Callable[[float], str]:
    """How scores, boosts and values of one pair are written: as chances where they are probabilities."""
    return percent if responses_alone(conf) else amount
