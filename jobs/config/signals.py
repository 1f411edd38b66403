"""The section `signals` of the configuration: what shoppers and visitors do short of buying, in the first stage."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, field_validator

from jobs.config.section import Positive, Section
from model.retrieval.event_weights import EventWeights
from model.retrieval.shoppers import PURCHASE
from model.retrieval.signal_channels import AFFINITY_OF, SIGNAL_CHANNELS
from model.retrieval.signals import CART

_AUTO, _LEARNT = "auto", "learnt"
_WEIGHED = tuple(
    name for name in AFFINITY_OF if name != PURCHASE
)  # types of events that ALS can count in addition to purchases


def _all_for_auto(channels: object) -> object:
    if isinstance(channels, str) and channels != _AUTO:
        raise ValueError(f"it should be {_AUTO}, or a list of channels")
    return tuple(SIGNAL_CHANNELS) if channels == _AUTO else channels


def _checked_weights(weights: object) -> object:
    if weights == _LEARNT:
        return weights
    if not isinstance(weights, dict):
        raise ValueError(f"it should be {_LEARNT}, or weights such as {{{CART}: 0.3}}")
    unknown = sorted(set(weights) - set(_WEIGHED))
    if unknown:
        raise ValueError(f"{', '.join(map(str, unknown))} is none of {', '.join(_WEIGHED)}")
    wrong = [
        name for name, weight in weights.items() if isinstance(weight, bool) or not isinstance(weight, int | float)
    ]
    if wrong:
        raise ValueError(f"the weight of {wrong[0]} should be a number")
    try:
        EventWeights({**weights, PURCHASE: 1.0})
    except ValueError as error:
        raise ValueError(str(error).removesuffix(".")) from error
    return {name: float(weight) for name, weight in weights.items()}


class Signals(Section):
    channels: Annotated[tuple[str, ...], BeforeValidator(_all_for_auto)]
    weights: Annotated[Literal["learnt"] | dict[str, float], BeforeValidator(_checked_weights)]
    history_days: Positive
    history_events: Positive
    visitor_sample: Positive
    queries: Positive

    @field_validator("channels")
    @classmethod
    def channels_exist(cls, channels: tuple[str, ...]) -> tuple[str, ...]:
        unknown = sorted(set(channels) - set(SIGNAL_CHANNELS))
        if unknown:
            raise ValueError(f"{', '.join(unknown)} is none of {_AUTO}, for all of them, {', '.join(SIGNAL_CHANNELS)}")
        return channels
