"""The section `housekeeping` of the configuration: retention and upkeep of tables."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from jobs.config.section import NotNegativeFloat, Positive, Section


class Upkeep(Section):
    """Retention and upkeep of one table; `keep_days` None keeps all days."""

    keep_days: Positive | None
    vacuum_hours: NotNegativeFloat
    optimize: bool


class Difference(Section):
    """Keys of Upkeep that differ for one table; the others are those of `every_table`."""

    keep_days: Positive | None = None
    vacuum_hours: NotNegativeFloat = 0.0
    optimize: bool = False


class Housekeeping(Section):
    forget_retain_hours: NotNegativeFloat
    every_table: Upkeep
    tables: dict[str, Difference] = Field(default_factory=dict)

    def of(self, table: str) -> Upkeep:
        """Retention and upkeep of a table, by its name."""
        differs: dict[str, Any] = self.tables[table].model_dump(exclude_unset=True) if table in self.tables else {}
        return self.every_table.model_copy(update=differs)
