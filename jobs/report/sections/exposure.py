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
from jobs.language.sentences import paragraph, phrase, say
from jobs.report.filled_places import empty_places_in_words
from jobs.report.night_figures import NightFigures
from jobs.report.page.numbers import NONE, amount, index, percent
from jobs.report.page.parts import Bar, Bars, Block, Plot, Section, Table
from jobs.report.page.plots import Line, line_plot
from jobs.report.terms import evenness, gini, provider_gap, providers_shown, surprise

_PLAN = ("metrics", "item_exposure")
_SHARES = {
    ITEMS_ELIGIBLE: phrase("{segment} of the eligible products"),
    EXPOSURE_ALLOCATED: phrase("{segment} of the planned exposure"),
    RESPONSES_EXPECTED: phrase("{segment} of the expected responses"),
}


def exposure(reading: NightFigures) -> Section:
    """Shares by segment, their trend, and how even the exposure is."""
    words, plan, segments = reading.words, reading.conf.plan, reading.conf.segments
    blocks: list[Block] = [_shares(reading), _trend(reading), _coverage(reading), _spread(reading)]
    lead = paragraph(
        say("Placement {placement}, policy {policy}.", placement=plan.placement, policy=plan.policy),
        say(
            "Head: the fewest products with {share} of the {responses} of {days} days.",
            share=percent(segments.head_share), responses=words.plural, days=segments.window_days,
        ),
        say("Tail: all others that sold. Cold: listed, without a sale.")
        if reading.conf.relevance.target == PURCHASE
        else say("Tail: all others that were {done}. Cold: listed, not {done}.", done=words.done),
        empty_places_in_words(plan, reading.figure),
    )  # fmt: skip
    return Section("exposure", say("Who gets the exposure"), lead, tuple(blocks))


def _shares(reading: NightFigures) -> Bars:
    bars = []
    for name in _SHARES:
        total = reading.figure(name)
        for segment in reading.segments(name):
            value = reading.figure(name, segment)
            assert value is not None
            share = value / total if total else 0.0
            bars.append(Bar(share_label(name, segment), share, f"{percent(share)}  ({amount(value)})", segment))
    for segment in reading.segments(PURCHASES_SHARE_28D):
        share = reading.figure(PURCHASES_SHARE_28D, segment) or 0.0
        label = say("{segment} of the shop's purchases in 28 days", segment=say(segment))
        bars.append(Bar(label, share, percent(share), segment))
    sources = ("metrics", "item_exposure", "exposure_scores", "item_features")
    return Bars(say("Shares by segment"), tuple(bars), sources)


def share_label(name: str, segment: str) -> str:
    """The label of a segment's share of a figure, one of _SHARES."""
    return say(_SHARES[name], segment=say(segment))


def _trend(reading: NightFigures) -> Plot:
    lines = [
        Line(say(segment), reading.trend(EXPOSURE_ALLOCATED, segment), segment)
        for segment in reading.segments(EXPOSURE_ALLOCATED)
    ]
    nights = len(reading.trend(EXPOSURE_ALLOCATED))
    title = say("Planned exposures a night")
    return Plot(title, line_plot(title, lines), _PLAN, _nights(nights))


def _coverage(reading: NightFigures) -> Plot:
    lines = [
        Line(say(segment), tuple((day, 100 * value) for day, value in reading.trend(COVERAGE_SHARE, segment)), segment)
        for segment in reading.segments(COVERAGE_SHARE)
    ]
    title = say("Coverage: per cent of the eligible products with exposure")
    return Plot(title, line_plot(title, lines), _PLAN, _nights(len(reading.trend(COVERAGE_SHARE))))


def _nights(count: int) -> str:
    if count == 1:
        return say("One night so far; the trend begins with the next.")
    return say("{count} nights.", count=count)


def _spread(reading: NightFigures) -> Table:
    rows = []
    measures = (
        (gini(), EXPOSURE_GINI, index),
        (evenness(), EXPOSURE_ENTROPY_SHARE, index),
        (surprise(reading.words), NOVELTY_MEAN, lambda bits: say("{bits} bits", bits=f"{bits:.1f}")),
        (providers_shown(), PROVIDERS_SHOWN_SHARE, percent),
        (provider_gap(), PROVIDER_DISPARITY, percent),
    )
    for label, name, words in measures:
        tonight = reading.figure(name)
        if tonight is None:
            continue
        previous = None if reading.previous_night is None else reading.figure(name, on=reading.previous_night)
        # The last column shows the meaning to all, so that the label needs no tooltip.
        rows.append((str(label), words(tonight), NONE if previous is None else words(previous), label.meaning))
    columns = (say("measure"), say("tonight"), say("previous night"), say("what it means"))
    return Table(say("How even it is"), columns, tuple(rows), (*_PLAN, "item_features", "relevance"),
                 frozenset(columns[1:3]))  # fmt: skip
