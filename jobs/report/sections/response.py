"""What shoppers did: logged exposures, clicks, carts and purchases by segment and day."""

from __future__ import annotations

from datetime import date, timedelta

import pandas as pd
from pyspark.sql import functions as F

from features.contract import DAILY_ITEM
from features.contract.metrics import (
    UPLIFT_BOUGHT,
    UPLIFT_CAUSED,
    UPLIFT_CAUSED_HIGH,
    UPLIFT_CAUSED_LOW,
    UPLIFT_DRAWN,
)
from features.contract.responses import DAILY_COUNT
from features.contract.segments import SEGMENTS
from jobs.language.sentences import dated, listed, phrase, say
from jobs.report.night_figures import day_words
from jobs.report.night_tables import Reading
from jobs.report.page.numbers import NONE, amount, money, percent, relative
from jobs.report.page.parts import Block, Plot, Section, Table, Words
from jobs.report.page.plots import Line, line_plot

DAYS = 28
_SOURCES = ("daily_item", "item_features")
_REVENUE = "spend_sum"
_VIEWS = DAILY_COUNT["view"]
_COUNTS = {
    "exposures_weight": phrase("exposures logged"),
    "clicks_weight": phrase("clicks"),
    "carts_weight": phrase("puts into a cart"),
    "purchases_count": phrase("purchases"),
    _REVENUE: phrase("revenue"),
    _VIEWS: phrase("views"),
}


def response(reading: Reading) -> Section:
    """The last 28 days of the shop by segment; what the store does not log is named instead of drawn as zero."""
    daily = _by_day(reading)
    if daily.empty:
        sentence = say("No event of the {days} days before this night has reached the shop's tables.", days=DAYS)
        silent = Words((sentence,), _SOURCES, mark="bad")
        return Section("response", say("What shoppers did"), "", (silent,))
    response = DAILY_COUNT[reading.conf.relevance.target]
    counts = {name: say(label) for name, label in _COUNTS.items() if name != _VIEWS or response == _VIEWS}
    logged = {name: label for name, label in counts.items() if daily[name].sum() > 0}
    blocks: list[Block] = []
    for name in ("exposures_weight", response):
        if name in logged:
            title = say("{Events} a day, by segment", Events=logged[name].capitalize())
            blocks.append(Plot(title, line_plot(title, _lines(daily, name, reading.as_of)), _SOURCES, _note(name)))
    blocks.append(_last_days(reading, daily, logged))
    missing = [label for name, label in counts.items() if name not in logged]
    if missing:
        sentence = say("The store logged none of these in {days} days: {events}.", days=DAYS, events=listed(missing))
        blocks.append(Words((sentence,), _SOURCES))
    caused = _caused(reading)
    if caused is not None:
        blocks.append(caused)
    lead = say("All of the shop, not only these lists, by tonight's segments.")
    return Section("response", say("What shoppers did"), lead, tuple(blocks))


def _caused(reading: Reading) -> Words | None:
    """How much of what was bought after drawn exposures they caused, by the newest night that learnt it."""
    figures = reading.figures
    nights = figures.loc[figures["name"] == UPLIFT_CAUSED, "as_of"]
    if nights.empty:
        return None
    on = max(nights)
    names = (UPLIFT_DRAWN, UPLIFT_BOUGHT, UPLIFT_CAUSED, UPLIFT_CAUSED_LOW, UPLIFT_CAUSED_HIGH)
    drawn, bought, share, low, high = (reading.figure(name, on=on) or 0.0 for name in names)
    done = reading.words.done
    return Words(
        (caused_in_words(drawn, bought, share, low, high, reading.conf.uplift.outcome_days, on, done),), ("metrics",)
    )


def caused_in_words(
    drawn: float, responses: float, share: float, low: float, high: float, days: int, on: date, done: str = "bought"
) -> str:
    """One sentence; the limits of the interval may lie outside 0 to 100 % where the log is small.

    done: the word of the response
    """
    return say(
        "Of {responses} products {done} within {days} days of {drawn} exposures that were drawn at random, the "
        "exposure caused {share} (95 % from {low} to {high}); the others would have been {done} without it. Measured "
        "on {day}.",
        responses=amount(responses), done=done, days=days, drawn=amount(drawn), share=percent(share), low=percent(low),
        high=percent(high), day=day_words(on),
    )  # fmt: skip


def _by_day(reading: Reading) -> pd.DataFrame:
    """day, segment and the counts, of the last 28 days."""
    since = reading.as_of - timedelta(days=DAYS)
    days = reading.tables.read(DAILY_ITEM).where((F.col("day") >= F.lit(since)) & (F.col("day") < F.lit(reading.as_of)))
    segments = reading.catalogue.where("segment <> ''").select("item_id", "segment")
    sums = [F.sum(name).cast("double").alias(name) for name in _COUNTS]
    return days.join(segments, on="item_id", how="inner").groupBy("day", "segment").agg(*sums).toPandas()


def _lines(daily: pd.DataFrame, name: str, until: date) -> list[Line]:
    """Lines from the first day with any event to the last; a day without events is a zero."""
    days = [stamp.date() for stamp in pd.date_range(daily["day"].min(), until - timedelta(days=1))]
    lines = []
    for segment in SEGMENTS:
        values = daily[daily["segment"] == segment].set_index("day")[name].reindex(days, fill_value=0.0)
        if values.any():
            lines.append(Line(say(segment), tuple(zip(days, map(float, values), strict=True)), segment))
    return lines


def _note(name: str) -> str:
    return say("All placements, by the weight of the sample that was logged.") if name == "exposures_weight" else ""


def _last_days(reading: Reading, daily: pd.DataFrame, logged: dict[str, str]) -> Table:
    yesterday = reading.as_of - timedelta(days=1)
    week = daily[daily["day"] >= reading.as_of - timedelta(days=7)]
    before = daily[
        (daily["day"] < reading.as_of - timedelta(days=7)) & (daily["day"] >= reading.as_of - timedelta(days=14))
    ]
    rows = []
    for segment in SEGMENTS:
        for name, label in logged.items():
            last_day, last_week, week_before = (
                float(part.loc[part["segment"] == segment, name].sum())
                for part in (daily[daily["day"] == yesterday], week, before)
            )
            if last_day or last_week or week_before:
                words = money if name == _REVENUE else amount
                currency = reading.conf.source.currency
                counted = say("{name} ({currency})", name=label, currency=currency) if name == _REVENUE else label
                moved = relative(last_week, week_before) if week_before else NONE
                what = say("{segment}: {events}", segment=say(segment), events=counted)
                rows.append((what, *map(words, (last_day, last_week, week_before)), moved))
    columns = ("", dated(yesterday, "%-d %B"), say("7 days"), say("7 days before"), say("change"))
    is_there = (daily["day"] == yesterday).any()
    note = "" if is_there else say("No event of {day} has come in.", day=dated(yesterday, "%-d %B"))
    return Table(say("The last days"), columns, tuple(rows), _SOURCES, frozenset(columns[1:]), note)
