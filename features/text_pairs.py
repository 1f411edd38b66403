"""Positives for the encoder: what a shopper's text said before a purchase, and the text of what was bought."""

from __future__ import annotations

from datetime import date, timedelta

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from features.texts import INTERESTS, titles_in_order


def text_positives(events: DataFrame, item_texts: DataFrame, cut: date, window_days: int) -> DataFrame:
    """user_id, item_id, week (date), text_hash: one item that a shopper bought in one week, however often.

    From purchases in [cut - window_days, cut); a week is Monday to Sunday, UTC. events: user_id, item_id, event_type,
    event_time. item_texts: item_id, text_hash, one row an item; a purchase of an item that is not there is no positive.
    """
    since, until = _midnight(cut - timedelta(days=window_days)), _midnight(cut)
    bought = events.where(
        (F.col("event_type") == "purchase") & (F.col("event_time") >= since) & (F.col("event_time") < until)
    )
    return (
        bought.groupBy("user_id", "item_id", F.to_date(F.date_trunc("week", "event_time")).alias("week"))
        .agg(F.count("*").alias("lines"))
        .join(item_texts.select("item_id", "text_hash"), on="item_id", how="inner")
        .select("user_id", "item_id", "week", "text_hash")
    )


def sampled_text_pairs(
    positives: DataFrame,
    events: DataFrame,
    item_texts: DataFrame,
    *,
    history_days: int,
    user_items: int,
    pairs: int,
    seed: int,
) -> DataFrame:
    """At most `pairs` positives, drawn by a hash of their key and `seed`: user_text, item_text, item_share (double).

    item_share is the share of the item's text among all positives. The shopper's text is made of events in
    [week - history_days, week) alone, where week is its Monday 00:00 UTC, and without the item itself or another of the
    same text: a text that holds the answer teaches copying. It is '' where nothing is left.

    positives: see `text_positives`; they are read more than once. events: user_id, item_id, event_type, event_time.
    item_texts: item_id, title, text, text_hash, one row an item. Rows come ordered by the hash.
    """
    total = max(positives.count(), 1)
    shares = positives.groupBy("text_hash").agg((F.count("*") / F.lit(total)).alias("item_share"))
    drawn = (
        positives.withColumn("draw", F.xxhash64("user_id", "item_id", "week", F.lit(seed)))
        .orderBy("draw", "user_id", "item_id", "week")
        .limit(pairs)
    )
    texts = _texts_before(drawn, events, item_texts, history_days, user_items)
    return (
        drawn.join(shares, on="text_hash", how="inner")
        .join(item_texts.select("item_id", F.col("text").alias("item_text")), on="item_id", how="inner")
        .join(texts, on=["user_id", "item_id", "week"], how="left")
        .orderBy("draw", "user_id", "item_id", "week")
        .select(F.coalesce("text", F.lit("")).alias("user_text"), "item_text", "item_share")
    )


def _texts_before(
    drawn: DataFrame, events: DataFrame, item_texts: DataFrame, history_days: int, user_items: int
) -> DataFrame:
    """user_id, item_id, week, text of the shopper by what was before that week."""
    interests = (
        events.where(F.col("event_type").isin(*INTERESTS))
        .join(item_texts.select("item_id", "text_hash"), on="item_id", how="inner")
        .select("user_id", F.col("item_id").alias("seen_id"), F.col("text_hash").alias("seen_hash"), "event_time")
    )
    week = F.to_timestamp("week")
    shown = (
        F.broadcast(drawn)
        .join(interests, on="user_id", how="inner")
        .where((F.col("event_time") < week) & (F.col("event_time") >= week - F.make_dt_interval(F.lit(history_days))))
        .where((F.col("seen_id") != F.col("item_id")) & (F.col("seen_hash") != F.col("text_hash")))
        .groupBy("user_id", F.col("item_id").alias("bought_id"), "week", "seen_id")
        .agg(F.max("event_time").alias("last_seen"))
        .select(
            "user_id",
            "bought_id",
            "week",
            F.col("seen_id").alias("item_id"),
            (-F.unix_micros("last_seen")).alias("place"),
        )
    )
    return titles_in_order(shown, item_texts, ["user_id", "bought_id", "week"], user_items).select(
        "user_id", F.col("bought_id").alias("item_id"), "week", "text"
    )


def _midnight(day: date) -> Column:
    return F.to_timestamp(F.lit(day))
