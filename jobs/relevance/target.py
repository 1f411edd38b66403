"""The response that a warehouse's models predict, which does not change."""

from __future__ import annotations

from jobs.execution.night import Night
from jobs.registry.models import Champion
from jobs.runtime.errors import LongtailError
from model.bundle import Description


def require_target(night: Night, champion: Champion, description: Description) -> None:
    """Raises LongtailError where the champion predicts another response than `relevance.target`."""
    wanted = night.conf.relevance.event
    if not description.target.startswith(f"{wanted} within"):
        raise LongtailError(
            f"Version {champion.version} predicts {description.target}, and relevance.target asks for {wanted}.",
            "Segments, candidates and models of a warehouse are of one target: give the new target a warehouse of its "
            "own, or set relevance.target back.",
        )
