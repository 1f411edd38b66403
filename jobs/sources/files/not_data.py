"""Rows of a file that are no data: its header again, after files were joined, and totals of a report."""

from __future__ import annotations

from functools import reduce
from operator import add, or_

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import StringType

from features.quality.outcomes import HEADER_REPEATED, TOTAL_ROW
from jobs.config.source import TableMapping
from jobs.sources.files.columns import ADDED
from jobs.sources.total_words import TOTAL

_COUNTED = ("item_id", "user_id")  # ids of which a report adds up the rows


def not_data(rows: DataFrame, mapping: TableMapping, title: Column | None = None) -> Column:
    """The reason why a row is no data, NULL if it is.

    A header has the names of columns in a mapped column and in most of those that are not blank. A row of totals has a
    word such as TOTAL in the column of its item or shopper. A brand, a store or a basket may be named so, and so may an
    item with a title of its own.

    title: of items, as mapped
    """
    texts = {field.name for field in rows.schema.fields if isinstance(field.dataType, StringType)} - set(ADDED)
    named = [name for spec in mapping.columns.values() for name in (spec.column, *spec.columns) if name in texts]
    ids = [
        spec.column
        for column, spec in mapping.columns.items()
        if column in _COUNTED and spec.column is not None and spec.column in texts
    ]
    reasons: list[Column] = []
    if len(texts) > 1 and named:
        number = reduce(add, (_counted(_is_named(name)) for name in sorted(texts)))
        of = reduce(add, (_counted(_trimmed(name) != "") for name in sorted(texts)))
        # Most rows end at the first condition.
        header = reduce(or_, map(_is_named, dict.fromkeys(named))) & (number > 1) & (number * 2 > of)
        reasons.append(F.when(header, F.lit(HEADER_REPEATED)))
    if ids:
        total = reduce(or_, (_trimmed(name).rlike(TOTAL.pattern) for name in dict.fromkeys(ids)))
        if title is not None:
            named_title = F.trim(F.coalesce(title.cast("string"), F.lit("")))
            total = total & ((named_title == "") | named_title.rlike(TOTAL.pattern))
        reasons.append(F.when(total, F.lit(TOTAL_ROW)))
    return F.coalesce(*reasons, F.lit(None).cast("string"))


def _is_named(name: str) -> Column:
    return _trimmed(name) == name.strip()


def _counted(condition: Column) -> Column:
    return F.coalesce(condition, F.lit(False)).cast("int")


def _trimmed(name: str) -> Column:
    return F.trim(F.col(f"`{name}`"))
