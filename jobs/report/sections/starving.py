"""Products that may be shown and are not, by reason, and those that come nearest to a list."""

from __future__ import annotations

import pandas as pd
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from features.contract import CANDIDATES, EXPOSURE_SCORES, RELEVANCE
from jobs.planning.columns import item_rows_of
from jobs.planning.rules.item_value import item_value, value_columns
from jobs.report.night_tables import Reading
from jobs.report.page.numbers import amount, percent
from jobs.report.page.parts import Bar, Bars, Block, Section, Table
from model.exposure.reasons import NOT_PERSONAL

MOST = 10
_SOURCES = ("item_exposure", "relevance", "candidates", "item_features")

NO_CANDIDATE = "no shopper has it among the first candidates"
NOT_SCORED = "its candidates were not scored"
BELOW_BAR = "its relevance is below the bar for every shopper"
NO_ROOM = "its cap leaves no place: stock, or its share of the exposure"
OUTDONE = "other products are worth more to the same shoppers"


def starving(reading: Reading) -> Section:
    """How many eligible products have no exposure and why, and the ten with the greatest relevance among them."""
    why = _why(reading).persist()
    counts = why.groupBy("why", "segment").count().toPandas()
    eligible = int(reading.figure("items_eligible_count") or 0)
    starved = int(counts["count"].sum())
    reasons = counts.groupby("why")["count"].sum().sort_values(ascending=False)
    bars = tuple(Bar(str(words), count / max(starved, 1), amount(count)) for words, count in reasons.items())
    share = starved / eligible if eligible else 0.0
    blocks: list[Block] = [
        Bars("Why they have none", bars, _SOURCES, "" if bars else "Every eligible product has exposure."),
        _by_segment(reading, counts.groupby("segment")["count"].sum()),
    ]
    blocks += [table for table in (_below_floor(reading), _nearest(reading, why)) if table.rows]
    why.unpersist()
    lead = f"{amount(starved)} of {amount(eligible)} eligible products ({percent(share)}) have no exposure tonight."
    return Section("starving", "Products that starve", lead, tuple(blocks))


def _by_segment(reading: Reading, starved: pd.Series) -> Bars:
    bars = []
    for segment in reading.segments("items_eligible_count"):
        eligible, none = reading.figure("items_eligible_count", segment) or 0.0, float(starved.get(segment, 0))
        told = f"{amount(none)} of {amount(eligible)}"
        bars.append(Bar(f"{segment} without exposure", none / eligible if eligible else 0.0, told, segment))
    return Bars("Which they are", tuple(bars), ("metrics", "item_exposure"))


def _why(reading: Reading) -> DataFrame:
    """item_id, segment, best, pairs, short, why of every item of the plan without exposure.

    best: its greatest relevance, pairs: shoppers that it was scored for, short: what its score lacks at least to the
    last place of a list that it could have been in; NULL where there is none
    """
    plan = reading.conf.plan
    lightest = min(plan.position_weights) / 30  # less than a place in the list of a shopper who hardly ever comes
    starved = reading.given(reading.as_of).where("allocated <= 0").select("item_id", "segment", "boost", "cap")
    # Of lists that are personal: the one of those who refuse is made by other scores.
    ends = (
        reading.of_policy(EXPOSURE_SCORES, reading.as_of)
        .where((F.col("propensity") == 1.0) & (F.col("reason") != NOT_PERSONAL))
        .groupBy("user_id")
        .agg(F.min("score").alias("ends"))
    )
    scored = (
        reading.of_policy(RELEVANCE, reading.as_of)
        .select("user_id", "item_id", "relevance")
        .join(starved.select("item_id", "boost"), on="item_id", how="inner")
        .join(ends, on="user_id", how="left")
        .join(F.broadcast(_worths(reading)), on="item_id", how="left")
        .groupBy("item_id")
        .agg(
            F.max("relevance").alias("best"),
            F.count("*").alias("pairs"),
            F.min(F.col("ends") - _value() - F.col("boost")).alias("short"),
        )
    )
    found = (
        reading.tables.read(CANDIDATES)
        .where(F.col("as_of") == F.lit(reading.as_of))
        .select("item_id")
        .distinct()
        .withColumn("found", F.lit(True))
    )
    why = (
        F.when(F.col("found").isNull(), NO_CANDIDATE)
        .when(F.col("pairs").isNull(), NOT_SCORED)
        .when(F.col("best") < plan.relevance_bar, BELOW_BAR)
        .when(F.col("cap") < lightest, NO_ROOM)
        .otherwise(OUTDONE)
    )
    return (
        starved.join(scored, on="item_id", how="left")
        .join(found, on="item_id", how="left")
        .select("item_id", "segment", "best", "pairs", "short", why.alias("why"))
    )


def _worths(reading: Reading) -> DataFrame:
    """item_id, factor, addend of every item of the night, as the plan had them."""
    plan = reading.conf.plan
    items = item_rows_of(reading.tables, reading.as_of, value_columns(plan)).toPandas()
    factor, addend = item_value(plan, items)
    worths = pd.DataFrame({"item_id": items["item_id"], "factor": factor, "addend": addend})
    return reading.tables.spark.createDataFrame(worths)


def _value() -> Column:
    return F.col("relevance") * F.coalesce("factor", F.lit(1.0)) + F.coalesce("addend", F.lit(0.0))


def _nearest(reading: Reading, why: DataFrame) -> Table:
    """The items outdone by the least: their best score against the last one of that shopper's list."""
    known = reading.catalogue.select("item_id", "title", F.col("purchases_count_28d").alias("sold"))
    rows = (
        why.where((F.col("why") == OUTDONE) & F.col("short").isNotNull())
        .orderBy("short", "item_id")
        .limit(MOST)
        .join(known, on="item_id", how="left")
        .orderBy("short", "item_id")
        .toPandas()
    )
    cells = tuple(
        (
            row["title"], row["item_id"], row["segment"], amount(row["pairs"]), amount(row["best"]),
            _short(row["short"]), amount(row["sold"]),
        )
        for row in rows.to_dict("records")
    )  # fmt: skip
    columns = ("product", "item", "segment", "candidate for", "best relevance", "short of a list by", "sold in 28 days")
    note = (
        "Short of a list: what its score lacks to the last place of the list where it comes nearest. Enough: its score "
        "would do, but there its product type is full, a cap is used up, or the shopper has seen it too often."
    )
    return Table("Nearest to being shown", columns, cells, (*_SOURCES, "exposure_scores"), frozenset(columns[3:]), note)


def _short(value: float) -> str:
    return "enough" if value <= 0 else amount(value)


def _below_floor(reading: Reading) -> Table:
    given = reading.given(reading.as_of)
    short = given.where(F.col("allocated") < F.col("floor") - 1e-6).withColumn(
        "short", F.col("floor") - F.col("allocated")
    )
    known = reading.catalogue.select("item_id", "title")
    rows = (
        short.orderBy(F.desc("short"), "item_id")
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
