"""Products that may be shown and are not, by cause, and those that come nearest to a list."""

from __future__ import annotations

import pandas as pd
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from features.contract.metrics import ITEMS_ELIGIBLE
from jobs.report.cause import Cause
from jobs.report.night_tables import Reading
from jobs.report.page.numbers import amount, percent
from jobs.report.page.parts import Bar, Bars, Block, Section, Table, Term
from jobs.report.plan_value import value_words
from jobs.report.why_not import causes

MOST = 10
_SOURCES = ("item_exposure", "relevance", "candidates", "item_features", "exposure_scores")
_CANDIDATE_FOR = Term("candidate for", "Shoppers who have the product among their scored candidates.")
_BEST_CHANCE = Term("best chance", "The highest predicted probability of a response among these shoppers.")
_SHORT = Term("score too low by", "What its score lacks to the last place of the list that it comes nearest to.")
_ABOVE = Term(
    "score above by",
    "How far its score is above the last place of a list that it is not in: there a list rule is full, a cap is used "
    "up, or the shopper has seen the product too often.",
)


def starving(reading: Reading) -> Section:
    """How many eligible products have no exposure and why, and those that come nearest to a list."""
    why = _without_exposure(reading).persist()
    counts = why.groupBy("cause", "segment").count().toPandas()
    eligible = int(reading.figure(ITEMS_ELIGIBLE) or 0)
    starved = int(counts["count"].sum())
    by_cause = counts.groupby("cause")["count"].sum().sort_values(ascending=False)
    bars = tuple(Bar(str(cause), count / max(starved, 1), amount(count)) for cause, count in by_cause.items())
    share = starved / eligible if eligible else 0.0
    blocks: list[Block] = [
        Bars("Why they have none", bars, _SOURCES, "" if bars else "Every eligible product has exposure."),
        _by_segment(reading, counts.groupby("segment")["count"].sum()),
    ]
    tables = (
        _below_floor(reading),
        _nearest(reading, why, "Nearest to being shown", Cause.OUTRANKED, _SHORT),
        _nearest(reading, why, "Good enough, but kept out", Cause.HELD_OUT, _ABOVE),
    )
    blocks += [table for table in tables if table.rows]
    why.unpersist()
    lead = f"{amount(starved)} of {amount(eligible)} eligible products ({percent(share)}) have no exposure tonight."
    return Section("starving", "Products that starve", lead, tuple(blocks))


def _without_exposure(reading: Reading) -> DataFrame:
    """The columns of `causes` and segment, of every item of the plan without exposure."""
    items = reading.item_exposure(reading.as_of).where("allocated <= 0")
    why = causes(reading.tables, reading.conf, reading.as_of, items)
    return why.join(items.select("item_id", "segment"), on="item_id", how="inner")


def _by_segment(reading: Reading, starved: pd.Series) -> Bars:
    bars = []
    for segment in reading.segments(ITEMS_ELIGIBLE):
        eligible, without = reading.figure(ITEMS_ELIGIBLE, segment) or 0.0, float(starved.get(segment, 0))
        text = f"{amount(without)} of {amount(eligible)}"
        bars.append(Bar(f"{segment} without exposure", without / eligible if eligible else 0.0, text, segment))
    return Bars("Which they are", tuple(bars), ("metrics", "item_exposure"))


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
    score = value_words(reading.conf.plan)
    cells = tuple(
        (
            row["title"], row["item_id"], row["segment"], amount(row["pairs"]), percent(row["best"]),
            score(abs(row["gap"])), amount(row["sold"]),
        )
        for row in rows.to_dict("records")
    )  # fmt: skip
    columns = ("product", "item", "segment", _CANDIDATE_FOR, _BEST_CHANCE, distance, "sold in 28 days")
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
    columns = ("product", "item", "floor", "planned", "short by")
    return Table("Below their own floor", columns, cells, ("item_exposure", "item_features"), frozenset(columns[2:]))
