"""Weights of the catalogue's words: counted on executors, kept until the catalogue has grown or the method changes."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from features.contract import CATALOGUE_TERMS
from jobs.execution.night import Night
from jobs.runtime.logs import event
from model.catalogue.plain_text import plain_text
from model.catalogue.term_weights import (
    LEAST_PAIRS,
    LEAST_TEXTS,
    NEAR,
    NEXT,
    TEXTS,
    cohesion,
    counts_of,
    informative,
)

METHOD = 1  # of the keywords: to be raised with every change of what they are for the same catalogue
GROWTH = 1.5  # the words are counted again once the catalogue has so many times the texts
COUNTED_TEXTS = 200_000  # at most, a sample by hash
MOST_TERMS = 500_000  # words, and as many pairs: those in most texts; the driver and each executor hold them
BLOCK = 1_000  # texts whose counts a worker holds
_COUNTS = "kind string, word string, other string, count long"


def current_terms(night: Night, texts: DataFrame) -> tuple[str, dict[str, float]]:
    """The method, and by term its weight: see model.catalogue.term_weights. Writes catalogue_terms if they are due."""
    stored = night.tables.read_or_empty(CATALOGUE_TERMS)
    last = stored.where(F.col("term") == "").first()
    count = texts.count()
    if last is None or not last["method"].startswith(f"{METHOD}.") or count > GROWTH * last["texts"]:
        method = f"{METHOD}.{night.as_of}.{count}"
        rows = _weighed(texts, count).assign(method=method)[CATALOGUE_TERMS.column_names]
        night.tables.replace(night.spark.createDataFrame(rows, CATALOGUE_TERMS.schema), CATALOGUE_TERMS, where=None)
        event(
            "words of the catalogue counted", step="enrich_items", as_of=night.as_of, texts=count, terms=len(rows) - 1
        )
    else:
        method, rows = last["method"], stored.toPandas()
    return method, dict(zip(rows["term"], rows["weight"].astype(float), strict=True))


def _weighed(texts: DataFrame, count: int) -> pd.DataFrame:
    """term, texts, weight; the first row is of all texts."""
    parts = -(-count // COUNTED_TEXTS)
    if parts > 1:
        texts = texts.where(F.pmod(F.xxhash64("text_hash"), F.lit(parts)) == 0)
    spelled = texts.select(F.concat_ws(" . ", "title", "description").alias("text"))
    sums = spelled.mapInPandas(_counted, _COUNTS).groupBy("kind", "word", "other").agg(F.sum("count").alias("count"))
    sums = sums.persist()
    known = sums.where((F.col("kind") == TEXTS) & (F.col("count") >= LEAST_TEXTS))
    known = known.select("word", F.col("count").alias("texts"))
    everything = pd.DataFrame({"term": [""], "texts": [max(count, 1)], "weight": [0.0]})
    words = _weighed_words(sums, known)
    pairs = _cohesive_pairs(sums, known, count if parts == 1 else texts.count())
    sums.unpersist()
    return pd.concat([everything, words, pairs], ignore_index=True)


def _weighed_words(sums: DataFrame, known: DataFrame) -> pd.DataFrame:
    """term, texts, weight of the words in most texts."""
    near = sums.where(F.col("kind") == NEAR)
    marginal = near.groupBy("word").agg(F.sum("count").alias("near"))
    total = marginal.agg(F.sum("near").alias("near")).first()
    all_near = (total["near"] if total else None) or 1
    share, of_other = F.col("count") / F.col("near"), F.col("near_other") / F.lit(all_near)
    others = marginal.select(F.col("word").alias("other"), F.col("near").alias("near_other"))
    entropies = (
        near.join(marginal, on="word", how="inner")
        .join(others, on="other", how="inner")
        .groupBy("word")
        .agg(
            F.first("near").alias("near"), F.sum(share * F.ln(share / of_other)).alias("entropy"),
            F.count("*").alias("others"),
        )
    )  # fmt: skip
    of_words = known.join(entropies, on="word", how="left").fillna(0)
    rows = of_words.orderBy(F.desc("texts"), "word").limit(MOST_TERMS).toPandas()
    weights = informative(*_numbers(rows, "texts", "near", "entropy", "others"))
    return pd.DataFrame({"term": rows["word"], "texts": rows["texts"], "weight": weights})


def _cohesive_pairs(sums: DataFrame, known: DataFrame, texts: int) -> pd.DataFrame:
    """term, texts, weight of the pairs of words in most texts."""
    following = sums.where((F.col("kind") == NEXT) & (F.col("count") >= LEAST_PAIRS))
    for name in ("word", "other"):
        of_word = known.select(F.col("word").alias(name), F.col("texts").alias(f"of_{name}"))
        following = following.join(of_word, on=name, how="inner")
    rows = following.orderBy(F.desc("count"), "word", "other").limit(MOST_TERMS).toPandas()
    together, first, second = _numbers(rows, "count", "of_word", "of_other")
    weights = cohesion(together, first, second, max(texts, 2))
    return pd.DataFrame({"term": rows["word"] + " " + rows["other"], "texts": rows["count"], "weight": weights})


def _numbers(rows: pd.DataFrame, *names: str) -> list[np.ndarray]:
    return [rows[name].to_numpy(np.float64) for name in names]


def _counted(blocks: Iterator[pd.DataFrame]) -> Iterator[pd.DataFrame]:
    for block in blocks:
        for first in range(0, len(block), BLOCK):
            yield counts_of(plain_text(text) for text in block["text"].iloc[first : first + BLOCK])
