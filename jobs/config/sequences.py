"""The section of the configuration for channels of ordered histories."""

from __future__ import annotations

from pydantic import field_validator

from jobs.config.section import Positive, PositiveFloat, Section
from model.retrieval.sequences import LINK_CHANNELS


class Sequences(Section):
    channels: tuple[str, ...]
    history_items: Positive
    gaps: Positive
    strongest: Positive
    ease_items: Positive
    ease_regularisation: PositiveFloat
    like_texts: Positive
    most_texts: Positive

    @field_validator("channels")
    @classmethod
    def channels_exist(cls, channels: tuple[str, ...]) -> tuple[str, ...]:
        unknown = sorted(set(channels) - set(LINK_CHANNELS))
        if unknown:
            raise ValueError(f"{', '.join(unknown)} is none of {', '.join(LINK_CHANNELS)}")
        return channels
