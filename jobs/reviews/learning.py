"""The sentiment of the store's reviews: learnt from its own ratings, kept until these grow or the method changes."""

from __future__ import annotations

import numpy as np
import pandas as pd
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from features.contract import REVIEW_TERMS
from jobs.execution.night import Night
from jobs.runtime.logs import event, warning
from model.reviews.sentiment import LEAST_OF_A_CLASS, Sentiment, learn

METHOD = 1  # to be raised with every change of what a text says for the same reviews
GROWTH = 1.5  # learnt again once there are so many times the reviews with rating and text
LEARNT_FROM = 40_000  # texts at most, a sample by hash: the driver holds the counts of their terms
WITHOUT_RATINGS = 10_000  # texts at most that teach by what the others say of them


def current_sentiment(night: Night, reviews: DataFrame) -> tuple[str, Sentiment | None]:
    """The method and the sentiment, None where too few ratings are good or bad. Writes review_terms if they are due.

    reviews: the columns of store_reviews
    """
    night.tables.prepare(REVIEW_TERMS)
    prefix = f"{METHOD}.{night.conf.features.low_rating:g}-{night.conf.reviews.good_from:g}."
    stored = night.tables.read(REVIEW_TERMS)
    last = stored.first()
    rated = _rated(night, reviews).persist()
    counts = F.count("*").alias("texts"), F.count_if("is_bad").alias("bad"), F.count_if("is_good").alias("good")
    [count] = rated.agg(*counts).collect()
    night.record.rows |= {"rated_texts": count["texts"], "bad_texts": count["bad"], "good_texts": count["good"]}
    if last is not None and last["method"].startswith(prefix) and count["texts"] <= GROWTH * last["reviews"]:
        rated.unpersist()
        return last["method"], _sentiment(stored.toPandas())
    if min(count["bad"], count["good"]) < LEAST_OF_A_CLASS:
        rated.unpersist()
        _report_too_few(night, count["bad"], count["good"])
        return f"{prefix}none", None
    texts = _sample(night, rated.where("is_bad OR is_good"), LEARNT_FROM)
    others = _sample(night, rated.where("rating IS NULL"), WITHOUT_RATINGS)
    rated.unpersist()
    sampled_bad = int(texts["is_bad"].sum())
    if min(sampled_bad, len(texts) - sampled_bad) < LEAST_OF_A_CLASS:
        _report_too_few(night, sampled_bad, len(texts) - sampled_bad)
        return f"{prefix}none", None
    method = f"{prefix}{night.as_of}.{count['texts']}"
    return method, _learnt(night, method, texts, others, count["texts"])


def _learnt(night: Night, method: str, texts: pd.DataFrame, others: pd.DataFrame, reviews: int) -> Sentiment:
    sentiment = learn(texts["text"].tolist(), texts["is_bad"].to_numpy(bool), others["text"].tolist())
    rows = pd.DataFrame(
        {
            "method": method, "term": sentiment.terms.view(np.int64), "inverse_frequency": sentiment.inverse_frequency,
            "weight": sentiment.weight, "intercept": sentiment.intercept, "middle": sentiment.middle,
            "reviews": reviews,
        }
    )[REVIEW_TERMS.column_names]  # fmt: skip
    night.tables.replace(night.spark.createDataFrame(rows, REVIEW_TERMS.schema), REVIEW_TERMS, where=None)
    event("sentiment of reviews learnt", step="read_reviews", as_of=night.as_of, reviews=len(texts),
          without_ratings=len(others), terms=len(rows))  # fmt: skip
    return sentiment


def _rated(night: Night, reviews: DataFrame) -> DataFrame:
    """text, rating (NULL where no review of the text has one), is_bad, is_good of the distinct texts before the night.

    A text that many shoppers send, or one shopper many times, teaches once: by the mean of its ratings.
    """
    known = reviews.where((F.col("day") < F.lit(night.as_of)) & (F.trim("text") != ""))
    texts = known.groupBy("text").agg(F.avg("rating").alias("rating"))
    low, good = F.lit(night.conf.features.low_rating), F.lit(night.conf.reviews.good_from)
    no = F.lit(False)
    return texts.withColumns(
        {"is_bad": F.coalesce(F.col("rating") <= low, no), "is_good": F.coalesce(F.col("rating") >= good, no)}
    )


def _sample(night: Night, texts: DataFrame, most: int) -> pd.DataFrame:
    """text, is_bad of at most so many texts, the same ones in the same order in every run."""
    by_hash = texts.select("text", "is_bad").orderBy(F.xxhash64(F.lit(night.conf.seed), "text"), "text")
    return by_hash.limit(most).toPandas()


def _sentiment(rows: pd.DataFrame) -> Sentiment:
    terms = rows["term"].to_numpy(np.int64).view(np.uint64)
    order = np.argsort(terms)
    return Sentiment(
        terms[order],
        rows["inverse_frequency"].to_numpy(np.float32)[order],
        rows["weight"].to_numpy(np.float32)[order],
        float(rows["intercept"].iloc[0]),
        float(rows["middle"].iloc[0]),
    )


def _report_too_few(night: Night, bad: int, good: int) -> None:
    low, from_good = night.conf.features.low_rating, night.conf.reviews.good_from
    warning(
        "no sentiment is learnt from reviews", step="read_reviews", as_of=night.as_of, bad_texts=bad, good_texts=good,
        needed_of_each=LEAST_OF_A_CLASS,
        remedy=f"reviews without a rating stay unread until there are enough with one of at most {low:g} "
        f"(features.low_rating) and of at least {from_good:g} (reviews.good_from); map events.rating, or change these",
    )  # fmt: skip
