"""Any version of a table of the warehouse, a page of rows at a time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from math import isnan
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from features.contract.table import PERSONAL, Table
from jobs.desk.items import of_night
from jobs.desk.stored_tables import StoredTables
from jobs.report.page.numbers import NONE, amount
from jobs.tables.erasure import ALL_TABLES

TABLES = {table.name: table for table in sorted(ALL_TABLES, key=lambda table: table.name)}
_LONGEST = 200  # characters of a cell


@dataclass(frozen=True)
class TablePage:
    """Rows of a table as texts. columns: with their meaning; total: rows that the page is one of, in pages of `rows`"""

    columns: tuple[tuple[str, str], ...]
    rows: tuple[tuple[str, ...], ...]
    version: int
    total: int


def is_personal(table: Table) -> bool:
    """Whether rows of a table hold or may hold an identifier of a shopper, or words that a shopper wrote."""
    own = set(PERSONAL) - {"reason"}  # of an item's gap or of a rule in tables without a shopper
    return any(column.name in own for column in table.columns)


def _rows_of_night(table: Table, as_of: date | None) -> pc.Expression | None:
    """The condition for one night's rows; None for a table that is not partitioned by it, and without a night."""
    return of_night(as_of) if as_of is not None and "as_of" in table.partitioned_by else None


def table_page(
    tables: StoredTables, table: Table, version: int | None, as_of: date | None, skip: int, most: int
) -> TablePage:
    """A page of a version of a table, the newest for None; of one night for a table that is partitioned by it.

    Raises LongtailError if there is no such version.
    """
    where = _rows_of_night(table, as_of)
    rows = tables.page(table, version, where, skip, most)
    columns = tuple((column.name, column.meaning) for column in table.columns if column.name in rows.column_names)
    cells = tuple(tuple(_cell(row[name]) for name, _ in columns) for row in rows.to_pylist())
    return TablePage(columns, cells, tables.versions[table.name], tables.count(table, where))


def table_file(
    tables: StoredTables, table: Table, version: int | None, as_of: date | None
) -> tuple[str, pa.Schema, Iterator[pa.RecordBatch]]:
    """All rows that `table_page` has pages of, after the name of their file without its ending and their columns.

    Raises LongtailError if there is no such version.
    """
    where = _rows_of_night(table, as_of)
    schema, batches = tables.batches(table, version, where)
    night = [] if where is None else [str(as_of)]
    return "-".join([table.name, *night, f"v{tables.versions[table.name]}"]), schema, batches


def _cell(value: Any) -> str:
    if value is None:
        return NONE
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return "NaN" if isnan(value) else amount(value)
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%S}"
    if isinstance(value, list):
        value = ", ".join(
            _cell(part) if not isinstance(part, tuple) else f"{part[0]}: {_cell(part[1])}" for part in value
        )
    text = str(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]} …"
