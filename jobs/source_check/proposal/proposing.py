"""From exports to the text of a configuration that loads."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import takewhile
from pathlib import Path
from typing import Any

from jobs.config.configuration import resolve_config
from jobs.config.files import parsed, read_packaged
from jobs.runtime.errors import ConfigurationError
from jobs.source_check.proposal import google, magento, plain, prestashop, shopify, woocommerce
from jobs.source_check.proposal.drafts import CHECK, Draft, Line, TableDraft, scalar, text_of
from jobs.source_check.proposal.heads import Head, all_rows, read_head
from jobs.source_check.proposal.times import span, time_form

KINDS = (
    shopify.orders, shopify.products, magento.products, magento.orders, prestashop.orders, woocommerce.products,
    google.analytics, google.feed, woocommerce.orders, prestashop.products, plain.any_file,
)  # fmt: skip
WITHOUT_LINES = (woocommerce.orders_without_lines, magento.orders_without_lines, prestashop.orders_without_lines)
UNSEEN_DAYS = 180
_DATE_AT_END, _DATE_AT_START = r"\d[\d_.-]*$", r"^[\d_.-]*\d"


@dataclass(frozen=True)
class Export:
    """Files with the same columns and what they were recognised as."""

    name: str
    path: str
    head: Head
    draft: Draft


@dataclass(frozen=True)
class Proposal:
    """The text of a configuration, and what each input of it was recognised as."""

    text: str
    recognised: tuple[str, ...]


def propose(paths: Sequence[str], name: str, report: Callable[[str], object] = lambda _: None) -> Proposal:
    """A configuration of these files for the store `name`.

    report: takes what is done next, in words, before each file of events is read to its end

    Raises ConfigurationError for a file that is not recognised or has no order lines, and if no file has events.
    """
    heads = _grouped([read_head(Path(path)) for path in paths])
    placeholder = [_draft(path, head, "") for path, head in heads]
    events = [
        (head, draft) for (_, head), draft in zip(heads, placeholder, strict=True) if draft.tables.events and draft.time
    ]
    if not events:
        named = ", ".join(
            f"{head.path.name} as {draft.kind}" for (_, head), draft in zip(heads, placeholder, strict=True)
        )
        raise ConfigurationError(
            f"None of these files has purchases or other events; {named}.", "Give the export of orders too."
        )
    spans = []
    for number, (head, draft) in enumerate(events, start=1):
        files = f"{head.path.name} and {len(head.alike)} more files" if head.alike else head.path.name
        report(f"reads the days of {files} ({number} of {len(events)} inputs of events)")
        days = _span(head, draft)
        spans += [days] if days else []
    if not spans:
        raise ConfigurationError(
            f"No day can be read from the times of {events[0][0].path}.", "Write a mapping after conf/gift_shop.yaml."
        )
    first, last = min(day for day, _ in spans), max(day for _, day in spans)
    exports = _named([(path, head, _draft(path, head, last.isoformat())) for path, head in heads], first.isoformat())
    text = _text(exports, name)
    resolve_config(read_packaged("base.yaml"), parsed(text, "the proposal"), "the proposal")
    recognised = tuple(f"{export.path}: {export.draft.kind}" for export in exports)
    return Proposal(
        text, (*recognised, f"events from {first} to {last}; the first night is {last + timedelta(days=1)}")
    )


def _grouped(heads: list[Head]) -> list[tuple[str, Head]]:
    """Path or pattern, and the head, of the files with equal columns in one folder."""
    groups: dict[tuple[object, ...], list[Head]] = {}
    for head in heads:
        key = (head.path.parent, head.format, head.columns, tuple(sorted(head.options.items())))
        groups.setdefault(key, []).append(head)
    grouped = []
    for alike in groups.values():
        pattern = _pattern([head.path for head in alike])
        if pattern:
            sample = tuple(row for head in alike for row in head.sample)
            grouped.append((pattern, replace(alike[0], sample=sample, alike=tuple(head.path for head in alike[1:]))))
        else:
            grouped += [(str(head.path), head) for head in alike]
    return grouped


def _pattern(paths: list[Path]) -> str | None:
    """A pattern that matches exactly these files; None if there is none of the form <start>*<end>, or one file."""
    if len(paths) == 1:
        return None
    names, folder = [path.name for path in paths], paths[0].parent
    start, end = _common_start(names), _common_start([name[::-1] for name in names])[::-1]
    # Digits that these files share, those of their year, are not those of the files to come.
    wide = f"{re.sub(_DATE_AT_END, '', start)}*{re.sub(_DATE_AT_START, '', end)}"
    patterns = (pattern for pattern in (wide, f"{start}*{end}") if set(folder.glob(pattern)) == set(paths))
    return next((str(folder / pattern) for pattern in patterns), None)


def _common_start(names: list[str]) -> str:
    alike = takewhile(lambda letters: len(set(letters)) == 1, zip(*names, strict=False))
    return "".join(letters[0] for letters in alike)


def _draft(path: str, head: Head, last_day: str) -> Draft:
    for without_lines in WITHOUT_LINES:
        remedy = without_lines(head, last_day)
        if remedy:
            raise ConfigurationError(f"{path}: {remedy}", "Then propose again.")
    draft = next((draft for kind in KINDS if (draft := kind(head, last_day)) is not None), None)
    if draft is None:
        raise ConfigurationError(
            f"{path}: its columns are not known ({', '.join(head.columns[:12])}).",
            "Leave it out, or write its mapping after conf/gift_shop.yaml.",
        )
    return draft


def _span(head: Head, draft: Draft) -> tuple[date, date] | None:
    """The first and the last day of the events in the file."""
    assert draft.time is not None
    form = time_form([row[draft.time] for row in head.sample if row.get(draft.time) not in (None, "")])
    return span((row.get(draft.time) for row in all_rows(head)), form) if form else None


def _named(found: list[tuple[str, Head, Draft]], first_day: str) -> list[Export]:
    """The exports by unique names; a catalogue without times of its own gets the first day of the events."""
    exports: list[Export] = []
    for path, head, draft in found:
        same = sum(export.draft.label == draft.label for export in exports)
        items = tuple(_with_time(table, first_day) for table in draft.tables.items)
        exports.append(
            Export(
                f"{draft.label}_{same + 1}" if same else draft.label,
                path,
                head,
                replace(draft, tables=replace(draft.tables, items=items)),
            )
        )
    return exports


def _with_time(table: TableDraft, first_day: str) -> TableDraft:
    if any(line.column in ("updated_at", "listed_at") for line in table.columns):
        return table
    comment = (
        f"{CHECK}the file has no dates: known since the first order, so that models have items to train on. Before the "
        "next export is read, put its day here: items new in it count as new, and changes as of that day"
    )
    return replace(table, columns=(*table.columns, Line("updated_at", {"constant": first_day}, comment)))


def _text(exports: list[Export], name: str) -> str:
    catalogue = any(export.draft.catalogue for export in exports)
    currency = next((export.draft.currency for export in exports if export.draft.currency), None)
    lines = [
        f"# A first mapping of {', '.join(export.path for export in exports)}.",
        f"# Correct it, above all the lines with {CHECK.strip()} jobs/check_source.py says what it would take in.",
        "# conf/gift_shop.yaml explains the forms of a mapping, conf/base.yaml every other key.",
        f"warehouse: {scalar(f'warehouse_{name}')}",
        "",
        "source:",
        "  kind: files",
        f"  currency: {currency or 'USD'}" + ("" if currency else f"   # {CHECK}the currency of the prices"),
        "  files:",
        "    inputs:",
    ]
    for export in exports:
        spec: dict[str, Any] = {"path": export.path, "format": export.head.format}
        if export.head.options:
            spec["options"] = export.head.options
        spec |= export.draft.reshaping
        lines += [f"      # {export.draft.kind}", f"      {export.name}: {scalar(spec)}"]
    for table in ("items", "users", "events"):
        lines += ["", f"    {table}:"]
        for export in exports:
            if table == "items" and catalogue and not export.draft.catalogue:
                continue
            for draft in getattr(export.draft.tables, table):
                lines += text_of(draft, export.name)
    lines += ["", *_withdrawals(catalogue)]
    lines += [
        "",
        f"features: {{time_zone: UTC}}   # {CHECK}the store's clock, such as Europe/Berlin, by which hours are counted",
        *_one_of_a_product(exports),
        f"online: {scalar({'project': name})}",
        f"mlflow: {scalar({'registered_model': f'{name}-ranker'})}",
        "",
    ]
    return "\n".join(lines)


def _withdrawals(catalogue: bool) -> list[str]:
    if catalogue:
        return [
            "    # withdraw_missing_up_to: 0.2   # set it if each export holds all products: others are then withdrawn"
        ]
    return [f"    unseen_days: {UNSEEN_DAYS}   # an item counts as withdrawn so long after its last sale"]


def _one_of_a_product(exports: list[Export]) -> list[str]:
    """A list rule for a catalogue whose items are the variants of products, for a person to set."""
    columns = [line for export in exports for table in export.draft.tables.items for line in table.columns]
    specs = [line.spec for line in columns if line.column == "attributes" and isinstance(line.spec, dict)]
    keys = {key for spec in specs for key in spec["map"]}
    if not keys:
        return []
    rule = scalar({"list_rules": {"one_of_a_product": {"each": f"attributes.{min(keys)}", "most": 1}}})
    return [f"# plan: {rule}   # set it if a list should not hold two variants of a product"]
