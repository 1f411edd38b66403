"""Ids of shoppers that are not persons: guests under one number, words for a missing value."""

from __future__ import annotations

from dataclasses import dataclass

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.runtime.logs import warning
from jobs.sources.guest_words import GUEST_WORDS
from jobs.sources.intake import Intake

# Where a share of the events is large: so much of all of them, and so many times the mean of the other shoppers, and so
# many events, since everybody has a large share of few.
_SHARE, _TIMES_THE_OTHERS, _EVENTS = 0.05, 5, 20
_MOST_WORDS = 5


@dataclass(frozen=True)
class FrequentShopper:
    """The shopper with the most events; share: of the events of all shoppers; is_large: by the bars above."""

    user_id: str
    events: int
    share: float
    is_large: bool


@dataclass(frozen=True)
class FrequentShoppers:
    """Who may be no person among `shoppers` ids.

    words: ids that read like a word for a guest, the most frequent first, at most five; events_of_words: of all of them
    """

    shoppers: int
    most: FrequentShopper
    words: tuple[str, ...]
    events_of_words: int


def frequent_shoppers(events: DataFrame) -> FrequentShoppers | None:
    """The shoppers of `events` (user_id) that may be no persons, None if no event has a shopper.

    Such a shopper gets lists, and is much of what models learn from.
    """
    per_shopper = events.where(F.col("user_id").isNotNull()).groupBy("user_id").agg(F.count("*").alias("events"))
    is_word = F.lower(F.trim("user_id")).isin(*GUEST_WORDS)
    words = F.sort_array(F.collect_list(F.when(is_word, F.struct("events", "user_id"))), asc=False)
    [row] = per_shopper.agg(
        F.count("*").alias("shoppers"),
        F.sum("events").alias("all"),
        F.max(F.struct("events", "user_id")).alias("most"),
        F.slice(words, 1, _MOST_WORDS)["user_id"].alias("words"),
        F.coalesce(F.sum(F.when(is_word, F.col("events"))), F.lit(0)).alias("of_words"),
    ).collect()
    if not row["shoppers"]:
        return None
    most, user = row["most"]
    others = (row["all"] - most) / max(row["shoppers"] - 1, 1)
    is_large = most >= max(_SHARE * row["all"], _TIMES_THE_OTHERS * others, _EVENTS)
    shopper = FrequentShopper(user, most, most / row["all"], is_large)
    return FrequentShoppers(row["shoppers"], shopper, tuple(row["words"]), row["of_words"])


def report_frequent_shoppers(events: Intake) -> None:
    """Warns if one shopper holds a large share of a delivery's events, and of ids that are placeholders."""
    frequent = frequent_shoppers(events.accepted) if events.any_accepted else None
    if frequent is None:
        return
    if frequent.most.is_large:
        warning(
            "one shopper holds a large share of the events",
            events=frequent.most.events,
            share=f"{frequent.most.share:.0%}",
            remedy="if guests share this id, leave them out by where in source.files.users and source.files.events",
        )
    if frequent.words:
        warning(
            "ids of shoppers that may be placeholders",
            ids=",".join(sorted({word.strip().lower() for word in frequent.words})),
            events=frequent.events_of_words,
            remedy="leave them out by where in source.files.users and source.files.events",
        )
