"""The changes of the rules in the warehouse: read, and appended by one editor at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict

from features.contract import PLAN_RULES
from jobs.desk.stored_tables import StoredTables
from jobs.runtime.errors import LongtailError
from jobs.saved_rules.versions import RuleVersion, rule_version

_ATTEMPTS = 5  # each after another change, which is read and checked against


def stored_versions(tables: StoredTables) -> list[RuleVersion]:
    """All changes, the oldest first."""
    rows = tables.read(PLAN_RULES, PLAN_RULES.column_names).sort_by("version").to_pylist()
    return [rule_version(row) for row in rows]


def add_version(warehouse: str, change: Callable[[Sequence[RuleVersion]], RuleVersion]) -> RuleVersion:
    """Appends a change and returns it.

    change: builds it from all earlier ones, and raises if they do not allow it; called again if another was saved first
    Raises LongtailError if the table cannot be written.
    """
    for _ in range(_ATTEMPTS):
        tables = StoredTables(warehouse)
        version = change(stored_versions(tables))
        if tables.append(PLAN_RULES, [asdict(version)]):
            return version
    raise LongtailError("Other changes of rules were saved at the same time.", "Save it again.")
