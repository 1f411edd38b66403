"""Whether the files of a Delta table hold rows that are only marked as deleted."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from delta.tables import DeltaTable


def has_deletion_vectors(table: DeltaTable) -> bool:
    """Whether deletion vectors may mark rows of its files as deleted. A table has none unless they were turned on."""
    detail = table.detail().select("tableFeatures").first()
    assert detail is not None
    return "deletionVectors" in (detail["tableFeatures"] or [])
