"""The figures that a merchandiser looks at first, against the last night and the week before."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from jobs.report.night_tables import Reading, day_words
from jobs.report.page.numbers import amount, change, percent
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
    words: Callable[[float], str] = amount
    is_share: bool = False
    is_money: bool = False


_HEADLINES = (
    _Headline("Planned exposures", "exposure_allocated_sum", "all", "How often shoppers are expected to look at a "
              "place of these lists in one day.", _PLAN),
    _Headline("Expected responses", "responses_expected_sum", "all", "Responses within the horizon that these "
              "exposures are expected to meet.", _LISTS),
    _Headline("Their worth", "revenue_expected_sum", "all", "Expected responses times the price of the item.",
              (*_LISTS, "item_features"), is_money=True),
    _Headline("Products shown", "items_shown_count", "all", "Different products in at least one list.", _LISTS),
    _Headline("Coverage", "coverage_share", "all", "Share of the eligible products with any exposure.", _PLAN, percent,
              True),
    _Headline("Exposure of cold products", "exposure_share", "cold", "Share of the planned exposure that goes to "
              "products without a sale in the window.", _PLAN, percent, True),
    _Headline("Tail in the shop's sales", "purchases_7d_share", "tail", "Share of all purchases of the last 7 days, "
              "from every part of the shop.", ("metrics", "item_features"), percent, True),
    _Headline("Never shown", "never_given_28d_count", "all", "Eligible products without exposure in any night of "
              "the last 28 days.", _PLAN),
)  # fmt: skip


def headline(reading: Reading) -> Section:
    """Figures with their changes; figures that a night does not have are left out."""
    tiles = []
    for one in _HEADLINES:
        value = reading.figure(one.name, one.segment)
        if value is not None:
            tiles.append(
                Tile(
                    one.label,
                    one.words(value) + (f" {reading.conf.source.currency}" if one.is_money else ""),
                    one.meaning,
                    tuple(_changes(reading, one, value)),
                    one.sources,
                )
            )
    return Section("headline", "At a glance", _lead(reading), (Tiles(tuple(tiles)),))


def _changes(reading: Reading, one: _Headline, value: float) -> list[Change]:
    changes = []
    for night, words in ((reading.last_night, "last night"), (reading.last_week, "a week ago")):
        then = None if night is None else reading.figure(one.name, one.segment, night)
        if night is not None:
            changes.append(change(value, then, f"against {night:%-d %b}, {words}", points=one.is_share))
    return changes


def _lead(reading: Reading) -> str:
    if reading.last_night is None:
        return "This is the first night, so there is nothing yet to compare it with."
    if reading.last_week is None:
        return f"Compared with {day_words(reading.last_night)}; no night of a week before was measured."
    return ""
