"""Products that may be shown and are not, by cause, and those that come nearest to a list."""

from __future__ import annotations

import pandas as pd
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from features.contract.metrics import ITEMS_ELIGIBLE
from jobs.language.sentences import say
from jobs.report.cause import Cause
from jobs.report.night_tables import Reading
from jobs.report.page.numbers import amount, percent
from jobs.report.page.parts import Bar, Bars, Block, Section, Table, Term, term
from jobs.report.plan_value import value_words
from jobs.report.why_not import causes

MOST = 10
_SOURCES = ("item_exposure", "relevance", "candidates", "item_features", "exposure_scores")


def starving(reading: Reading) -> Section:
    """How many eligible products have no exposure and why, and those that come nearest to a list."""
    why = _without_exposure(reading).persist()
    counts = why.groupBy("cause", "segment").count().toPandas()
    eligible = int(reading.figure(ITEMS_ELIGIBLE) or 0)
    starved = int(counts["count"].sum())
    by_cause = counts.groupby("cause")["count"].sum().sort_values(ascending=False)
    bars = tuple(Bar(say(str(cause)), count / max(starved, 1), amount(count)) for cause, count in by_cause.items())
    share = starved / eligible if eligible else 0.0
    blocks: list[Block] = [
        Bars(say("Why they have none"), bars, _SOURCES, "" if bars else say("Every eligible product has exposure.")),
        _by_segment(reading, counts.groupby("segment")["count"].sum()),
    ]
    short = term("score too low by", "What its score lacks to the last place of the list that it comes nearest to.")
    above = term(
        "score above by",
        "How far its score is above the last place of a list that it is not in: there a list rule is full, a cap is "
        "used up, or the shopper has seen the product too often.",
    )
    tables = (
        _below_floor(reading),
        _nearest(reading, why, say("Nearest to being shown"), Cause.OUTRANKED, short),
        _nearest(reading, why, say("Good enough, but kept out"), Cause.HELD_OUT, above),
    )
    blocks += [table for table in tables if table.rows]
    why.unpersist()
    lead = say(
        "{starved} of {eligible} eligible products ({share}) have no exposure tonight.",
        starved=amount(starved),
        eligible=amount(eligible),
        share=percent(share),
    )
    return Section("starving", say("Products that starve"), lead, tuple(blocks))


def _without_exposure(reading: Reading) -> DataFrame:
    """The columns of `causes` and segment, of every item of the plan without exposure."""
    items = reading.item_exposure(reading.as_of).where("allocated <= 0")
    why = causes(reading.tables, reading.conf, reading.as_of, items)
    return why.join(items.select("item_id", "segment"), on="item_id", how="inner")


def _by_segment(reading: Reading, starved: pd.Series) -> Bars:
    bars = []
    for segment in reading.segments(ITEMS_ELIGIBLE):
        eligible, without = reading.figure(ITEMS_ELIGIBLE, segment) or 0.0, float(starved.get(segment, 0))
        text = say("{count} of {all}", count=amount(without), all=amount(eligible))
        label = say("{segment} without exposure", segment=say(segment))
        bars.append(Bar(label, without / eligible if eligible else 0.0, text, segment))
    return Bars(say("Which they are"), tuple(bars), ("metrics", "item_exposure"))


def _nearest(reading: Reading, why: DataFrame, title: str, cause: Cause, distance: Term) -> Table:
    """The items of one cause that are nearest to the last place of a list, or furthest above it."""
    known = reading.catalogue.select("item_id", "title", F.col("purchases_count_28d").alias("sold"))
    rows = (
        why.where(F.col("cause") == cause.value)
        .orderBy("gap", "item_id")
        .limit(MOST)
        .join(known, on="item_id", how="left")
        .orderBy("gap", "item_id")
        .toPandas()
    )
    score = value_words(reading.conf)
    cells = tuple(
        (
            row["title"], row["item_id"], say(row["segment"]), amount(row["pairs"]), percent(row["best"]),
            score(abs(row["gap"])), amount(row["sold"]),
        )
        for row in rows.to_dict("records")
    )  # fmt: skip
    columns = (
        say("product"), say("item"), say("segment"),
        term("candidate for", "Shoppers who have the product among their scored candidates."),
        term("best chance", "The highest predicted probability of a response among these shoppers."),
        distance, say("sold in 28 days"),
    )  # fmt: skip
    return Table(title, columns, cells, _SOURCES, frozenset(columns[3:]))


def _below_floor(reading: Reading) -> Table:
    short = F.col("floor") - F.col("allocated")
    below = reading.item_exposure(reading.as_of).withColumn("short", short).where("short > 1e-6")
    known = reading.catalogue.select("item_id", "title")
    rows = (
        below.orderBy(F.desc("short"), "item_id")
        .limit(MOST)
        .join(known, on="item_id", how="left")
        .orderBy(F.desc("short"), "item_id")
        .toPandas()
    )
    cells = tuple(
        (row["title"], row["item_id"], amount(row["floor"]), amount(row["allocated"]), amount(row["short"]))
        for row in rows.to_dict("records")
    )
    columns = (say("product"), say("item"), say("floor"), say("planned"), say("short by"))
    return Table(
        say("Below their own floor"), columns, cells, ("item_exposure", "item_features"), frozenset(columns[2:])
    )
