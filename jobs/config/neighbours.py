"""The section `neighbours` of the configuration: items of the same sessions, by which a list is sorted in a session."""

from __future__ import annotations

from jobs.config.section import NotNegative, Positive, Section


class Neighbours(Section):
    of_item: NotNegative
    days: Positive
    visitors: Positive

    @property
    def are_linked(self) -> bool:
        return self.of_item > 0
