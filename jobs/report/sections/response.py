"""What shoppers did: logged exposures, clicks, carts and purchases by segment and day."""

from __future__ import annotations

from datetime import date, timedelta

import pandas as pd
from pyspark.sql import functions as F

from features.contract import DAILY_ITEM
from jobs.report.night_tables import Reading
from jobs.report.page.numbers import NONE, amount
from jobs.report.page.parts import Block, Plot, Section, Table, Words
from jobs.report.page.plots import Line, line_plot

DAYS = 28
_SOURCES = ("daily_item", "item_features")
_COUNTS = {
    "exposures_weight": "exposures logged",
    "clicks_weight": "clicks",
    "carts_weight": "put into a cart",
    "purchases_count": "purchases",
    "spend_sum": "revenue",
}


def response(reading: Reading) -> Section:
    """The last 28 days of the whole shop by segment; what the store does not log is said, not drawn as zero."""
    daily = _by_day(reading)
    if daily.empty:
        silent = Words(
            (f"No event of the {DAYS} days before this night has reached the shop's tables.",), _SOURCES, mark="bad"
        )
        return Section("response", "What shoppers did", "", (silent,))
    logged = {name: words for name, words in _COUNTS.items() if daily[name].sum() > 0}
    blocks: list[Block] = []
    for name in ("exposures_weight", "purchases_count"):
        if name in logged:
            title = f"{logged[name].capitalize()} a day, by segment"
            blocks.append(Plot(title, line_plot(title, _lines(daily, name, reading.as_of)), _SOURCES, _places(name)))
    blocks.append(_last_days(reading, daily, logged))
    missing = [words for name, words in _COUNTS.items() if name not in logged]
    if missing:
        blocks.append(Words((f"The store logged none of these in {DAYS} days: {', '.join(missing)}.",), _SOURCES))
    lead = "The whole shop, not only these lists; segments are tonight's."
    return Section("response", "What shoppers did", lead, tuple(blocks))


def _by_day(reading: Reading) -> pd.DataFrame:
    """day, segment and the counts, of the last 28 days."""
    since = reading.as_of - timedelta(days=DAYS)
    days = reading.tables.read(DAILY_ITEM).where((F.col("day") >= F.lit(since)) & (F.col("day") < F.lit(reading.as_of)))
    segments = reading.catalogue.where("segment <> ''").select("item_id", "segment")
    sums = [F.sum(name).cast("double").alias(name) for name in _COUNTS]
    return days.join(segments, on="item_id", how="inner").groupBy("day", "segment").agg(*sums).toPandas()


def _lines(daily: pd.DataFrame, name: str, until: date) -> list[Line]:
    """A day on which nothing came in is a zero of its own, from the first day that has any event to the last."""
    days = [one.date() for one in pd.date_range(daily["day"].min(), until - timedelta(days=1))]
    lines = []
    for segment in ("head", "tail", "cold"):
        mine = daily[daily["segment"] == segment].set_index("day")[name].reindex(days, fill_value=0.0)
        if mine.any():
            lines.append(Line(segment, tuple(zip(days, map(float, mine), strict=True)), segment))
    return lines


def _places(name: str) -> str:
    return "All placements together, by sample weight." if name == "exposures_weight" else ""


def _last_days(reading: Reading, daily: pd.DataFrame, logged: dict[str, str]) -> Table:
    yesterday = reading.as_of - timedelta(days=1)
    week = daily[daily["day"] >= reading.as_of - timedelta(days=7)]
    before = daily[
        (daily["day"] < reading.as_of - timedelta(days=7)) & (daily["day"] >= reading.as_of - timedelta(days=14))
    ]
    rows = []
    for segment in ("head", "tail", "cold"):
        for name, words in logged.items():
            sums = [
                float(part.loc[part["segment"] == segment, name].sum())
                for part in (daily[daily["day"] == yesterday], week, before)
            ]
            if any(sums):
                moved = f"{100 * (sums[1] - sums[2]) / sums[2]:+.0f} %" if sums[2] else NONE
                rows.append((f"{segment}: {words}", *map(amount, sums), moved))
    columns = ("", f"{yesterday:%-d %B}", "7 days", "7 days before", "change")
    note = "" if (daily["day"] == yesterday).any() else f"No event of {yesterday:%-d %B} has come in."
    return Table("The last days", columns, tuple(rows), _SOURCES, frozenset(columns[1:]), note)
