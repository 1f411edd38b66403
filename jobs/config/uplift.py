"""The section `uplift` of the configuration: the effect of being shown, learnt from the draws of exploration slots."""

from __future__ import annotations

from jobs.config.section import NotNegative, Positive, PositiveShare, Section


class Uplift(Section):
    alternatives: NotNegative
    shopper_share: PositiveShare
    outcome_days: Positive
    nights: Positive
    every_days: Positive
    sample_units: Positive

    @property
    def is_learnt(self) -> bool:
        """Whether the draws are recorded and the effect is learnt from them."""
        return self.alternatives > 0
