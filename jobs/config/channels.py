"""The section `channels` of the configuration: parameters of the first stage's channels."""

from __future__ import annotations

from jobs.config.section import Positive, PositiveFloat, Section, Share


class Channels(Section):
    als_factors: Positive
    als_iterations: Positive
    als_regularisation: PositiveFloat
    als_alpha: PositiveFloat
    history_items: Positive
    history_decay: Share
    affinity_half_life_days: PositiveFloat
    popularity_half_life_days: PositiveFloat
    neighbours: Positive
    neighbour_half_life_days: PositiveFloat
    neighbour_sample: Positive
    promotion_days: Positive
