"""Fields that only the first line of an order or a product has, though a mapping needs them on every line."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any
from urllib.parse import unquote

from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import ArrayType, MapType, Row, StructType

from features.contract import EVENTS, ITEMS
from features.contract.table import Table
from jobs.config.inputs import FileInput
from jobs.config.source import TableMapping
from jobs.runtime.errors import Refused
from jobs.sources.files.columns import ADDED, LINE, PART
from jobs.sources.files.guarded import Guarded
from jobs.sources.files.inventory import columns_of

_LINES = 1000  # of the input that are looked at
_NEARLY_ALL = 0.9
_FEW = 0.01  # of the lines: such lines are rejected one by one
_LEAST_LINES, _LEAST_GROUPS = 5, 2  # either of them; fewer may lack a value by chance
_MANY = 0.2  # of the lines of a small file, if they are two or more
_OF_A_GROUP = ("event_id", "basket_id")  # columns of the contract that are made of an order's number
_PERSON = ("user_id", "visitor_id")
_DESCRIBING = ("description", "category", "product_type", "brand", "provider_id")


@dataclass(frozen=True)
class FirstLines:
    """Groups of lines, by `key`, whose first line alone has `columns`; `lines` are the others, by their LINE."""

    key: str
    columns: tuple[str, ...]
    lines: frozenset[int]


def require_filled_down(
    rows: DataFrame,
    name: str,
    files: FileInput,
    mappings: Sequence[tuple[Table, TableMapping]],
    reshaped: Callable[[DataFrame], DataFrame],
) -> None:
    """Raises Refused if mappings need a value that only the first line of each order or product has.

    Without it most lines of orders would be rejected, or left out by a `where` on a shopper. Items and shoppers need
    one line each, so lines that the `where` of their mapping leaves out do not count.

    rows: lines of the input `name` as read, with LINE and PART
    reshaped: returns rows of the input as the mappings read them
    """
    lines = rows.limit(_LINES).collect()
    is_filled = set(files.fill_down.columns) if files.fill_down else set()
    columns = [
        field.name
        for field in rows.schema.fields
        if field.name not in {*ADDED, *is_filled} and not isinstance(field.dataType, ArrayType | MapType | StructType)
    ]
    for table, mapping in mappings:
        groups = first_lines(lines, columns, table, mapping, mappings)
        if groups is None:
            continue
        values = _filled(lines, groups) if table is EVENTS else [tuple(line) for line in lines]
        frame = reshaped(rows.sparkSession.createDataFrame(values, rows.schema))
        lost = {line for line in _inside(frame, mapping) if line in groups.lines}
        number_of_groups = len({(line[PART], line[groups.key]) for line in lines if line[LINE] in lost})
        is_pattern = len(lost) >= _LEAST_LINES or number_of_groups >= _LEAST_GROUPS
        are_many = len(lost) >= 2 and len(lost) > _MANY * len(lines)
        if len(lost) > _FEW * len(lines) and (is_pattern or are_many):
            file = unquote(next(row[PART] for row in lines if row[LINE] in lost).rpartition("/")[2])
            to_fill = ", ".join(sorted({*is_filled, *groups.columns}))
            raise Refused(
                f"Lines of {file} lack {' and '.join(groups.columns)}, which the first line of their {groups.key} has: "
                f"{len(lost)} of the first {len(lines)} lines for the table {table.name}.",
                f"Set fill_down: {{by: [{groups.key}], columns: [{to_fill}]}} for source.files.inputs.{name}. "
                "Nothing was written.",
            )


def first_lines(
    lines: Sequence[Row],
    columns: Collection[str],
    table: Table,
    mapping: TableMapping,
    mappings: Iterable[tuple[Table, TableMapping]],
) -> FirstLines | None:
    """The groups whose first line alone has a column that the mapping requires; None if lines are complete.

    A key of groups is a column that the mapping reads for an order's number or not at all. The columns to fill are all
    that one of the `mappings` of the input requires, or that describe an item.

    lines: in the order of their files, with LINE and PART
    columns: those of the file
    """
    used = _used(mapping, columns)
    of_group = [column for column, name in used.items() if name in _OF_A_GROUP]
    others = [column for column in columns if column not in used]
    candidates = [
        FirstLines(key, (column,), _continued(lines, key, column))
        for column in _required(used, table)
        if any(_is_blank(line[column]) for line in lines)
        # Of a guest's lines all lack the shopper, whatever other columns they share.
        for key in (*of_group, *(() if used[column] in _PERSON else others))
    ]
    best = max(candidates, key=lambda groups: len(groups.lines), default=None)
    if best is None or not best.lines:
        return None
    lacking = [
        column
        for of_table, other in mappings
        for column in _worth_filling(_used(other, columns), of_table)
        if column != best.key and any(_is_blank(line[column]) for line in lines if line[LINE] in best.lines)
    ]
    return FirstLines(best.key, tuple(dict.fromkeys((*best.columns, *lacking))), best.lines)


def _used(mapping: TableMapping, columns: Collection[str]) -> dict[str, str]:
    """By column of the file that the mapping names, the column of the contract."""
    return {column: name for name, spec in mapping.columns.items() for column in columns_of(spec) if column in columns}


def _required(used: Mapping[str, str], table: Table) -> list[str]:
    """The columns of the file for what each row requires of its order or product."""
    names = {*table.required, *_PERSON} - {*_OF_A_GROUP, "quantity", "price", "item_id"}
    return [column for column, name in used.items() if name in names]


def _worth_filling(used: Mapping[str, str], table: Table) -> list[str]:
    """Those columns, and the ones for what describes an item."""
    describing = _DESCRIBING if table is ITEMS else ()
    return [*_required(used, table), *(column for column, name in used.items() if name in describing)]


def _continued(lines: Sequence[Row], key: str, column: str) -> frozenset[int]:
    """The lines that lack the column where nearly all groups of several lines have it on their first line alone."""
    runs = groupby(lines, lambda line: (line[PART], line[key]))
    groups = [list(run) for (_, value), run in runs if not _is_blank(value)]
    several = [group for group in groups if len(group) > 1 and not all(_is_blank(line[column]) for line in group)]
    of_first = [
        group
        for group in several
        if not _is_blank(group[0][column]) and all(_is_blank(line[column]) for line in group[1:])
    ]
    if len(of_first) < _NEARLY_ALL * len(several):
        return frozenset()
    return frozenset(line[LINE] for group in of_first for line in group[1:])


def _filled(lines: Sequence[Row], groups: FirstLines) -> list[tuple[Any, ...]]:
    filled: list[dict[str, Any]] = []
    for line in lines:
        values = line.asDict()
        if line[LINE] in groups.lines:
            values |= {column: filled[-1][column] for column in groups.columns if _is_blank(values[column])}
        filled.append(values)
    return [tuple(values.values()) for values in filled]


def _inside(rows: DataFrame, mapping: TableMapping) -> list[int]:
    """LINE of the rows that the mapping does not leave out."""
    if mapping.where:
        rows = rows.where(F.coalesce(Guarded(mapping.where).value.cast("boolean"), F.lit(False)))
    return [row[LINE] for row in rows.select(LINE).collect()]


def _is_blank(value: object) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())
