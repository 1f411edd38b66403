"""The section `online` of the configuration: the online store."""

from __future__ import annotations

from typing import Literal

from jobs.config.section import Positive, Section


class Online(Section):
    store: Literal["sqlite", "redis"]
    redis_url_variable: str
    project: str
    registry_ttl_seconds: Positive
    audit_sample: Positive
