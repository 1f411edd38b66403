"""Shoppers that are no persons: guests under one number, words for a missing value."""

from __future__ import annotations

from pyspark.sql import functions as F

from jobs.runtime.logs import warning
from jobs.sources.guest_words import GUEST_WORDS
from jobs.sources.intake import Intake

_SHARE, _TIMES_THE_OTHERS, _EVENTS = 0.1, 5, 20


def report_frequent_shoppers(events: Intake) -> None:
    """Warns if one shopper holds a large share of a delivery's events, and of ids that are placeholders.

    Such a shopper gets lists, and is much of what models learn from. A share is large from a tenth of all events, five
    times the mean of the other shoppers and 20 events on.
    """
    if not events.any_accepted:
        return
    per_shopper = (
        events.accepted.where(F.col("user_id").isNotNull()).groupBy("user_id").agg(F.count("*").alias("events"))
    )
    is_placeholder = F.lower(F.trim("user_id")).isin(*GUEST_WORDS)
    [row] = per_shopper.agg(
        F.max("events").alias("most"),
        F.sum("events").alias("all"),
        F.count("*").alias("shoppers"),
        F.collect_set(F.when(is_placeholder, F.lower(F.trim("user_id")))).alias("placeholders"),
        F.sum(F.when(is_placeholder, F.col("events"))).alias("of_placeholders"),
    ).collect()
    if not row["shoppers"]:
        return
    others = (row["all"] - row["most"]) / max(row["shoppers"] - 1, 1)
    if row["most"] >= max(_SHARE * row["all"], _TIMES_THE_OTHERS * others, _EVENTS):
        warning(
            "one shopper holds a large share of the events",
            events=row["most"],
            share=f"{row['most'] / row['all']:.0%}",
            remedy="if guests share this id, leave them out by where in source.files.users and source.files.events",
        )
    if row["placeholders"]:
        warning(
            "ids of shoppers that may be placeholders",
            ids=",".join(sorted(row["placeholders"])),
            events=row["of_placeholders"],
            remedy="leave them out by where in source.files.users and source.files.events",
        )
