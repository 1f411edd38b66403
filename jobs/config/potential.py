"""The section `potential` of the configuration: what an item could bring if its best audience saw it."""

from __future__ import annotations

from jobs.config.section import NotNegative, Section


class Potential(Section):
    shoppers: NotNegative

    @property
    def is_measured(self) -> bool:
        return self.shoppers > 0
