"""A replay in words: its tables with counts and largest differences, what was left out, and the first difference."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from datetime import date

from jobs.reproduction.comparison import ALL_ROWS, TOLERANCE, TableDifference
from jobs.reproduction.replaying import ReplayedStep


def replay_in_words(
    as_of: date, replayed: Sequence[ReplayedStep], left_out: Mapping[str, str], changed: str = ""
) -> str:
    """The report of a replay.

    left_out: by step of the night that did not run again, why
    changed: keys of the configuration that have changed since the night
    """
    names = ["step", "table", "rows", "missing", "new", "differ", "largest difference"]
    lines = [[step.recorded.step, *row] for step in replayed for row in _rows(step)]
    widths = [max(len(line[column]) for line in (names, *lines)) for column in range(len(names))]
    shown = [
        "  ".join(
            text.ljust(width) if column < 2 else text.rjust(width)
            for column, (text, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in (names, *lines)
    ]
    others = [f"  {step}: {why}" for step, why in left_out.items()]
    return "\n".join(
        [
            f"Night of {as_of}, {len(replayed)} steps again, each on the tables that it found",
            "",
            *shown,
            "",
            *(["Not run again", *others, ""] if others else []),
            *([f"Changed in the configuration since, and not used here: {changed}", ""] if changed else []),
            _verdict(replayed),
        ]
    )


def _rows(step: ReplayedStep) -> Iterator[list[str]]:
    if step.failure is not None:
        yield [f"failed: {step.failure}", "", "", "", "", ""]
    for difference in step.differences:
        counts = (difference.rows, difference.missing, difference.added, difference.differing)
        yield [difference.table, *(f"{count:,}" for count in counts), _largest(difference)]


def _largest(difference: TableDifference) -> str:
    if not difference.column:
        return "0"
    size = f"{difference.largest:.3g}" if math.isfinite(difference.largest) else "other value"
    return f"{size} ({difference.column})"


def _verdict(replayed: Sequence[ReplayedStep]) -> str:
    if first_difference(replayed) is not None:
        differing = [step.recorded.step for step in replayed if not step.is_equal]
        return f"Steps that differ: {', '.join(differing)}."
    tables = {difference.table for step in replayed for difference in step.differences} - {ALL_ROWS}
    return f"All {len(tables)} tables are equal to those of the night, numbers within {TOLERANCE:g}."


def first_difference(replayed: Sequence[ReplayedStep]) -> tuple[ReplayedStep, str] | None:
    """The first step that differs, and what differs there in words; None where all are equal."""
    step = next((step for step in replayed if not step.is_equal), None)
    if step is None:
        return None
    if step.failure is not None:
        return step, f"{step.recorded.step} failed: {step.failure}"
    table = next(difference for difference in step.differences if not difference.is_equal)
    return step, f"{table.table} of {step.recorded.step}: {table.in_words()}"
