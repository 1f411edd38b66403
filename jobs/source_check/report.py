"""The report of a check: files, rows by outcome and reason, columns not mapped, likely mistakes, the next command."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

from features.contract import EVENTS, ITEMS
from features.quality.optional_values import LEFT_OUT
from jobs.ingest import last_night
from jobs.runtime.errors import Refused
from jobs.runtime.logs import milestone
from jobs.runtime.progress import advance, expect
from jobs.source_check import phrases
from jobs.source_check.columns import unmapped_columns
from jobs.source_check.mistakes import (
    header_mistakes,
    history_mistakes,
    id_mistakes,
    shopper_mistakes,
    unknown_ids,
    window_mistakes,
)
from jobs.source_check.reasons import reasons_of
from jobs.source_check.taking import Taken
from jobs.sources.files.columns import ADDED
from jobs.sources.intake import Intake, left_out_values, require_few_rejected
from jobs.sources.volume import require_usual_volume

_LOOKS_AT_ONCE = 4


def report_of(taken: Taken, conf_path: str) -> str:
    """The text of the report. conf_path: the configuration, as the next command names it"""
    if not taken.source.parts:
        return phrases.NOTHING_NEW
    looks = (unknown_ids, id_mistakes, shopper_mistakes, window_mistakes, history_mistakes)
    milestone("looks for mistakes", "looks for likely mistakes")
    expect(len(looks) + 1, "looks", alike=False)
    errors = _errors(taken)
    mistakes, unmapped = _of_files(taken)
    mistakes = [*errors, *mistakes]
    # In parallel: each is a small job or two, most of whose time Spark plans on one core.
    with ThreadPoolExecutor(_LOOKS_AT_ONCE) as executor:
        rows = executor.submit(_rows, taken)
        rows.add_done_callback(lambda _: advance())
        for sentences in executor.map(lambda look: look(taken), looks):
            mistakes += sentences
            advance()
    following = phrases.next_after_errors(conf_path) if errors else phrases.next_night(conf_path, taken.night.as_of)
    return "\n".join(
        [
            f"What the night of {taken.night.as_of} would take in; nothing was written.",
            *_section("Files", _files(taken)),
            *_section("Rows", rows.result()),
            *_section("Columns that no mapping reads", unmapped or [phrases.UNMAPPED_ALL]),
            *_section("Likely mistakes", mistakes or [phrases.NO_MISTAKES]),
            "",
            following,
        ]
    )


def _section(title: str, lines: list[str]) -> list[str]:
    return ["", title, *(f"  {line}" for line in lines)]


def _files(taken: Taken) -> list[str]:
    return [
        phrases.read_files(name, len(taken.sample.chosen[name]), len(parts), taken.files.inputs[name].path)
        for name, parts in taken.sample.parts.items()
    ]


def _rows(taken: Taken) -> list[str]:
    return [line for intake in taken.intakes if intake.balance.rows_in for line in _rows_of(taken, intake)]


def _rows_of(taken: Taken, intake: Intake) -> Iterator[str]:
    yield phrases.rows_of_table(intake.table.name, intake.balance.rows_in, intake.count("accepted"))
    for reason in reasons_of(intake, taken.files):
        yield f"  {phrases.outcome(reason.rows, reason.outcome, reason.reason)}"
        yield from _advice(reason.reason, reason.examples)
    for row in left_out_values(intake.judged):
        yield f"  {phrases.values_left_out(row['rows'], row[LEFT_OUT])}"
        yield from _advice(row[LEFT_OUT], (f"'{row['example']}'",) if row["example"] else ())


def _advice(reason: str, examples: Sequence[str]) -> Iterator[str]:
    if examples:
        yield f"    such as {' · '.join(examples)}"
    remedy = phrases.remedy(reason)
    if remedy:
        yield f"    {remedy}"


def _of_files(taken: Taken) -> tuple[list[str], list[str]]:
    """Mistakes of the files themselves, and the columns that no mapping reads, by input."""
    mistakes, unmapped = [], []
    for name, files in taken.files.inputs.items():
        parts = [part for part in taken.source.parts if part.input == name]
        columns: dict[str, None] = {}
        for rows in taken.rows.of(parts):
            columns |= dict.fromkeys(c for c in rows.columns if c not in ADDED)
            if files.format == "csv":
                mistakes += header_mistakes(name, rows)
        left = unmapped_columns(taken.files, name, columns)
        if left:
            unmapped.append(phrases.unmapped(name, left))
    return mistakes, unmapped


def _errors(taken: Taken) -> list[str]:
    """What would end the night."""
    errors = [phrases.no_rows(table) for table in (ITEMS.name, EVENTS.name) if not taken.of(table).any_accepted]
    try:
        require_few_rejected(taken.intakes, taken.night.conf.source.max_rejected_share)
    except Refused as error:
        errors.append(phrases.refused(error.problem))
    if not errors:
        try:
            require_usual_volume(taken.night, taken.of(EVENTS.name), last_night(taken.night))
        except Refused as error:
            errors.append(phrases.refused(error.problem))
    return errors
