"""Views and their fields as readers see them, without colours."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

from pyspark.sql.types import DataType

EntityName = Literal["user", "item"]


@dataclass(frozen=True)
class OnlineField:
    """A feature with its Spark type and meaning; Feast's catalogue shows the tags."""

    name: str
    type: DataType
    meaning: str
    tags: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True)
class OnlineView:
    """A view by its name for readers; `query` selects its rows where they differ from those of the Delta table."""

    name: str
    entity: EntityName
    meaning: str
    fields: tuple[OnlineField, ...]
    table: str
    timestamp: str
    query: str | None = None

    @property
    def join_key(self) -> str:
        """The entity's id: user_id or item_id."""
        return f"{self.entity}_id"

    @property
    def field_names(self) -> list[str]:
        """Names of the fields, in their order."""
        return [field.name for field in self.fields]
