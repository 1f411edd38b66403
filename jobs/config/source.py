"""The section `source` of the configuration: the store's tables and their mapping to the contract."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from features.contract import EVENTS, IDENTITIES, ITEMS, PROMOTIONS, SEARCHES, USERS
from jobs.config.inputs import FileInput
from jobs.config.section import NotNegative, Number, Positive, Section, Share

DERIVED = {
    "items": {"valid_from", "valid_to"},
    "events": {"event_date", "source_part"},
    "promotions": {"source_part"},
    "searches": {"search_date", "source_part"},
}


# Attributes of households that the panel has.
PANEL_ATTRIBUTES = (
    "age", "income", "home_ownership", "marital_status", "household_size", "household_comp", "kids_count",
)  # fmt: skip


def _named(kind: object) -> object:
    """Rejects null, the value in base.yaml: a store that names no source must not get the demo's data."""
    if kind is None:
        raise PydanticCustomError("no_kind", "no kind of source")
    return kind


def _as_written(word: object) -> object:
    """Turns a boolean or an integer back into text: YAML parses true and 1, which may be words of a store."""
    return str(word).lower() if isinstance(word, bool) else str(word) if isinstance(word, int) else word


class Mapped(Section):
    """The source of one column of the contract: exactly one of `column`, `columns`, `map`, `constant` and `sql`."""

    column: str | None = None
    columns: tuple[str, ...] = ()
    separator: str = "-"
    map: dict[str, str] = Field(default_factory=dict)
    constant: str | int | float | bool | None = None
    sql: str | None = None
    values: dict[Annotated[str, BeforeValidator(_as_written)], str | None] = Field(default_factory=dict)
    format: str | None = None
    zone: str | None = None
    unit: Literal["seconds", "milliseconds", "microseconds"] | None = None
    decimal_comma: bool = False
    default: str | int | float | bool | None = None

    @model_validator(mode="before")
    @classmethod
    def name_alone_is_a_column(cls, value: Any) -> Any:
        return {"column": value} if isinstance(value, str) else value

    @model_validator(mode="after")
    def has_one_source(self) -> Mapped:
        sources = [
            self.column is not None,
            bool(self.columns),
            bool(self.map),
            self.constant is not None,
            self.sql is not None,
        ]
        if sum(sources) != 1:
            raise ValueError("needs exactly one of column, columns, map, constant, sql")
        return self


class TableMapping(Section):
    """Rows of an input as rows of one table of the contract; rows that do not meet `where` (SQL) are left out."""

    input: str
    where: str | None = None
    columns: dict[str, Mapped]


class Files(Section):
    """Inputs by name, and the tables that they feed. A table may have several inputs, an input may feed several tables.

    unseen_days: an item is withdrawn this many days after it was last seen
    withdraw_missing_up_to: the files of items hold the complete catalogue, so an item that they lack is withdrawn; the
        night stops if more than this share of the listed items is missing
    Both are null if the store's rows say what is withdrawn.
    """

    inputs: dict[str, FileInput]
    items: Annotated[tuple[TableMapping, ...], Field(min_length=1)]
    users: Annotated[tuple[TableMapping, ...], Field(min_length=1)]
    events: Annotated[tuple[TableMapping, ...], Field(min_length=1)]
    promotions: tuple[TableMapping, ...] = ()
    identities: tuple[TableMapping, ...] = ()
    searches: tuple[TableMapping, ...] = ()
    unseen_days: Positive | None = None
    withdraw_missing_up_to: Share | None = None

    @model_validator(mode="after")
    def withdrawn_in_one_way(self) -> Files:
        if self.unseen_days is not None and self.withdraw_missing_up_to is not None:
            raise ValueError("sets both unseen_days and withdraw_missing_up_to; keep one of them")
        return self

    @model_validator(mode="after")
    def joined_inputs_are_known(self) -> Files:
        for name, files in self.inputs.items():
            for join in files.join:
                if join.input not in self.inputs:
                    raise ValueError(f"inputs.{name} joins {join.input}, which is not among inputs")
                if self.inputs[join.input].join:
                    raise ValueError(f"inputs.{name} joins {join.input}, which joins another input itself")
        return self

    @model_validator(mode="after")
    def names_are_known(self) -> Files:
        for table in (ITEMS, USERS, EVENTS, PROMOTIONS, IDENTITIES, SEARCHES):
            for mapping in getattr(self, table.name):
                if mapping.input not in self.inputs:
                    raise ValueError(f"{table.name} has the input {mapping.input}, which is not among inputs")
                known = set(table.column_names) - DERIVED.get(table.name, set())
                for name in mapping.columns:
                    if name not in known:
                        raise ValueError(f"{table.name}.columns has {name}, which is not a column of the contract")
                    if name == "attributes" and not mapping.columns[name].map:
                        raise ValueError(
                            f"{table.name}.columns.attributes needs map, which names each attribute's column"
                        )
        return self


class Volume(Section):
    """Bounds on a day's events relative to the median of the same weekday in the last `weeks` weeks.

    closed: days on which the store was closed, which are not judged
    """

    weeks: Positive
    least: Share
    most: Annotated[Number, Field(ge=1)]
    closed: tuple[date, ...]


class Source(Section):
    kind: Annotated[Literal["complete_journey", "files"], BeforeValidator(_named)]
    files: Files | None
    folder: str | None
    currency: str
    exposure_sample_share: Share
    max_rejected_share: Share
    park_days: Positive
    restate_days: NotNegative
    image_embedding_size: Positive | None
    volume: Volume

    @model_validator(mode="after")
    def files_are_described(self) -> Source:
        if (self.kind == "files") != (self.files is not None):
            raise ValueError("needs files if and only if kind is files")
        return self

    @property
    def user_attributes(self) -> tuple[str, ...]:
        """The keys of users.attributes that the source may give."""
        if self.files is None:
            return PANEL_ATTRIBUTES
        mapped = (mapping.columns.get("attributes") for mapping in self.files.users)
        return tuple(dict.fromkeys(name for spec in mapped if spec is not None for name in spec.map))
