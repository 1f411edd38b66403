"""What a publish checks of a view's rows, from a table in memory and from a Spark frame."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import reduce

import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import DoubleType, FloatType

from features.contract.fallback_lists import EVERYONE
from jobs.online.fields import OnlineView
from jobs.serving.client import SEGMENT_PREFIX

_FLAGS = 63  # of a long


@dataclass(frozen=True)
class RowSums:
    """Sums over the rows of a view.

    entities: number of distinct keys
    most_rows: of one key; 0 without rows
    personal: keys that are no segment's
    has_everyone: whether there is the fallback list of unknown shoppers
    model_versions: ascending; none where the view has no model_version
    missing: key and fields that are NULL or NaN in some row, in the view's order
    """

    entities: int
    most_rows: int
    personal: int
    has_everyone: bool
    model_versions: tuple[str, ...]
    missing: tuple[str, ...]


def summed_in_memory(table: pa.Table, view: OnlineView) -> RowSums:
    """Sums a table of the view's key and fields."""
    rows_by_key = table.column(view.join_key).value_counts()
    keys, rows = rows_by_key.field("values"), rows_by_key.field("counts")
    versions = (
        pc.unique(table.column("model_version")).drop_null().to_pylist() if "model_version" in view.field_names else []
    )
    return RowSums(
        len(keys),
        pc.max(rows).as_py() or 0,
        pc.sum(pc.invert(pc.starts_with(keys, SEGMENT_PREFIX))).as_py() or 0,
        bool(pc.any(pc.equal(keys, f"{SEGMENT_PREFIX}{EVERYONE}")).as_py()),
        tuple(sorted(versions)),
        tuple(name for name in (view.join_key, *view.field_names) if _lacks_values(table.column(name))),
    )


def _lacks_values(column: pa.ChunkedArray) -> bool:
    is_float = pa.types.is_floating(column.type)
    return column.null_count > 0 or (is_float and bool(pc.any(pc.is_nan(column)).as_py()))


def summed_by_spark(frame: DataFrame, view: OnlineView) -> RowSums:
    """Sums a frame by one job that returns one row."""
    names = [view.join_key, *view.field_names]
    kinds = dict(zip(frame.columns, (field.dataType for field in frame.schema.fields), strict=True))
    flags = [_flags(names[start : start + _FLAGS], kinds) for start in range(0, len(names), _FLAGS)]
    version = F.col("model_version") if "model_version" in names else F.lit(None).cast("string")
    by_key = (
        frame.select(F.col(view.join_key).alias("key"), version.alias("version"), F.array(*flags).alias("missing"))
        .groupBy("key")
        .agg(
            F.count(F.lit(1)).alias("rows"),
            F.min("version").alias("first"),
            F.max("version").alias("last"),
            *(F.bit_or(F.col("missing")[place]).alias(f"missing_{place}") for place in range(len(flags))),
        )
    )
    versions = F.array_distinct(F.concat(F.collect_set("first"), F.collect_set("last")))
    [row] = by_key.agg(
        F.count(F.lit(1)).alias("entities"),
        F.max("rows").alias("most_rows"),
        F.count_if(~F.col("key").startswith(SEGMENT_PREFIX)).alias("personal"),
        F.count_if(F.col("key") == f"{SEGMENT_PREFIX}{EVERYONE}").alias("everyone"),
        F.array_sort(versions).alias("model_versions"),
        F.array(*(F.coalesce(F.bit_or(f"missing_{place}"), F.lit(0)) for place in range(len(flags)))).alias("missing"),
    ).collect()
    return RowSums(
        row.entities,
        row.most_rows or 0,
        row.personal,
        row.everyone > 0,
        tuple(row.model_versions),
        tuple(_flagged(names, row.missing)),
    )


def _flags(names: list[str], kinds: Mapping[str, object]) -> Column:
    """A long with a bit for each column that has no value: NULL or NaN."""

    def without_value(name: str) -> Column:
        column = F.col(name)
        is_float = isinstance(kinds[name], DoubleType | FloatType)
        return column.isNull() | F.isnan(column) if is_float else column.isNull()

    bits = (F.when(without_value(name), F.lit(1 << place)).otherwise(F.lit(0)) for place, name in enumerate(names))
    return reduce(lambda both, bit: both.bitwiseOR(bit.cast("long")), bits, F.lit(0).cast("long"))


def _flagged(names: list[str], flags: Iterable[int]) -> Iterator[str]:
    """The columns whose bit is set."""
    for start, long in enumerate(flags):
        yield from (
            name for place, name in enumerate(names[start * _FLAGS : (start + 1) * _FLAGS]) if long >> place & 1
        )
