"""The parts of a proposed mapping, and their text in YAML."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import yaml

from jobs.sources.guest_words import GUEST_WORDS
from jobs.tables.sql import sql_identifier

CHECK = "CHECK: "  # starts the comment of every line that is a guess


@dataclass(frozen=True)
class Line:
    """One column of the contract: what it is mapped from, and what a person should know about it."""

    column: str
    spec: str | dict[str, Any]
    comment: str = ""


@dataclass(frozen=True)
class TableDraft:
    """The mapping of one input to one table."""

    columns: tuple[Line, ...]
    where: str | None = None
    where_comment: str = ""


@dataclass(frozen=True)
class Tables:
    """The mappings that one export gives; a table may have several mappings of it."""

    items: tuple[TableDraft, ...] = ()
    users: tuple[TableDraft, ...] = ()
    events: tuple[TableDraft, ...] = ()


@dataclass(frozen=True)
class Draft:
    """What one export gives.

    kind: what it was recognised as; label: name of its input
    catalogue: rows are the store's products, so that items are not taken from order lines
    time: column of the events' time, by which the history's length is known
    reshaping: keys of the input that change its rows before they are mapped
    """

    kind: str
    label: str
    tables: Tables
    catalogue: bool = False
    time: str | None = None
    currency: str | None = None
    reshaping: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Key:
    """The id of a shopper or an item: SQL for it, its mapping, and SQL for whether a row has one."""

    sql: str
    spec: str | dict[str, Any]
    present: str


def item_key(column: str) -> Key:
    """An item by a column."""
    return Key(filled(column), column, f"{filled(column)} IS NOT NULL")


def shopper_key(column: str) -> Key:
    """A shopper by a column, without the words for guests; letters of an e-mail address are small."""
    words = ", ".join(f"'{word}'" for word in GUEST_WORDS)
    mail = "mail" in column.lower()
    sql = f"lower({filled(column)})" if mail else filled(column)
    present = f"coalesce(lower(trim({name(column)})), '') NOT IN ({words})"
    return Key(sql, {"sql": sql} if mail else column, present)


def key_of(sql: str) -> Key:
    """An id by an SQL expression."""
    return Key(sql, {"sql": sql}, f"{sql} IS NOT NULL")


def name(column: str) -> str:
    """A column in an SQL expression."""
    return sql_identifier(column)


def filled(column: str) -> str:
    """SQL: the column's text, NULL where it is blank."""
    return f"nullif(trim({name(column)}), '')"


def number(column: str, comma: bool = False) -> str:
    """SQL: the column as a number; thousands are separated by dots where the decimals follow a comma."""
    text = f"replace(replace({name(column)}, '.', ''), ',', '.')" if comma else name(column)
    return f"try_cast({text} AS DECIMAL(18,4))"


def text_of(table: TableDraft, source: str) -> list[str]:
    """The lines of one mapping, as an entry of a list below `items`, `users` or `events`."""
    lines = [f"      - input: {source}"]
    if table.where:
        lines += _with_comment(f"        where: {scalar(table.where)}", table.where_comment, " " * 8)
    lines.append("        columns:")
    for line in table.columns:
        lines += _with_comment(f"          {line.column}: {scalar(line.spec)}", line.comment, " " * 10)
    return lines


def scalar(value: Any) -> str:
    """A value in one line of YAML."""
    text = yaml.safe_dump(value, default_flow_style=True, width=float("inf"), allow_unicode=True, sort_keys=False)
    return text.removesuffix("\n...\n").strip()


def _with_comment(line: str, comment: str, indent: str) -> list[str]:
    if not comment:
        return [line]
    return [f"{line}   # {comment}"] if len(line) + len(comment) < 115 else [f"{indent}# {comment}", line]
