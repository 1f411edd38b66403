"""The section `features` of the configuration: how much of a shopper's history is kept."""

from __future__ import annotations

from jobs.config.section import Positive, Section


class Features(Section):
    history_length: Positive
    history_days: Positive
