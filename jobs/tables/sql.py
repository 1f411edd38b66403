"""Quoting of values and names in Spark SQL text: every value that becomes a part of SQL passes here."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date, datetime
from decimal import Decimal
from types import NoneType
from typing import Any

Literal = str | bool | int | float | Decimal | date | datetime | None


def sql_literal(value: Literal) -> str:
    """A value as a literal of its Spark type: STRING, BOOLEAN, INT or BIGINT, DOUBLE, DECIMAL, DATE, TIMESTAMP, NULL.

    A datetime without a time zone is taken in the session's. Raises TypeError for a value of any other type.
    """
    for kind, written in _WRITTEN.items():
        if isinstance(value, kind):
            return written(value)
    raise TypeError(f"{type(value).__name__} has no SQL literal.")


def sql_identifier(name: str) -> str:
    """A name of a column, or a path as in delta.`path`."""
    return "`" + name.replace("`", "``") + "`"


def sql_in(column: str, values: Iterable[Literal]) -> str:
    """The condition that the column has one of the values; false where there are none."""
    listed = ", ".join(map(sql_literal, values))
    return f"{sql_identifier(column)} IN ({listed})" if listed else "false"


def sql_equals(**values: Literal) -> str:
    """The condition that every named column has its value, none of which is None."""
    return " AND ".join(f"{sql_identifier(name)} = {sql_literal(value)}" for name, value in values.items())


def sql_starts_with(column: str, prefix: str) -> str:
    """The condition that a STRING column begins with the prefix."""
    return f"startswith({sql_identifier(column)}, {sql_literal(prefix)})"


def _string(text: str) -> str:
    # Braces are escaped because Spark expands ${variable} in SQL text before parsing it, inside literals too
    # (spark.sql.variable.substitute), and spark.sql(text, name=frame) replaces {name} everywhere.
    return "'" + "".join(_ESCAPES.get(character, character) for character in text) + "'"


_ESCAPES = {"\\": "\\\\", "'": "\\'", "{": "\\u007b", "}": "\\u007d"}
# bool comes before int, and datetime before date, of which they are subclasses.
_WRITTEN: dict[type, Callable[[Any], str]] = {
    NoneType: lambda _: "NULL",
    bool: lambda value: str(value).lower(),
    int: str,
    float: lambda value: f"double('{value!r}')",
    Decimal: lambda value: f"{value}BD",
    datetime: lambda value: f"TIMESTAMP'{value.isoformat()}'",
    date: lambda value: f"DATE'{value.isoformat()}'",
    str: _string,
}
