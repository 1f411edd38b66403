"""How satisfied reviewers are, by segment and provider."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from features.contract.segments import SEGMENTS
from features.derived.reviews import REVIEW_DAYS, newest_reviews
from features.derived.shares import PRIOR_EVENTS
from jobs.language.sentences import say
from jobs.report.night_tables import Reading
from jobs.report.page.numbers import amount, percent
from jobs.report.page.parts import Bar, Bars, Section, Table, Words, term
from jobs.reviews.reading import judged_reviews

MOST = 10
_SOURCES = ("review_sentiment", "item_features")


def reviews(reading: Reading) -> Section:
    """The share of reviewers of the last 90 days whose review is not bad: of segments, and of providers."""
    title, slug = say("How satisfied reviewers are"), "reviews"
    judged = judged_reviews(reading.tables, reading.conf)
    of_items = reading.catalogue.select("item_id", "segment", "provider_id")
    newest = None if judged is None else newest_reviews(judged, [reading.as_of], REVIEW_DAYS)
    rows = None if newest is None else newest.where(F.col("is_bad").isNotNull())
    known = None if rows is None else rows.join(of_items, on="item_id", how="inner").persist()
    total = None if known is None else known.agg(F.count("*").alias("all"), F.count_if("is_bad").alias("bad")).first()
    if known is None or total is None or not total["all"]:
        none = say("No review of the {days} days before this night is known to be good or bad.", days=REVIEW_DAYS)
        return Section(slug, title, "", (Words((none,), _SOURCES),))
    satisfied = 1 - total["bad"] / total["all"]
    lead = say(
        "{share} of {reviewers} reviewers of {days} days are satisfied.",
        share=percent(satisfied),
        reviewers=amount(total["all"]),
        days=REVIEW_DAYS,
    )
    blocks = (_by_segment(known), _providers(known, satisfied))
    known.unpersist()
    return Section(slug, title, lead, blocks)


def _by_segment(known: DataFrame) -> Bars:
    counts = known.groupBy("segment").agg(F.count("*").alias("all"), F.count_if("is_bad").alias("bad")).collect()
    by_segment = {row["segment"]: row for row in counts}
    bars = tuple(
        Bar(
            say(segment),
            share := 1 - row["bad"] / row["all"],
            say("{share} of {reviewers}", share=percent(share), reviewers=amount(row["all"])),
        )
        for segment in SEGMENTS
        if (row := by_segment.get(segment)) is not None
    )
    return Bars(say("Satisfied reviewers, by segment"), bars, _SOURCES)


def _providers(known: DataFrame, satisfied: float) -> Table:
    counts = known.where("provider_id <> ''").groupBy("provider_id")
    sums = counts.agg(
        F.countDistinct("item_id").alias("items"), F.count("*").alias("all"), F.count_if(~F.col("is_bad")).alias("good")
    )
    shrunk = (F.col("good") + PRIOR_EVENTS * satisfied) / (F.col("all") + PRIOR_EVENTS)
    rows = sums.withColumn("shrunk", shrunk).orderBy("shrunk", "provider_id").limit(MOST).collect()
    columns = (
        say("provider"),
        say("products reviewed"),
        say("reviewers"),
        term("satisfied", "Share of the reviewers whose newest review is not bad, by its rating or its text."),
        term(
            "of so many",
            "The same, shrunk to the share of all products with the weight of {count} reviews.",
            count=PRIOR_EVENTS,
        ),
    )
    cells = tuple(
        (
            row["provider_id"], amount(row["items"]), amount(row["all"]), percent(row["good"] / row["all"]),
            percent(row["shrunk"]),
        )
        for row in rows
    )  # fmt: skip
    title, note = say("The least satisfying providers"), say("In order of the last column.")
    return Table(title, columns, cells, _SOURCES, frozenset(columns[1:]), note)
