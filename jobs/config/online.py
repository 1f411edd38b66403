"""The section `online` of the configuration: the online store."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, model_validator

from jobs.config.section import Positive, Section
from jobs.config.variables import VariableName


def _registry_kind(registry: str | None) -> str | None:
    """Accepts the kinds of registry that one write replaces: readers find a night's services or the next night's."""
    if registry in (None, "redis") or re.fullmatch(r"s3://[^/\s]+/\S*[^/\s]", registry or ""):
        return registry
    if registry == "sql" or re.match(r"(sqlite|postgresql|mysql)[+:]", registry or ""):
        raise ValueError(
            "Feast's SQL registry writes each object in a transaction of its own, so that readers would see a night "
            "switched in part; use null, redis or s3://bucket/key"
        )
    raise ValueError("it should be null, redis or s3://bucket/key")


class Online(Section):
    store: Literal["sqlite", "redis"]
    redis_url_variable: VariableName
    project: str
    registry: Annotated[str | None, AfterValidator(_registry_kind)]
    registry_ttl_seconds: Positive
    audit_sample: Positive

    @model_validator(mode="after")
    def registry_has_its_store(self) -> Online:
        if self.registry == "redis" and self.store != "redis":
            raise ValueError("registry is redis, which needs the store redis")
        return self
