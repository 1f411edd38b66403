"""What a preview shows: responses and revenue, what rules cost, and the products that win and lose."""

from __future__ import annotations

from collections.abc import Iterable

from jobs.report.page.numbers import NONE
from jobs.report.page.parts import Block, Change, Section, Table, Tile, Tiles, Words
from jobs.report.plan_difference import BIDS, RESPONSES, REVENUE, Figure, MovedItem, PlanDifference

_MEANINGS = {
    RESPONSES: "Of all lists, by the night's model.",
    REVENUE: "Responses times the mean price of 90 days.",
    BIDS: "What sponsors pay for exposures.",
}


def preview_sections(difference: PlanDifference) -> list[Section]:
    """The sections of a preview that has ended."""
    tiles = tuple(_tile(figure) for figure in difference.figures if figure.name in _MEANINGS)
    warnings = [
        *_warning("Floors that cannot be met", difference.unmet),
        *_warning("Names that match no product", difference.unmatched),
    ]
    figures = Table(
        "Sums over all lists",
        ("figure", "live", "draft", "change"),
        tuple((row.name.strip(), row.live, row.other, _change(row)) for row in difference.figures),
        (),
        frozenset({"live", "draft", "change"}),
        f"{difference.moved}.",
    )
    rules = Table(
        "What 1,000 more exposures cost by each rule, and what its group gets",
        ("rule", "live", "draft"),
        tuple((row.rule, row.live, row.other) for row in difference.rules),
        (),
    )
    blocks: list[Block] = [*warnings, *([Tiles(tiles)] if tiles else []), figures]
    return [
        Section("sums", "What changes", difference.heading, tuple(blocks)),
        Section(
            "products", "Winners and losers", "Planned exposures of the products whose exposure moves most.",
            (_items("Winners", difference.gains), _items("Losers", difference.losses)),
        ),
        *([Section("rules", "Rules", "", (rules,))] if difference.rules else []),
    ]  # fmt: skip


def _tile(figure: Figure) -> Tile:
    moved = Change(
        "against the live plan" if figure.direction in ("up", "down") else "", figure.change, figure.direction
    )
    value, _, unit = figure.other.partition(" ")
    label = f"{figure.name.capitalize()}{f', {unit}' if unit else ''}"
    return Tile(label, value, _MEANINGS[figure.name], (moved,) if figure.change else (), ())


def _change(figure: Figure) -> str:
    """'+18.0 (+3.5 %)', and 'unchanged' of a figure that is the same."""
    if figure.live == figure.other:
        return figure.change or NONE
    return f"{figure.difference} ({figure.change})" if figure.change else figure.difference


def _warning(title: str, lines: Iterable[str]) -> list[Block]:
    sentences = tuple(f"{line}." for line in lines)
    return [Words(sentences, (), title, "warn")] if sentences else []


def _items(title: str, items: Iterable[MovedItem]) -> Block:
    rows = tuple((row.title or row.item_id, row.item_id, row.live, row.other) for row in items)
    if not rows:
        return Words(("None.",), (), title)
    columns = ("product", "item", "live", "draft")
    return Table(title, columns, rows, (), frozenset(columns[2:]))
