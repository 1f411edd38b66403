"""What a feature view serves: its fields, whatever colour it is written in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

from pyspark.sql.types import DataType

EntityName = Literal["user", "item"]


@dataclass(frozen=True)
class OnlineField:
    """A feature with its Spark type and its meaning; tags are strings that Feast's catalogue shows."""

    name: str
    type: DataType
    meaning: str
    tags: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True)
class OnlineView:
    """A view as readers name it. `query` makes its rows from the Delta table where that is not their form already."""

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
        """In the order of the fields."""
        return [one.name for one in self.fields]
