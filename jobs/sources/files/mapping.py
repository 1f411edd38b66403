"""Rows of a store's files as rows of the contract, as configured."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from features.contract import ITEMS, USERS
from features.contract.events import EVENT_TYPES
from features.contract.table import PERSONAL, Table
from features.quality.outcomes import LINE_MALFORMED
from jobs.config.source import TableMapping
from jobs.sources.files.columns import ADDED, LINE, MALFORMED, PART, TAKEN_UNTIL
from jobs.sources.files.guarded import Guarded
from jobs.sources.files.not_data import not_data
from jobs.sources.files.values import value_of

_SHOWN = 60  # characters of an unreadable value that messages show

# Value of a column that is not mapped. An expression refers to columns that are mapped already.
IMPLIED = {
    "events": {
        "event_date": "to_date(event_time)",
        "ingested_at": "event_time",
        "quantity": "1L",
        "price": "0",
        "sample_weight": "1D",
    },
    "items": {
        "updated_at": "listed_at",
        "listed_at": "updated_at",
        "attributes": "map()",
        "valid_from": "updated_at",
    },
    "users": {
        "updated_at": "signed_up_at",
        "signed_up_at": "updated_at",
        "attributes": "map()",
    },
    "promotions": {},
    "identities": {},
    "searches": {"search_date": "to_date(search_time)", "ingested_at": "search_time"},
}


def mapped_rows(rows: DataFrame, mapping: TableMapping, table: Table, currency: str | None = None) -> DataFrame:
    """The mapped columns of `rows`, the implied ones, `filtered`, `unreadable`, `left_out`, `example` and `raw`.

    A value that cannot be read as the contract's type is NULL. In a required column it rejects its row: `unreadable`
    names `<column>_unreadable`, and `raw` is the original row as JSON. In an optional column the row stays without it,
    and `left_out` has that name. `example` is the first such value that is not personal, or an unknown type of event. A
    line that is not a row is `line_malformed`, a row for which `where` raises an error `where_unreadable`; see
    `not_data` for headers and totals.

    currency: of the amounts, see `value_of`
    """
    columns = [column for column in table.columns if column.name in mapping.columns]
    values = {
        column.name: value_of(rows, mapping.columns[column.name], column.name, column.type, currency)
        for column in columns
    }
    optional = {column.name for column in columns if column.name in table.dispensable}
    inside, rules = F.lit(True), []
    if mapping.where:
        condition = Guarded(mapping.where)
        inside = F.coalesce(condition.value.cast("boolean"), F.lit(False)) | condition.raised
        rules.append(F.when(condition.raised, F.lit("where_unreadable")))
    if MALFORMED in rows.columns:
        malformed = F.col(MALFORMED).isNotNull()
        inside = inside | malformed
        rules.insert(0, F.when(malformed, F.lit(LINE_MALFORMED)))
    unreadable = {name: F.when(value.unreadable, F.lit(f"{name}_unreadable")) for name, value in values.items()}
    violations = F.concat_ws(",", *rules, *(name for column, name in unreadable.items() if column not in optional))
    title = values["title"].value if table is ITEMS and "title" in values else None
    named = F.coalesce(not_data(rows, mapping, title), violations)
    left_out = F.concat_ws(",", *(unreadable[name] for name in sorted(optional)))
    examples = [F.when(value.unreadable, value.original) for name, value in values.items() if name not in PERSONAL]
    if "event_type" in values:
        kind = values["event_type"]
        examples.append(F.when(~kind.value.isin(*EVENT_TYPES), kind.original))
    original = F.to_json(
        F.struct(*(F.col(f"`{name}`") for name in rows.columns if name in (MALFORMED, PART) or name not in ADDED))
    )
    carried = (PART, TAKEN_UNTIL, *((LINE,) if table in (ITEMS, USERS) else ()))
    contract_rows = rows.select(
        *(name for name in carried if name in rows.columns),
        *(value.value.alias(name) for name, value in values.items()),
        (~inside).alias("filtered"),
        named.alias("unreadable"),
        F.nullif(left_out, F.lit("")).alias("left_out"),
        F.substring(F.coalesce(*examples, F.lit(None)), 1, _SHOWN).alias("example"),
        F.when(named != "", original).alias("raw"),
    )
    return _with_implied(contract_rows, table)


def _with_implied(rows: DataFrame, table: Table) -> DataFrame:
    """Adds the columns of IMPLIED that are not mapped."""
    for name, expression in IMPLIED[table.name].items():
        if name in rows.columns:
            continue
        needs = expression if expression in table.column_names else None
        if needs is None or needs in rows.columns:
            kind = next(column.type for column in table.columns if column.name == name)
            rows = rows.withColumn(name, F.expr(expression).cast(kind))
    return rows
