"""The section `first_stage` of the configuration: the linear model over the channels."""

from __future__ import annotations

from jobs.config.section import Positive, PositiveFloat, Section


class FirstStage(Section):
    negatives_per_user: Positive
    max_users: Positive
    l2: PositiveFloat
