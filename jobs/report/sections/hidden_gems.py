"""Products whose best audience would respond, and that get too few exposures for it."""

from __future__ import annotations

from pyspark.sql import DataFrame, Row
from pyspark.sql import functions as F

from features.contract import ITEM_EXPOSURE, ITEM_POTENTIAL
from jobs.experiments.arms import plans_on
from jobs.language.sentences import say
from jobs.report.night_tables import Reading
from jobs.report.page.numbers import amount
from jobs.report.page.parts import Section, Table, Words, term

MOST = 20
_SOURCES = ("item_potential", "item_exposure", "item_features")


def hidden_gems(reading: Reading) -> Section:
    """The products of the plan with the largest gap that neither earlier nights nor tonight's plan close."""
    slug, title = "gems", say("Hidden gems")
    if not _is_measured(reading):
        reason = (
            say("measure_potential did not run")
            if reading.conf.potential.is_measured
            else say("potential.shoppers is 0")
        )
        words = Words((say("Not measured for {day}: {reason}.", day=reading.as_of, reason=reason),), ())
        return Section(slug, title, "", (words,))
    rows = _rows(reading)
    if not rows:
        words = Words((say("No product of tonight's plan lacks exposures to its best audience."),), _SOURCES)
        return Section(slug, title, "", (words,))
    best, nights = amount(reading.conf.potential.shoppers), reading.conf.account.nights
    columns = (
        say("product"), say("item"), say("segment"),
        term(
            "potential", "Expected responses a day if the best {best} of its audience saw it on every visit.", best=best
        ),
        term(
            "audience",
            "Shoppers who may be shown it: it is among their candidates, at or above plan.relevance_bar, and they "
            "agreed to personal lists.",
        ),
        term(
            "exposures a day",
            "In the last {nights} nights: delivered, or planned where the storefront logged none; 0 if it was in no "
            "plan.",
            nights=nights,
        ),
        term("tonight", "Exposures that tonight's plan expects."),
        term(
            "gap",
            "The part of the potential for which exposures are missing, in earlier nights and tonight alike. Each "
            "exposure counts as one to the best audience, so the true gap may be larger.",
        ),
    )  # fmt: skip
    cells = tuple(
        (
            row["title"], row["item_id"], say(row["segment"]), amount(row["potential_responses"]),
            amount(row["audience_count"]), amount(row["received_exposures"]), amount(row["allocated"]),
            amount(row["gap"]),
        )
        for row in rows
    )  # fmt: skip
    note = say(
        "Each product is counted alone: those with the same audience compete for the same places. To make room for "
        "them, set a floor on the column potential_gap in plan.floors."
    )
    largest = say("The {count} largest gaps", count=len(cells))
    table = Table(largest, columns, cells, _SOURCES, frozenset(columns[3:]), note)
    lead = say("Products that the right shoppers would respond to, and that too few of these shoppers see.")
    return Section(slug, title, lead, (table,))


def _is_measured(reading: Reading) -> bool:
    return reading.tables.exists(ITEM_POTENTIAL) and not reading.of_policy(ITEM_POTENTIAL, reading.as_of).isEmpty()


def _rows(reading: Reading) -> list[Row]:
    """The rows of item_potential with the largest gaps, with title, segment, tonight's allocated exposure, and gap.

    gap: potential_gap, less what tonight's plan closes of it
    """
    order = (F.desc("gap"), F.asc("item_id"))
    tonight = F.col("potential_responses") * (1.0 - F.col("allocated") / F.col("audience_visits"))
    known = reading.catalogue.select("item_id", "title")
    return (
        reading.of_policy(ITEM_POTENTIAL, reading.as_of)
        .where("potential_gap > 0")
        .join(_planned(reading), on="item_id", how="inner")
        .withColumn("gap", F.least("potential_gap", tonight))
        .where("gap > 0")
        .orderBy(*order)
        .limit(MOST)
        .join(known, on="item_id", how="left")
        .orderBy(*order)
        .collect()
    )


def _planned(reading: Reading) -> DataFrame:
    """item_id, segment, allocated of the night, over all arms of a running test, as in item_potential."""
    policies = [plan.policy for plan in plans_on(reading.conf, reading.as_of).values()]
    rows = reading.tables.read(ITEM_EXPOSURE).where(
        (F.col("as_of") == F.lit(reading.as_of))
        & F.col("policy").isin(policies)
        & (F.col("placement") == reading.conf.plan.placement)
    )
    return rows.groupBy("item_id").agg(F.max("segment").alias("segment"), F.sum("allocated").alias("allocated"))
