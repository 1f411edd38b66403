"""What a night's plan gives one product, and what the product could bring, as sentences."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jobs.config.configuration import Config
from jobs.report.page.numbers import amount, signed
from jobs.report.plan_value import value_words

Row = Mapping[Any, Any]

# item_exposure.binding in words.
_BINDING = {"cap": "held back by a cap", "floor": "pushed by a floor", "none": "neither pushed nor held back"}


def exposure_in_words(planned: Row, conf: Config) -> str:
    """What the plan gives a product. planned: of item_exposure"""
    return (
        f"{amount(planned['allocated'])} exposures expected a day; floor {amount(planned['floor'])}, "
        f"cap {amount(planned['cap'])}; {_BINDING[planned['binding']]}, "
        f"boost {signed(planned['boost'], value_words(conf))}" + _not_lifted_in_words(planned)
    )


def _not_lifted_in_words(planned: Row) -> str:
    word = planned["not_lifted_by"]
    return f"; no rule lifts it, since its texts have '{word}' of plan.not_lifted" if isinstance(word, str) else ""


def potential_in_words(measured: Row, shoppers: int) -> str:
    """What a product could bring. measured: of item_potential; shoppers: potential.shoppers"""
    if not measured["audience_count"]:
        return "Potential: none; no shopper with consent has it as a candidate at or above plan.relevance_bar"
    best = min(measured["audience_count"], shoppers)
    return (
        f"Potential: {amount(measured['potential_responses'])} expected responses a day if the best {amount(best)} of "
        f"its {amount(measured['audience_count'])} candidate shoppers saw it on every visit; it had "
        f"{amount(measured['received_exposures'])} exposures a day, which leaves a gap of "
        f"{amount(measured['potential_gap'])}"
    )
