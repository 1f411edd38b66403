"""The section `search` of the configuration: items for what shoppers search for."""

from __future__ import annotations

from jobs.config.section import NotNegative, Positive, Section


class Search(Section):
    queries: NotNegative
    least_shoppers: Positive
    days: Positive
    items: Positive
    least_answered: Positive

    @property
    def is_on(self) -> bool:
        return self.queries > 0
