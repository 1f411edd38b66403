"""Who gets the exposure: head, tail and cold, and how the spread moves from night to night."""

from __future__ import annotations

from jobs.report.night_tables import Reading
from jobs.report.page.numbers import NONE, amount, percent
from jobs.report.page.parts import Bar, Bars, Block, Plot, Section, Table
from jobs.report.page.plots import Line, line_plot

_PLAN = ("metrics", "item_exposure")
_SHARES = (
    ("of the eligible products", "items_eligible_count"),
    ("of the planned exposure", "exposure_allocated_sum"),
    ("of the expected responses", "responses_expected_sum"),
)
_SPREAD = (
    ("Gini of the exposure", "exposure_gini", "0 is even, 1 is all for one product"),
    ("Entropy of the exposure", "exposure_entropy_share", "1 is even, 0 is all for one product"),
    ("Novelty", "novelty_mean", "bits of surprise of an exposure; a product that sells often surprises less"),
    ("Providers with exposure", "providers_shown_share", "share of the providers with an eligible product"),
    ("Disparity of providers", "provider_disparity", "0 where each gets exposure in proportion to its relevance"),
)


def exposure(reading: Reading) -> Section:
    """Shares by segment, their trend, and how even the exposure is."""
    blocks: list[Block] = [_shares(reading), _trend(reading), _coverage(reading), _spread(reading)]
    return Section(
        "exposure",
        "Who gets the exposure",
        f"Placement {reading.conf.plan.placement}, policy {reading.conf.plan.policy}. Head: the fewest products with "
        f"{percent(reading.conf.segments.head_share)} of the purchases of {reading.conf.segments.window_days} days. "
        "Tail: all others that sold. Cold: listed, without a sale.",
        tuple(blocks),
    )


def _shares(reading: Reading) -> Bars:
    bars = []
    for words, name in _SHARES:
        whole = reading.figure(name)
        for segment in reading.segments(name):
            value = reading.figure(name, segment)
            assert value is not None
            share = value / whole if whole else 0.0
            bars.append(Bar(f"{segment} {words}", share, f"{percent(share)}  ({amount(value)})", segment))
    for segment in reading.segments("purchases_28d_share"):
        share = reading.figure("purchases_28d_share", segment) or 0.0
        bars.append(Bar(f"{segment} of the shop's purchases in 28 days", share, percent(share), segment))
    return Bars("Shares by segment", tuple(bars), ("metrics", "item_exposure", "exposure_scores", "item_features"))


def _trend(reading: Reading) -> Plot:
    lines = [
        Line(segment, reading.trend("exposure_allocated_sum", segment), segment)
        for segment in reading.segments("exposure_allocated_sum")
    ]
    nights = len(reading.trend("exposure_allocated_sum"))
    return Plot("Planned exposures a night", line_plot("Planned exposures a night", lines), _PLAN, _nights(nights))


def _coverage(reading: Reading) -> Plot:
    lines = [
        Line(segment, tuple((day, 100 * value) for day, value in reading.trend("coverage_share", segment)), segment)
        for segment in reading.segments("coverage_share")
    ]
    title = "Coverage: per cent of the eligible products with exposure"
    return Plot(title, line_plot(title, lines), _PLAN, _nights(len(reading.trend("coverage_share"))))


def _nights(count: int) -> str:
    return "One night so far; the trend begins with the next." if count == 1 else f"{count} nights."


def _spread(reading: Reading) -> Table:
    rows = []
    for words, name, meaning in _SPREAD:
        value = reading.figure(name)
        if value is None:
            continue
        then = None if reading.last_night is None else reading.figure(name, on=reading.last_night)
        rows.append((words, f"{value:.3f}", NONE if then is None else f"{then:.3f}", meaning))
    columns = ("measure", "tonight", "last night", "what it says")
    return Table("How even it is", columns, tuple(rows), (*_PLAN, "item_features", "relevance"),
                 frozenset({"tonight", "last night"}))  # fmt: skip
