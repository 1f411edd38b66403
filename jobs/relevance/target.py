"""The response that a warehouse's models predict, which does not change, and the others of relevance.values."""

from __future__ import annotations

from dataclasses import replace

from jobs.config.relevance import Response
from jobs.execution.night import Night
from jobs.registry.models import Champion
from jobs.runtime.errors import LongtailError
from model.bundle import Bundle, Description
from model.scorer import Scorer


def require_target(night: Night, champion: Champion, description: Description) -> None:
    """Raises LongtailError where the champion predicts another response than `relevance.target`."""
    wanted = night.conf.relevance.event
    if not _predicts(night, description):
        raise LongtailError(
            f"Version {champion.version} predicts {description.target}, and relevance.target asks for {wanted}.",
            "Segments, candidates and models of a warehouse are of one target: give the new target a warehouse of its "
            "own, or set relevance.target back.",
        )


def night_of_response(night: Night, response: Response) -> Night:
    """The same night, with another response as its `relevance.target`: samples, season and gate are about that one."""
    relevance = night.conf.relevance.of_response(response)
    return replace(night, conf=night.conf.model_copy(update={"relevance": relevance}))


def scorer_of(night: Night, bundle: Bundle) -> Scorer | None:
    """The model of the bundle for `relevance.target` of the night; None where it has none for this response."""
    if _predicts(night, bundle.description):
        return bundle.scorer
    return bundle.further.get(night.conf.relevance.target)


def _predicts(night: Night, description: Description) -> bool:
    return description.target.startswith(f"{night.conf.relevance.event} within")
