"""The section `features` of the configuration: histories, sessions, the store's clock, and what revokes an interest."""

from __future__ import annotations

from typing import Annotated
from zoneinfo import available_timezones

from pydantic import AfterValidator

from jobs.config.section import Number, Positive, Section


def _known_zone(name: str) -> str:
    if name not in available_timezones():
        raise ValueError("it is not a time zone; write it as Europe/Berlin, or UTC")
    return name


class Features(Section):
    history_length: Positive
    history_days: Positive
    low_rating: Number | None
    session_minutes: Positive
    time_zone: Annotated[str, AfterValidator(_known_zone)]
