"""The section `reviews` of the configuration: what is learnt from the reviews of items."""

from __future__ import annotations

from jobs.config.section import Number, PositiveShare, Section


class Reviews(Section):
    read: bool
    good_from: Number
    negative_from: PositiveShare
