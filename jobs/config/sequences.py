"""The section `sequences` of the configuration: channels that use the order of a history."""

from __future__ import annotations

from pydantic import field_validator

from jobs.config.section import Positive, PositiveFloat, Section
from model.retrieval.channels import SEQUENCE_CHANNELS


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
        unknown = sorted(set(channels) - set(SEQUENCE_CHANNELS))
        if unknown:
            raise ValueError(f"{', '.join(unknown)} is none of {', '.join(SEQUENCE_CHANNELS)}")
        return channels
