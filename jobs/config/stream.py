"""The section `stream` of the configuration: events during the day."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from jobs.config.section import Number, Positive, Section


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
