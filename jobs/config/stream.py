"""The section `stream` of the configuration: events during the day."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from jobs.config.section import Number, Positive, Section
from jobs.config.variables import expanded_options


class Stream(Section):
    format: Literal["delta", "json", "parquet", "kafka"]
    path: str | None
    options: dict[str, str]
    window_minutes: Positive
    watermark_minutes: Positive
    ahead_minutes: Positive
    trigger_seconds: Positive
    partitions: Positive
    ease_from: Annotated[Number, Field(ge=0, lt=1)]

    @property
    def reader_options(self) -> dict[str, str]:
        """`options` with the values of their variables. Raises ConfigurationError where one is not set."""
        return expanded_options(self.options, "stream.options")
