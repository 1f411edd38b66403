"""The section `features` of the configuration: length of a shopper's history."""

from __future__ import annotations

from jobs.config.section import Positive, Section


class Features(Section):
    history_length: Positive
    history_days: Positive
