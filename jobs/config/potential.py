"""The section `potential` of the configuration: what an item could bring if its best audience saw it."""

from __future__ import annotations

from features.contract.item_potential import ITEM_POTENTIAL
from jobs.config.section import NotNegative, Section

# The columns that measure_potential writes and a plan may name.
MEASURED = frozenset(ITEM_POTENTIAL.column_names) - frozenset(ITEM_POTENTIAL.key)


class Potential(Section):
    shoppers: NotNegative

    @property
    def is_measured(self) -> bool:
        return self.shoppers > 0
