"""Who gets the exposure: head, tail and cold, and how the spread changes from night to night."""

from __future__ import annotations

from features.contract.metrics import (
    COVERAGE_SHARE,
    EXPOSURE_ALLOCATED,
    EXPOSURE_ENTROPY_SHARE,
    EXPOSURE_GINI,
    ITEMS_ELIGIBLE,
    NOVELTY_MEAN,
    PROVIDER_DISPARITY,
    PROVIDERS_SHOWN_SHARE,
    PURCHASES_SHARE_28D,
    RESPONSES_EXPECTED,
)
from features.contract.responses import PURCHASE
from jobs.report.filled_places import empty_places_in_words
from jobs.report.night_figures import NightFigures
from jobs.report.page.numbers import NONE, amount, index, percent
from jobs.report.page.parts import Bar, Bars, Block, Plot, Section, Table
from jobs.report.page.plots import Line, line_plot
from jobs.report.terms import EVENNESS, GINI, PROVIDER_GAP, PROVIDERS_SHOWN, surprise

_PLAN = ("metrics", "item_exposure")
_SHARES = (
    ("of the eligible products", ITEMS_ELIGIBLE),
    ("of the planned exposure", EXPOSURE_ALLOCATED),
    ("of the expected responses", RESPONSES_EXPECTED),
)


def exposure(reading: NightFigures) -> Section:
    """Shares by segment, their trend, and how even the exposure is."""
    words, days = reading.conf.relevance.words, reading.conf.segments.window_days
    blocks: list[Block] = [_shares(reading), _trend(reading), _coverage(reading), _spread(reading)]
    empty = empty_places_in_words(reading.conf.plan, reading.figure)
    return Section(
        "exposure",
        "Who gets the exposure",
        f"Placement {reading.conf.plan.placement}, policy {reading.conf.plan.policy}. Head: the fewest products with "
        f"{percent(reading.conf.segments.head_share)} of the {words.plural} of {days} days. "
        + (
            "Tail: all others that sold. Cold: listed, without a sale."
            if reading.conf.relevance.target == PURCHASE
            else f"Tail: all others that were {words.done}. Cold: listed, not {words.done}."
        )
        + (f" {empty}" if empty else ""),
        tuple(blocks),
    )


def _shares(reading: NightFigures) -> Bars:
    bars = []
    for words, name in _SHARES:
        total = reading.figure(name)
        for segment in reading.segments(name):
            value = reading.figure(name, segment)
            assert value is not None
            share = value / total if total else 0.0
            bars.append(Bar(f"{segment} {words}", share, f"{percent(share)}  ({amount(value)})", segment))
    for segment in reading.segments(PURCHASES_SHARE_28D):
        share = reading.figure(PURCHASES_SHARE_28D, segment) or 0.0
        bars.append(Bar(f"{segment} of the shop's purchases in 28 days", share, percent(share), segment))
    return Bars("Shares by segment", tuple(bars), ("metrics", "item_exposure", "exposure_scores", "item_features"))


def _trend(reading: NightFigures) -> Plot:
    lines = [
        Line(segment, reading.trend(EXPOSURE_ALLOCATED, segment), segment)
        for segment in reading.segments(EXPOSURE_ALLOCATED)
    ]
    nights = len(reading.trend(EXPOSURE_ALLOCATED))
    return Plot("Planned exposures a night", line_plot("Planned exposures a night", lines), _PLAN, _nights(nights))


def _coverage(reading: NightFigures) -> Plot:
    lines = [
        Line(segment, tuple((day, 100 * value) for day, value in reading.trend(COVERAGE_SHARE, segment)), segment)
        for segment in reading.segments(COVERAGE_SHARE)
    ]
    title = "Coverage: per cent of the eligible products with exposure"
    return Plot(title, line_plot(title, lines), _PLAN, _nights(len(reading.trend(COVERAGE_SHARE))))


def _nights(count: int) -> str:
    return "One night so far; the trend begins with the next." if count == 1 else f"{count} nights."


def _spread(reading: NightFigures) -> Table:
    rows = []
    measures = (
        (GINI, EXPOSURE_GINI, index),
        (EVENNESS, EXPOSURE_ENTROPY_SHARE, index),
        (surprise(reading.conf.relevance.words), NOVELTY_MEAN, lambda bits: f"{bits:.1f} bits"),
        (PROVIDERS_SHOWN, PROVIDERS_SHOWN_SHARE, percent),
        (PROVIDER_GAP, PROVIDER_DISPARITY, percent),
    )
    for label, name, words in measures:
        tonight = reading.figure(name)
        if tonight is None:
            continue
        previous = None if reading.previous_night is None else reading.figure(name, on=reading.previous_night)
        # The last column shows the meaning to all, so that the label needs no tooltip.
        rows.append((str(label), words(tonight), NONE if previous is None else words(previous), label.meaning))
    columns = ("measure", "tonight", "previous night", "what it means")
    return Table("How even it is", columns, tuple(rows), (*_PLAN, "item_features", "relevance"),
                 frozenset(columns[1:3]))  # fmt: skip
