"""How far a table that was made again differs from the one of the night."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import ArrayType, DataType, MapType, NumericType, StructType

from features.contract.table import Table
from jobs.tables.schema import as_declared

TOLERANCE = 1e-6
ALL_ROWS = "rows of runs"  # the table of the differences of `record_difference`
# Which run computed a row, and from which versions, is no part of what it says.
PROVENANCE = ("run_id", "source_versions")
# Of the decisions: what a replay does not do, and numbers that a registry gives.
_NOT_OF_THE_RESULT = ("webhook", "reference_version")
_FILE = "_metadata.file_name"


@dataclass(frozen=True)
class TableDifference:
    """Rows of a table that the night wrote and those of the replay, compared by key.

    rows: of the night, without those that neither wrote
    missing, added: rows of the night alone, and of the replay alone
    differing: rows of both with a value that differs by more than the tolerance
    largest: difference of two numbers, divided by the night's where that is above 1; infinite where values are no
        numbers, or only one is NULL. Also of rows within the tolerance
    column: where the largest difference is, empty without one
    """

    table: str
    rows: int
    missing: int = 0
    added: int = 0
    differing: int = 0
    largest: float = 0.0
    column: str = ""

    @property
    def is_equal(self) -> bool:
        """Whether both have the same rows, with equal values within the tolerance."""
        return not (self.missing or self.added or self.differing)

    def in_words(self) -> str:
        """What differs, for a person."""
        counts = [
            f"{self.missing:,} rows are missing" if self.missing else "",
            f"{self.added:,} rows are new" if self.added else "",
            f"{self.differing:,} of {self.rows:,} rows differ, most in {self.column}{self._by()}"
            if self.differing
            else "",
        ]
        return "; ".join(filter(None, counts)) or "equal"

    def _by(self) -> str:
        return f" by {self.largest:.3g}" if math.isfinite(self.largest) else ""


def table_difference(
    night: DataFrame | None, replayed: DataFrame | None, table: Table, tolerance: float = TOLERANCE
) -> TableDifference:
    """Compares two versions of a table, None for one that does not exist.

    Files that both versions share are not read: neither wrote them.
    """
    if night is None or replayed is None:
        rows, added = (0 if frame is None else frame.count() for frame in (night, replayed))
        return TableDifference(table.name, rows, missing=rows, added=added)
    shared = sorted(_files_of(night) & _files_of(replayed))
    if shared:
        night, replayed = (frame.where(~F.col(_FILE).isin(shared)) for frame in (night, replayed))
    types = {column.name: column.type for column in table.columns if column.name not in (*table.key, *PROVENANCE)}
    keys = [name for name in table.key if name not in PROVENANCE]
    of_both = _side(night, "night", table, keys, types).join(
        _side(replayed, "replayed", table, keys, types),
        on=[F.col(f"night_{key}").eqNullSafe(F.col(f"replayed_{key}")) for key in keys],
        how="full",
    )
    in_both = F.col("night").isNotNull() & F.col("replayed").isNotNull()
    distances = {
        name: F.when(in_both, _distance(F.col(f"night.{name}"), F.col(f"replayed.{name}"), kind))
        for name, kind in types.items()
    }
    row = of_both.agg(
        F.count("night").alias("rows"),
        F.count_if(F.col("replayed").isNull()).alias("missing"),
        F.count_if(F.col("night").isNull()).alias("added"),
        F.count_if(F.greatest(F.lit(0.0), F.lit(0.0), *distances.values()) > tolerance).alias("differing"),
        *(F.max(distance).alias(f"of_{name}") for name, distance in distances.items()),
    ).first()
    assert row is not None
    apart = {name: row[f"of_{name}"] or 0.0 for name in types}
    return TableDifference(table.name, row["rows"], row["missing"], row["added"], row["differing"], *_furthest(apart))


def _files_of(stored: DataFrame) -> set[str]:
    """The names of its files, which Delta makes unique: paths and URIs are written in several ways."""
    return {place.rpartition("/")[2] for place in stored.inputFiles()}


def _side(frame: DataFrame, side: str, table: Table, keys: Sequence[str], values: Iterable[str]) -> DataFrame:
    """The keys with the side's name before them, and the values in a column of that name."""
    return as_declared(frame, table).select(
        *(F.col(key).alias(f"{side}_{key}") for key in keys), F.struct(F.lit(True), *values).alias(side)
    )


def _furthest(apart: Mapping[str, float]) -> tuple[float, str]:
    """The largest difference and the name of its column."""
    column = max(sorted(apart), key=lambda name: apart[name], default="")
    largest = apart.get(column, 0.0)
    return largest, column if largest else ""


def _distance(night: Column, replayed: Column, kind: DataType) -> Column:
    """As `TableDifference.largest` of one value: 0 where both are equal or NULL."""
    same = F.lit(0.0)
    unlike = F.lit(math.inf)
    if isinstance(kind, NumericType):
        first, second = night.cast("double"), replayed.cast("double")
        apart = F.abs(first - second) / F.greatest(F.lit(1.0), F.abs(first))
        between = F.when(F.isnan(apart), unlike).otherwise(apart)
        return F.when(first.eqNullSafe(second), same).otherwise(F.coalesce(between, unlike))
    if isinstance(kind, ArrayType):
        apart = F.array_max(F.zip_with(night, replayed, lambda a, b: _distance(a, b, kind.elementType)))
        aligned = F.size(night) == F.size(replayed)
    elif isinstance(kind, MapType):
        names = F.map_keys(night)
        apart = F.array_max(F.transform(names, lambda name: _distance(night[name], replayed[name], kind.valueType)))
        aligned = F.array_sort(names) == F.array_sort(F.map_keys(replayed))
    elif isinstance(kind, StructType):
        fields = [_distance(night[field.name], replayed[field.name], field.dataType) for field in kind.fields]
        apart, aligned = F.greatest(same, same, *fields), F.lit(True)
    else:
        return F.when(night.eqNullSafe(replayed), same).otherwise(unlike)
    both_null = night.isNull() & replayed.isNull()
    compared = F.when(aligned, F.coalesce(apart, same)).otherwise(unlike)
    return F.when(both_null, same).when(night.isNull() | replayed.isNull(), unlike).otherwise(compared)


def record_difference(
    night: Mapping[str, object], replayed: Mapping[str, object], tolerance: float = TOLERANCE
) -> TableDifference:
    """Compares counts and decisions of a step by name, as `runs` has them; numbers within texts are numbers."""
    first, second = (
        {name: value for name, value in record.items() if not name.endswith(_NOT_OF_THE_RESULT)}
        for record in (night, replayed)
    )
    apart = {name: _apart(first[name], second[name]) for name in first.keys() & second.keys()}
    return TableDifference(
        ALL_ROWS, len(first), len(first.keys() - second.keys()), len(second.keys() - first.keys()),
        sum(distance > tolerance for distance in apart.values()), *_furthest(apart),
    )  # fmt: skip


def _apart(night: object, replayed: object) -> float:
    if night == replayed:
        return 0.0
    try:
        first, second = float(str(night)), float(str(replayed))
    except ValueError:
        return math.inf
    distance = abs(first - second) / max(1.0, abs(first))
    return 0.0 if math.isnan(first) and math.isnan(second) else math.inf if math.isnan(distance) else distance
