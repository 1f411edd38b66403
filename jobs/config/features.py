"""The section `features` of the configuration: length of a shopper's history, and what revokes an interest."""

from __future__ import annotations

from jobs.config.section import Number, Positive, Section


class Features(Section):
    history_length: Positive
    history_days: Positive
    low_rating: Number | None
