"""Rows by outcome and reason, with examples."""

from __future__ import annotations

import json
from dataclasses import dataclass

from pyspark.sql import functions as F

from features.quality import outcomes
from jobs.config.source import Files, Mapped
from jobs.sources.intake import Intake

MOST_REASONS = 12  # of a table; the most frequent ones
_MOST_CHARACTERS = 100  # of an example
_WITHOUT_EXAMPLES = (outcomes.FILTERED, outcomes.DUPLICATE)  # as the mapping wants it, and harmless
_UNKNOWN = {outcomes.ITEM_UNKNOWN: "item_id", outcomes.USER_UNKNOWN: "user_id"}


@dataclass(frozen=True)
class Reason:
    """Rows of a table with one outcome and one reason, and up to two examples."""

    outcome: str
    reason: str
    rows: int
    examples: tuple[str, ...]


def reasons_of(intake: Intake, conf: Files) -> list[Reason]:
    """The rows that are not accepted, most frequent first. An example is the value that the reason is about."""
    payload = F.to_json(F.struct(*intake.table.column_names))
    if "raw" in intake.judged.columns:
        payload = F.coalesce("raw", payload)
    rows = (
        intake.judged.where(F.col("outcome") != outcomes.ACCEPTED)
        .groupBy("outcome", "reason")
        .agg(F.count(F.lit(1)).alias("rows"), F.min(payload).alias("least"), F.max(payload).alias("greatest"))
        .orderBy(F.desc("rows"), "outcome", "reason")
        .limit(MOST_REASONS)
        .collect()
    )
    return [
        Reason(
            row["outcome"],
            row["reason"],
            row["rows"],
            tuple(
                dict.fromkeys(
                    example(row["reason"], text, intake.table.name, conf)
                    for text in (row["least"], row["greatest"])
                    if text is not None
                )
            )
            if row["outcome"] not in _WITHOUT_EXAMPLES
            else (),
        )
        for row in rows
    ]


def example(reason: str, payload: str, table: str, conf: Files) -> str:
    """The column and the value that a reason names, or the row if it names none.

    payload: a row as JSON, as mapped or as it came
    """
    row = json.loads(payload)
    columns = [_UNKNOWN.get(violation) or _column_named(violation, table, conf) for violation in reason.split(",")]
    column = next(filter(None, columns), "")
    if column in row:
        return _shown(column, row[column])
    sources = [name for spec in _specs(column, table, conf) for name in (spec.column, *spec.columns) if name]
    shown = [_shown(name, row[name]) for name in dict.fromkeys(sources) if name in row]
    if shown:
        return ", ".join(shown)
    return f"{' and '.join(dict.fromkeys(sources))} blank in {_cut(payload)}" if sources else _cut(payload)


def _column_named(reason: str, table: str, conf: Files) -> str:
    """The longest mapped column that the reason begins with."""
    names = {name for mapping in getattr(conf, table, ()) for name in mapping.columns}
    return max((name for name in names if reason.startswith(f"{name}_")), key=len, default="")


def _specs(column: str, table: str, conf: Files) -> list[Mapped]:
    return [mapping.columns[column] for mapping in getattr(conf, table, ()) if column in mapping.columns]


def _shown(name: str, value: object) -> str:
    return _cut(f"{name} {value!r}" if value is not None else f"{name} blank")


def _cut(text: str) -> str:
    return text if len(text) <= _MOST_CHARACTERS else f"{text[:_MOST_CHARACTERS]} …"
