"""The figures that a merchandiser looks at first, compared with the previous night and the week before."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from features.contract.metrics import (
    ALL,
    COVERAGE_SHARE,
    EXPOSURE_ALLOCATED,
    EXPOSURE_SHARE,
    ITEMS_SHOWN,
    NEVER_GIVEN,
    PURCHASES_SHARE_7D,
    RESPONSES_EXPECTED,
    REVENUE_EXPECTED,
)
from features.contract.responses import PURCHASE
from features.contract.segments import COLD, TAIL
from jobs.report.night_figures import NightFigures, day_words
from jobs.report.page.numbers import amount, change, money, percent
from jobs.report.page.parts import Change, Section, Tile, Tiles

_PLAN = ("metrics", "item_exposure")
_LISTS = ("metrics", "exposure_scores", "user_features")


@dataclass(frozen=True)
class _Headline:
    label: str
    name: str
    segment: str
    meaning: str
    sources: tuple[str, ...]
    words: Callable[[float], str] | None = amount  # None: money
    is_share: bool = False


_HEADLINES = (
    _Headline("Planned exposures", EXPOSURE_ALLOCATED, ALL, "How often shoppers are expected to look at a place of "
              "these lists on one day.", _PLAN),
    _Headline("Expected responses", RESPONSES_EXPECTED, ALL, "Responses that these exposures are expected to lead to.",
              _LISTS),
    _Headline("Expected revenue", REVENUE_EXPECTED, ALL, "Expected responses times the price of the product.",
              (*_LISTS, "item_features"), None),
    _Headline("Products shown", ITEMS_SHOWN, ALL, "Different products in at least one list.", _LISTS),
    _Headline("Coverage", COVERAGE_SHARE, ALL, "Share of the eligible products with any exposure.", _PLAN, percent,
              is_share=True),
    _Headline("Exposure of cold products", EXPOSURE_SHARE, COLD, "Share of the planned exposure that goes to products "
              "that have not {sold} yet.", _PLAN, percent, is_share=True),
    _Headline("Tail in the shop's sales", PURCHASES_SHARE_7D, TAIL, "Share of all purchases of the last 7 days, from "
              "every part of the shop.", ("metrics", "item_features"), percent, is_share=True),
    _Headline("Never shown", NEVER_GIVEN, ALL, "Eligible products without exposure in any night of the last 28 days.",
              _PLAN),
)  # fmt: skip


def headline(reading: NightFigures) -> Section:
    """Figures with their changes; figures that a night does not have are left out."""
    tiles = []
    for figure in _HEADLINES:
        value = reading.figure(figure.name, figure.segment)
        if value is not None:
            text = figure.words(value) if figure.words else money(value, reading.conf.source.currency)
            changes = tuple(_changes(reading, figure, value))
            meaning = figure.meaning.format(sold=_sold(reading))
            tiles.append(Tile(figure.label, text, meaning, changes, figure.sources))
    return Section("headline", "At a glance", _lead(reading), (Tiles(tuple(tiles)),))


def _sold(reading: NightFigures) -> str:
    relevance = reading.conf.relevance
    return relevance.words.sold if relevance.target == PURCHASE else f"been {relevance.words.done}"


def _changes(reading: NightFigures, figure: _Headline, value: float) -> list[Change]:
    changes = []
    for night, words in ((reading.previous_night, "previous night"), (reading.week_ago, "a week ago")):
        if night is not None:
            earlier = reading.figure(figure.name, figure.segment, night)
            changes.append(change(value, earlier, f"against {night:%-d %b}, {words}", points=figure.is_share))
    return changes


def _lead(reading: NightFigures) -> str:
    if reading.previous_night is None:
        return "This is the first night, so there is nothing yet to compare it with."
    if reading.week_ago is None:
        return f"Compared with {day_words(reading.previous_night)}; no night of the week before was measured."
    return ""
