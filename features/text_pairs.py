"""Training pairs of the encoder: a shopper's text before a response and the item's text; negatives of its category."""

from __future__ import annotations

from datetime import date, timedelta

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from features.contract.responses import PURCHASE
from features.texts import INTERESTS, REFUSALS, titles_in_order


def text_positives(
    events: DataFrame,
    item_texts: DataFrame,
    cut: date,
    window_days: int,
    held_out_days: int = 0,
    response: str = PURCHASE,
) -> DataFrame:
    """user_id, item_id, week (date), text_hash, held_out (boolean), one row for an item and a week with a response.

    From events of the type `response` in [cut - window_days, cut), of which those of the last `held_out_days` are held
    out; a week is Monday to Sunday, UTC. events: user_id, item_id, event_type, event_time. item_texts: item_id,
    text_hash, one row an item; a response to an item that is not in it is no positive.
    """
    since, until = _midnight(cut - timedelta(days=window_days)), _midnight(cut)
    responses = events.where(
        (F.col("event_type") == response) & (F.col("event_time") >= since) & (F.col("event_time") < until)
    )
    held_out = F.col("event_time") >= _midnight(cut - timedelta(days=held_out_days))
    return (
        responses.groupBy(
            "user_id",
            "item_id",
            F.to_date(F.date_trunc("week", "event_time")).alias("week"),
            held_out.alias("held_out"),
        )
        .agg(F.count("*").alias("lines"))
        .join(item_texts.select("item_id", "text_hash"), on="item_id", how="inner")
        .select("user_id", "item_id", "week", "text_hash", "held_out")
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
    held_out_pairs: int = 0,
) -> DataFrame:
    """At most `pairs` positives and `held_out_pairs` of those held out, drawn by a hash of their key and `seed`.

    Returns user_text, item_text, item_share (double), category, segment, held_out. item_share is the share of the
    item's text among all positives. The shopper's text comes from events in [week - history_days, week) alone, where
    week is its Monday 00:00 UTC, without the item itself or another one of the same text: a text that holds the answer
    teaches copying. It is '' if nothing is left.

    positives: see `text_positives`; they are read more than once. events: user_id, item_id, event_type, event_time.
    item_texts: item_id, title, text, text_hash, category, segment, one row an item. Rows come ordered by the hash.
    """
    hashed = positives.withColumn("draw", F.xxhash64("user_id", "item_id", "week", F.lit(seed)))
    order = ["draw", "user_id", "item_id", "week"]
    drawn = hashed.where(~F.col("held_out")).orderBy(*order).limit(pairs)
    if held_out_pairs:
        drawn = drawn.unionByName(hashed.where("held_out").orderBy(*order).limit(held_out_pairs))
    texts = _texts_before(drawn, events, item_texts, history_days, user_items)
    known = item_texts.select("item_id", F.col("text").alias("item_text"), "category", "segment")
    return (
        drawn.join(text_shares(positives), on="text_hash", how="inner")
        .join(known, on="item_id", how="inner")
        .join(texts, on=["user_id", "item_id", "week"], how="left")
        .orderBy("held_out", *order)
        .select(F.coalesce("text", F.lit("")).alias("user_text"), "item_text", "item_share", "category", "segment",
                "held_out")
    )  # fmt: skip


def text_shares(positives: DataFrame) -> DataFrame:
    """text_hash, item_share (double): the share of each text among the positives."""
    total = max(positives.count(), 1)
    return positives.groupBy("text_hash").agg((F.count("*") / F.lit(total)).alias("item_share"))


def category_texts(
    positives: DataFrame, item_texts: DataFrame, categories: list[str], per_category: int, seed: int
) -> DataFrame:
    """item_text, item_share, category: at most `per_category` distinct texts of each category, drawn by a hash.

    item_share is 0 for a text that is no positive. A text of several categories belongs to the first of them by name.
    item_texts: text, text_hash, category. Rows come ordered by category and text.
    """
    by_hash = Window.partitionBy("category").orderBy(F.xxhash64("text_hash", F.lit(seed)), "text_hash")
    return (
        item_texts.groupBy("text_hash")
        .agg(F.min("category").alias("category"), F.first("text").alias("item_text"))
        .where(F.col("category").isin(categories))
        .withColumn("place", F.row_number().over(by_hash.rowsBetween(Window.unboundedPreceding, 0)))
        .where(F.col("place") <= per_category)
        .join(text_shares(positives), on="text_hash", how="left")
        .orderBy("category", "item_text")
        .select("item_text", F.coalesce("item_share", F.lit(0.0)).alias("item_share"), "category")
    )


def _texts_before(
    drawn: DataFrame, events: DataFrame, item_texts: DataFrame, history_days: int, user_items: int
) -> DataFrame:
    """user_id, item_id, week, text of the shopper from the events before that week."""
    interests = (
        events.where(F.col("event_type").isin(*INTERESTS, *REFUSALS))
        .join(item_texts.select("item_id", "text_hash"), on="item_id", how="inner")
        .select(
            "user_id",
            F.col("item_id").alias("seen_id"),
            F.col("text_hash").alias("seen_hash"),
            "event_time",
            F.col("event_type").isin(*REFUSALS).alias("refuses"),
        )
    )
    week = F.to_timestamp("week")
    shown = (
        F.broadcast(drawn)
        .join(interests, on="user_id", how="inner")
        .where((F.col("event_time") < week) & (F.col("event_time") >= week - F.make_dt_interval(F.lit(history_days))))
        .where((F.col("seen_id") != F.col("item_id")) & (F.col("seen_hash") != F.col("text_hash")))
        .groupBy("user_id", F.col("item_id").alias("bought_id"), "week", "seen_id")
        .agg(
            F.max(F.when(~F.col("refuses"), F.col("event_time"))).alias("last_seen"),
            F.max(F.when(F.col("refuses"), F.col("event_time"))).alias("refused"),
        )
        .where(F.col("last_seen").isNotNull() & (F.col("refused").isNull() | (F.col("refused") < F.col("last_seen"))))
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
