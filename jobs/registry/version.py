"""A registered version as MLflow's registry describes it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from jobs.runtime.errors import LongtailError


@dataclass(frozen=True)
class Version:
    """A registered version as the registry describes it, without its files."""

    version: str
    as_of: date
    encoder_version: str
    encoder_as_of: date
    gate: str
    promoted_as_of: date | None
    source: str

    @property
    def age_order(self) -> tuple[date, int]:
        """The key by which versions are sorted, oldest first."""
        return self.as_of, int(self.version)


def version_of(row: Any) -> Version:  # MLflow is untyped here: its imports are skipped by the type checker
    """From a row of the registry. Raises LongtailError that names a missing tag."""
    tags = row.tags
    try:
        promoted = tags.get("promoted_as_of")
        return Version(
            str(row.version),
            date.fromisoformat(tags["as_of"]),
            tags["encoder_version"],
            date.fromisoformat(tags["encoder_as_of"]),
            tags["gate"],
            date.fromisoformat(promoted) if promoted else None,
            row.source,
        )
    except KeyError as error:
        raise LongtailError(
            f"Version {row.version} of {row.name} in MLflow has no tag {error.args[0]}.",
            "It was not registered by train_relevance; delete it or set mlflow.registered_model to another name.",
        ) from error
