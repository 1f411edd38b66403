"""What a feature is, and how its name and its table follow from the declaration."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from pyspark.sql.types import BooleanType, DataType, DateType, DoubleType, LongType, StringType

from features.contract.table import Column, Invariant, Table

Entity = Literal["item", "user"]
Default = str | int | float | bool

LIFE = "life"
NEVER = 9999.0  # days since something that has not been


@dataclass(frozen=True)
class Feature:
    """One column of item_features or user_features.

    `source` is the column it is made from: of the daily partials where there is a window, of the table of the entity
    or of other features otherwise. A ratio has the column under its line in `per`. `aggregation` is one of attribute,
    count (also of distinct members of an array column), sum, mean, share, days, days_since, probability. `window` is
    "28d" for [as_of - 28 days, as_of), "life" for everything before as_of, None where time plays no part. `default` is
    the value where nothing was observed. Names are made by the functions below.
    """

    name: str
    entity: Entity
    type: DataType
    source: str
    aggregation: str
    window: str | None
    default: Default
    meaning: str
    per: str | None = None

    @property
    def days(self) -> int | None:
        """Length of the window in days; None for a whole life and where there is no window."""
        return None if self.window in (None, LIFE) else int(str(self.window).removesuffix("d"))


def days(length: int) -> str:
    """The window [as_of - length days, as_of)."""
    return f"{length}d"


def attribute(entity: Entity, source: str, kind: DataType, default: Default, meaning: str) -> Feature:
    """A property of the entity at as_of; it keeps the name of its source."""
    return Feature(source, entity, kind, source, "attribute", None, default, meaning)


def aggregated(
    entity: Entity,
    what: str,
    aggregation: str,
    window: str,
    source: str,
    *,
    meaning: str,
    per: str | None = None,
    weighted: bool = False,
) -> Feature:
    """An aggregate over a window, named <what>_<aggregation>_<window>.

    Counts are LONG unless they are weighted, everything else is DOUBLE; the default is zero.
    """
    whole = aggregation in ("count", "days") and not weighted
    kind: DataType = LongType() if whole else DoubleType()
    default: Default = 0 if whole else 0.0
    return Feature(f"{what}_{aggregation}_{window}", entity, kind, source, aggregation, window, default, meaning, per)


def days_since(entity: Entity, what: str, source: str, default: float, meaning: str) -> Feature:
    """Days between a moment and as_of 00:00 UTC, named days_since_<what>."""
    return Feature(f"days_since_{what}", entity, DoubleType(), source, "days_since", None, default, meaning)


def probability(entity: Entity, what: str, source: str, default: float, meaning: str) -> Feature:
    """A probability made from another feature, named <what>_probability."""
    return Feature(f"{what}_probability", entity, DoubleType(), source, "probability", None, default, meaning)


def features_table(name: str, meaning: str, entity: Entity, features: Iterable[Feature]) -> Table:
    """The Delta table of an entity's features: as_of, the entity's id, one column a feature, none of them NULL."""
    declared = tuple(features)
    whose = "product" if entity == "item" else "shopper"
    key = Column(f"{entity}_id", StringType(), f"Identifier of the {whose}.")
    return Table(
        name=name,
        meaning=meaning,
        columns=(
            Column("as_of", DateType(), "Night: features know what was before this date, 00:00 UTC."),
            key,
            *(Column(feature.name, feature.type, feature.meaning) for feature in declared),
        ),
        key=("as_of", key.name),
        partitioned_by=("as_of",),
        invariants=tuple(rule for feature in declared if (rule := _range_of(feature)) is not None),
    )


def _range_of(feature: Feature) -> Invariant | None:
    if isinstance(feature.type, StringType | BooleanType):
        return None
    if feature.aggregation in ("share", "probability"):
        return Invariant(f"{feature.name}_in_unit_interval", f"{feature.name} BETWEEN 0 AND 1")
    return Invariant(f"{feature.name}_not_negative", f"{feature.name} >= 0")
