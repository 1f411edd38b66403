"""What a feature is, and how its name, its computation and its table follow from the declaration."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Literal

from pyspark.sql import Column as SparkColumn
from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import ArrayType, BooleanType, DataType, DateType, DoubleType, LongType, StringType

from features.contract.table import Column, Invariant, Table
from features.declarations.aggregate import PARTIALS, Aggregate, Aggregation, Expression

Entity = Literal["item", "user", "pair"]
Default = str | int | float | bool | tuple[()]
Function = Callable[..., DataFrame]

LIFE = "life"
NEVER = 9999.0  # days since something that has never happened
NIGHTLY, WEEKLY = "every night", "every week"

_SHARES = ("share", "probability", "percentile")


@dataclass(frozen=True)
class Feature:
    """One column of item_features or user_features, or a feature of a pair, with what computes it: an expression or a
    function.

    table: where it comes from: the table of the entity, a daily partial, or the features of all entities
    sources: columns of that table that it is computed from; table.column for those of another
    window: "28d" for [as_of - 28 days, as_of), "life" for everything before as_of, None where time plays no part
    default: value where nothing was observed
    expression: computes it over the rows of `table`: the entity's row, or its dated rows, aggregated by as_of
    function: adds it where an expression over the entity's own rows cannot, as it compares entities with one another
    event: type of the events that a declared aggregate counts
    owner: who answers for it
    """

    name: str
    entity: Entity
    type: DataType
    table: str
    sources: tuple[str, ...]
    aggregation: str
    window: str | None
    default: Default
    meaning: str
    owner: str
    freshness: str
    expression: Expression | None = None
    function: Function | None = None
    event: str | None = None

    def __post_init__(self) -> None:
        if (self.expression is None) == (self.function is None):
            raise ValueError(f"The feature {self.name} needs an expression or a function that makes it, and not both.")
        daily = PARTIALS.get(self.table)
        unknown = [name for name in self.sources if daily and "." not in name and daily.column(name) is None]
        if unknown:
            raise ValueError(
                f"The feature {self.name} reads {', '.join(unknown)}, which {self.table} does not have. "
                "Name columns of its contract."
            )

    @property
    def days(self) -> int | None:
        """Length of the window in days; None for a whole life and where there is no window."""
        return _days(self.window)

    @property
    def source_columns(self) -> tuple[str, ...]:
        """The columns it is computed from, as table.column."""
        return tuple(dict.fromkeys(name if "." in name else f"{self.table}.{name}" for name in self.sources))

    @property
    def is_number(self) -> bool:
        return isinstance(self.type, LongType | DoubleType)

    def computed(self) -> SparkColumn:
        """The expression as a column of the feature's name; only for a feature that has one."""
        if self.expression is None:
            raise ValueError(f"The feature {self.name} is made by a function, not by an expression.")
        return self.expression().alias(self.name)


@dataclass(frozen=True)
class Group:
    """Declares the features of one entity that come from one table and have one owner."""

    entity: Entity
    table: str
    owner: str
    freshness: str = NIGHTLY

    def attribute(
        self,
        name: str,
        kind: DataType,
        default: Default,
        meaning: str,
        sources: str | tuple[str, ...] | None = None,
        *,
        expression: Expression | None = None,
        function: Function | None = None,
    ) -> Feature:
        """A property of the entity at as_of: a column of the table, by default of its name, or an expression."""
        columns = _columns(sources or name)
        if expression is None and function is None:
            expression = partial(F.col, columns[0])
        return self._feature(name, kind, columns, "attribute", None, default, meaning, expression, function)

    def over(
        self,
        windows: Iterable[int | str],
        what: str,
        aggregation: Aggregation,
        source: str,
        meaning: str,
        *,
        event: str,
        per: tuple[str, ...] = (),
    ) -> tuple[Feature, ...]:
        """An aggregate of one type of events, a feature for each window, named <what>_<aggregation>_<window>.

        See `Aggregate`. distinct is named count. Whole numbers are LONG, everything else is DOUBLE; the default is
        zero. `{window}` in the meaning becomes the window in words. Raises ValueError where the computation would not
        use the event or a column as declared.
        """
        aggregate = Aggregate(self.table, aggregation, source, event, per)
        label = "count" if aggregation == "distinct" else aggregation
        features = []
        for window in windows:
            name, days = f"{what}_{label}_{window_name(window)}", _days(window_name(window))
            problem = aggregate.problem(f"{self.entity}_id", days)
            if problem:
                raise ValueError(f"The feature {name} {problem}")
            kind, default = (LongType(), 0) if aggregate.is_whole else (DoubleType(), 0.0)
            features.append(
                self._feature(
                    name, kind, aggregate.sources, aggregation, window_name(window), default,
                    meaning.format(window=_in_words(window)), aggregate.over(days), event=event,
                )
            )  # fmt: skip
        return tuple(features)

    def derived(
        self,
        what: str,
        aggregation: str,
        window: int | str,
        sources: str | tuple[str, ...],
        meaning: str,
        *,
        expression: Expression | None = None,
        function: Function | None = None,
        kind: DataType | None = None,
        default: Default = 0.0,
    ) -> Feature:
        """A feature of its own expression or function, named <what>_<aggregation>_<window>; DOUBLE by default."""
        return self._feature(
            f"{what}_{aggregation}_{window_name(window)}",
            kind or DoubleType(),
            _columns(sources),
            aggregation,
            window_name(window),
            default,
            meaning.format(window=_in_words(window)),
            expression,
            function,
        )

    def days_since(self, what: str, sources: str | tuple[str, ...], expression: Expression, meaning: str) -> Feature:
        """Days between a moment and as_of 00:00 UTC, named days_since_<what>; NEVER by default."""
        return self._feature(
            f"days_since_{what}", DoubleType(), _columns(sources), "days_since", None, NEVER, meaning, expression
        )

    def probability(self, what: str, source: str, default: float, expression: Expression, meaning: str) -> Feature:
        """A probability, named <what>_probability."""
        return self._feature(
            f"{what}_probability", DoubleType(), (source,), "probability", None, default, meaning, expression
        )

    def _feature(
        self,
        name: str,
        kind: DataType,
        sources: tuple[str, ...],
        aggregation: str,
        window: str | None,
        default: Default,
        meaning: str,
        expression: Expression | None,
        function: Function | None = None,
        event: str | None = None,
    ) -> Feature:
        return Feature(
            name=name,
            entity=self.entity,
            type=kind,
            table=self.table,
            sources=sources,
            aggregation=aggregation,
            window=window,
            default=default,
            meaning=meaning,
            owner=self.owner,
            freshness=self.freshness,
            expression=expression,
            function=function,
            event=event,
        )


def window_name(window: int | str) -> str:
    """28 is "28d", the window [as_of - 28 days, as_of); LIFE stays as it is."""
    return window if isinstance(window, str) else f"{window}d"


def by_expression(features: Iterable[Feature], table: str) -> list[Feature]:
    """The features that expressions over the rows of a table compute."""
    return [feature for feature in features if feature.table == table and feature.expression is not None]


def features_table(name: str, meaning: str, entity: Entity, features: Iterable[Feature]) -> Table:
    """The Delta table of an entity's features: as_of, the entity's id, one column a feature, none of them NULL."""
    declared = tuple(features)
    noun = "product" if entity == "item" else "shopper"
    key = Column(f"{entity}_id", StringType(), f"Identifier of the {noun}.")
    return Table(
        name=name,
        meaning=meaning,
        columns=(
            Column(
                "as_of", DateType(), "Night; features are computed from what was known before this date, 00:00 UTC."
            ),
            key,
            *(Column(feature.name, feature.type, feature.meaning, default=feature.default) for feature in declared),
        ),
        key=("as_of", key.name),
        partitioned_by=("as_of",),
        invariants=tuple(rule for feature in declared if (rule := _range_of(feature)) is not None),
        skipped_by=(),  # readers take a complete night, and statistics of so many columns take long
    )


def bounds(feature: Feature) -> tuple[float, float] | None:
    """The range of a feature that is a number; None for any other."""
    if not feature.is_number:
        return None
    is_share = any(f"_{word}_" in f"_{feature.name}_" for word in _SHARES)
    return (0.0, 1.0) if is_share else (0.0, float("inf"))


def _range_of(feature: Feature) -> Invariant | None:
    if isinstance(feature.type, StringType | BooleanType | ArrayType):
        return None
    if bounds(feature) == (0.0, 1.0):
        return Invariant(f"{feature.name}_out_of_range", f"{feature.name} BETWEEN 0 AND 1")
    return Invariant(f"{feature.name}_negative", f"{feature.name} >= 0")


def _columns(sources: str | tuple[str, ...]) -> tuple[str, ...]:
    return (sources,) if isinstance(sources, str) else sources


def _days(window: str | None) -> int | None:
    return None if window in (None, LIFE) else int(str(window).removesuffix("d"))


def _in_words(window: int | str) -> str:
    if isinstance(window, str):
        return "since the first event"
    return "on the last day" if window == 1 else f"in the last {window} days"
