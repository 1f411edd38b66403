"""What a feature is, and how its name and its table follow from the declaration."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from pyspark.sql.types import ArrayType, BooleanType, DataType, DateType, DoubleType, LongType, StringType

from features.contract.table import Column, Invariant, Table

Entity = Literal["item", "user"]
Default = str | int | float | bool | tuple[()]

LIFE = "life"
NEVER = 9999.0  # days since something that has not been
NIGHTLY, WEEKLY = "every night", "every week"

_SHARES = ("share", "probability", "percentile")


@dataclass(frozen=True)
class Feature:
    """One column of item_features or user_features.

    `table` and `source` are where it comes from: a column of the daily partials where there is a window, of the table
    of the entity or of other features otherwise. A ratio has the column under its line in `per`. Where `is_summed`, the
    windows are summed up as declared and `aggregation` is count, sum, mean, share, days (with a value above 0) or
    distinct (members with a purchase); other features have an expression of their own. `window` is "28d" for
    [as_of - 28 days, as_of), "life" for everything before as_of, None where time plays no part. `default` is the value
    where nothing was observed. `owner` answers for it. Names are made by the functions below.
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
    table: str = ""
    owner: str = ""
    freshness: str = NIGHTLY
    is_summed: bool = False

    @property
    def days(self) -> int | None:
        """Length of the window in days; None for a whole life and where there is no window."""
        return None if self.window in (None, LIFE) else int(str(self.window).removesuffix("d"))

    @property
    def source_columns(self) -> tuple[str, ...]:
        """The columns it is made from, as table.column."""
        columns = (self.source,) if self.per is None else (self.source, self.per)
        return tuple(f"{self.table}.{column}" for column in columns)

    @property
    def is_number(self) -> bool:
        return isinstance(self.type, LongType | DoubleType)


@dataclass(frozen=True)
class Group:
    """Makes the features of one entity that one table feeds and one owner answers for."""

    entity: Entity
    table: str
    owner: str
    freshness: str = NIGHTLY

    def attribute(
        self, name: str, kind: DataType, default: Default, meaning: str, source: str | None = None
    ) -> Feature:
        """A property of the entity at as_of; it keeps the name of its source unless that is given."""
        return self._feature(name, kind, source or name, "attribute", None, default, meaning)

    def over(
        self,
        windows: Iterable[int | str],
        what: str,
        aggregation: str,
        source: str,
        meaning: str,
        *,
        per: str | None = None,
        weighted: bool = False,
    ) -> tuple[Feature, ...]:
        """An aggregate over windows, a feature each, named <what>_<aggregation>_<window>; distinct is named count.

        Counts are LONG unless they are weighted, everything else is DOUBLE; the default is zero. `{window}` in the
        meaning becomes the window in words.
        """
        whole = aggregation in ("count", "days", "distinct") and not weighted
        named = "count" if aggregation == "distinct" else aggregation
        return tuple(
            self._feature(
                f"{what}_{named}_{window_name(window)}",
                LongType() if whole else DoubleType(),
                source,
                aggregation,
                window_name(window),
                0 if whole else 0.0,
                meaning.format(window=_in_words(window)),
                per,
            )
            for window in windows
        )

    def derived(
        self,
        what: str,
        aggregation: str,
        window: int | str,
        source: str,
        meaning: str,
        *,
        kind: DataType | None = None,
        default: Default = 0.0,
    ) -> Feature:
        """A feature with an expression of its own, named <what>_<aggregation>_<window>; DOUBLE if no kind is given."""
        return self._feature(
            f"{what}_{aggregation}_{window_name(window)}",
            kind or DoubleType(),
            source,
            aggregation,
            window_name(window),
            default,
            meaning.format(window=_in_words(window)),
            is_summed=False,
        )

    def days_since(self, what: str, source: str, meaning: str) -> Feature:
        """Days between a moment and as_of 00:00 UTC, named days_since_<what>; NEVER by default."""
        return self._feature(f"days_since_{what}", DoubleType(), source, "days_since", None, NEVER, meaning)

    def probability(self, what: str, source: str, default: float, meaning: str) -> Feature:
        """A probability made from another feature, named <what>_probability."""
        return self._feature(f"{what}_probability", DoubleType(), source, "probability", None, default, meaning)

    def _feature(
        self,
        name: str,
        kind: DataType,
        source: str,
        aggregation: str,
        window: str | None,
        default: Default,
        meaning: str,
        per: str | None = None,
        is_summed: bool = True,
    ) -> Feature:
        return Feature(
            name, self.entity, kind, source, aggregation, window, default, meaning, per, self.table, self.owner,
            self.freshness, is_summed and window is not None,
        )  # fmt: skip


def window_name(window: int | str) -> str:
    """28 is "28d", the window [as_of - 28 days, as_of); LIFE is itself."""
    return window if isinstance(window, str) else f"{window}d"


def summed(features: Iterable[Feature], table: str) -> list[Feature]:
    """The features that windows over a table are summed up to as declared."""
    return [feature for feature in features if feature.table == table and feature.is_summed]


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
            *(Column(one.name, one.type, one.meaning, default=one.default) for one in declared),
        ),
        key=("as_of", key.name),
        partitioned_by=("as_of",),
        invariants=tuple(rule for feature in declared if (rule := _range_of(feature)) is not None),
        skipped_by=(),  # a night is read whole, and so many columns take long
    )


def bounds(feature: Feature) -> tuple[float, float] | None:
    """The range of a feature that is a number; None for any other."""
    if not feature.is_number:
        return None
    of_a_share = any(f"_{word}_" in f"_{feature.name}_" for word in _SHARES)
    return (0.0, 1.0) if of_a_share else (0.0, float("inf"))


def _range_of(feature: Feature) -> Invariant | None:
    if isinstance(feature.type, StringType | BooleanType | ArrayType):
        return None
    if bounds(feature) == (0.0, 1.0):
        return Invariant(f"{feature.name}_in_unit_interval", f"{feature.name} BETWEEN 0 AND 1")
    return Invariant(f"{feature.name}_not_negative", f"{feature.name} >= 0")


def _in_words(window: int | str) -> str:
    return "since the first event" if isinstance(window, str) else "of one day" if window == 1 else f"of {window} days"
