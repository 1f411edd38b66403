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
from jobs.language.sentences import dated, phrase, say
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
    _Headline(phrase("Planned exposures"), EXPOSURE_ALLOCATED, ALL,
              phrase("How often shoppers are expected to look at a place of these lists on one day."), _PLAN),
    _Headline(phrase("Expected responses"), RESPONSES_EXPECTED, ALL,
              phrase("Responses that these exposures are expected to lead to."), _LISTS),
    _Headline(phrase("Expected revenue"), REVENUE_EXPECTED, ALL,
              phrase("Expected responses times the price of the product."), (*_LISTS, "item_features"), None),
    _Headline(phrase("Products shown"), ITEMS_SHOWN, ALL, phrase("Different products in at least one list."), _LISTS),
    _Headline(phrase("Coverage"), COVERAGE_SHARE, ALL, phrase("Share of the eligible products with any exposure."),
              _PLAN, percent, is_share=True),
    _Headline(phrase("Exposure of cold products"), EXPOSURE_SHARE, COLD,
              phrase("Share of the planned exposure that goes to products that have not {sold} yet."), _PLAN, percent,
              is_share=True),
    _Headline(phrase("Tail in the shop's sales"), PURCHASES_SHARE_7D, TAIL,
              phrase("Share of all purchases of the last 7 days, from every part of the shop."),
              ("metrics", "item_features"), percent, is_share=True),
    _Headline(phrase("Never shown"), NEVER_GIVEN, ALL,
              phrase("Eligible products without exposure in any night of the last 28 days."), _PLAN),
)  # fmt: skip


def headline(reading: NightFigures) -> Section:
    """Figures with their changes; figures that a night does not have are left out."""
    tiles = []
    for figure in _HEADLINES:
        value = reading.figure(figure.name, figure.segment)
        if value is not None:
            text = figure.words(value) if figure.words else money(value, reading.conf.source.currency)
            changes = tuple(_changes(reading, figure, value))
            meaning = say(figure.meaning, sold=_sold(reading))
            tiles.append(Tile(say(figure.label), text, meaning, changes, figure.sources))
    return Section("headline", say("At a glance"), _lead(reading), (Tiles(tuple(tiles)),))


def _sold(reading: NightFigures) -> str:
    if reading.conf.relevance.target == PURCHASE:
        return reading.words.sold
    return say("been {done}", done=reading.words.done)


def _changes(reading: NightFigures, figure: _Headline, value: float) -> list[Change]:
    changes = []
    nights = (
        (reading.previous_night, phrase("against {day}, previous night")),
        (reading.week_ago, phrase("against {day}, a week ago")),
    )
    for night, against in nights:
        if night is not None:
            earlier = reading.figure(figure.name, figure.segment, night)
            text = say(against, day=dated(night, "%-d %b"))
            changes.append(change(value, earlier, text, points=figure.is_share))
    return changes


def _lead(reading: NightFigures) -> str:
    if reading.previous_night is None:
        return say("This is the first night, so there is nothing yet to compare it with.")
    if reading.week_ago is None:
        day = day_words(reading.previous_night)
        return say("Compared with {day}; no night of the week before was measured.", day=day)
    return ""
