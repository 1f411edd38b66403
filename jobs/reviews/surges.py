"""Alerts on items whose bad reviews surge, with the words that drive it."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import numpy as np
import pandas as pd
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from features.contract import EVENTS
from features.derived.reviews import REVIEW_DAYS, newest_reviews
from features.derived.shares import PRIOR_EVENTS
from jobs.alerts.alert import Alert
from jobs.execution.night import Night
from jobs.language.sentences import listed, paragraph, say, speaking
from jobs.reviews.reading import judged_reviews
from model.reviews.surge import driving_words, surging

DAYS = 7
LEAST_BAD = 5  # bad reviews in these days, below which no item has an alert
MOST_ITEMS = 10  # that have an alert: those with the most bad reviews
WORDS = 5
_OTHERS = 5_000  # texts of other items at most, a sample by hash


def surges(night: Night) -> list[Alert]:
    """An alert for each of MOST_ITEMS items whose bad reviews of the last DAYS days chance does not explain.

    Expected is the item's share of bad reviews in the rest of the last 90 days, shrunk to that of all items.
    """
    reviews = judged_reviews(night.tables, night.conf)
    if reviews is None:
        return []
    newest = newest_reviews(reviews, [night.as_of], REVIEW_DAYS).where("is_bad IS NOT NULL")
    newest = newest.withColumn("is_recent", F.col("days_ago") <= DAYS).persist()
    rows = _surging(newest)
    texts = _texts(night, newest, rows["item_id"].tolist()) if len(rows) else pd.DataFrame(columns=["item_id", "text"])
    newest.unpersist()
    others = texts.loc[~texts["item_id"].isin(rows["item_id"]), "text"].tolist()
    with speaking(night.conf.report.language):
        return [
            _alert(night, row, driving_words(_of_item(texts, row["item_id"]), others, WORDS))
            for row in rows.to_dict("records")
        ]


def _of_item(texts: pd.DataFrame, item_id: str) -> list[str]:
    return list(texts.loc[texts["item_id"] == item_id, "text"])


def _surging(newest: DataFrame) -> pd.DataFrame:
    """item_id, bad, reviews, expected of the surging items."""
    bad, recent = F.col("is_bad"), F.col("is_recent")
    counts = newest.groupBy("item_id").agg(
        F.count_if(recent).alias("reviews"), F.count_if(recent & bad).alias("bad"),
        F.count_if(~recent).alias("before"), F.count_if(~recent & bad).alias("bad_before"),
    )  # fmt: skip
    all_items = counts.agg(
        F.count_if(F.col("reviews") > 0).alias("items"), F.try_divide(F.sum("bad_before"), F.sum("before")).alias("r")
    ).first()
    rows = counts.where(F.col("bad") >= LEAST_BAD).toPandas()
    if all_items is None or all_items["r"] is None or rows.empty:
        return rows.iloc[:0]
    prior = PRIOR_EVENTS * all_items["r"]
    rows["expected"] = (rows["bad_before"] + prior) / (rows["before"] + PRIOR_EVENTS)
    bad_reviews, all_reviews, expected = (rows[name].to_numpy(np.float64) for name in ("bad", "reviews", "expected"))
    rows = rows[surging(bad_reviews, all_reviews, expected, items=all_items["items"])]
    return rows.sort_values(["bad", "item_id"], ascending=[False, True]).head(MOST_ITEMS)


def _texts(night: Night, newest: DataFrame, item_ids: list[str]) -> pd.DataFrame:
    """item_id, text of the recent bad reviews of these items, and of a sample of all reviews of others."""
    own = F.col("item_id").isin(item_ids)
    others = newest.where(~own).orderBy(F.xxhash64("event_id"), "event_id").limit(_OTHERS)
    wanted = newest.where(own & F.col("is_bad") & F.col("is_recent")).unionByName(others)
    events = night.tables.read(EVENTS).where("event_type = 'review' AND text IS NOT NULL").select("event_id", "text")
    return wanted.select("event_id", "item_id").join(events, on="event_id", how="inner").toPandas()


def _alert(night: Night, row: Mapping[Hashable, Any], words: list[str]) -> Alert:
    share, expected = row["bad"] / row["reviews"], float(row["expected"])
    surge = say(
        "{bad} of {reviews} reviews of the product {item} in the last {days} days are bad; {expected} were expected.",
        bad=row["bad"], reviews=row["reviews"], item=row["item_id"], days=DAYS, expected=f"{expected:.0%}",
    )  # fmt: skip
    return Alert(
        "reviews.surge", "warning", night.as_of, str(row["item_id"]),
        paragraph(surge, say("Words that drive it: {words}.", words=listed(words)) if words else ""),
        say("Read them in events (event_type review), and ban the product with plan.merchandising if it has a fault."),
        share, expected,
    )  # fmt: skip
