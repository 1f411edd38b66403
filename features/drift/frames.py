"""The figures of drift between two nights, as small aggregates."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

PARTS = 1_000_000


def sampled_by(frame: DataFrame, key: str, share: float) -> DataFrame:
    """A share of the entities, the same ones every night, by a hash of the key."""
    return frame.where(F.pmod(F.xxhash64(key), F.lit(PARTS)) < int(share * PARTS))


def new_text_share(now: DataFrame, earlier: DataFrame) -> float | None:
    """Share of tonight's distinct texts that no item of the earlier night had, None without texts. Both: text_hash."""
    known = earlier.select("text_hash").distinct().withColumn("known", F.lit(1))
    counts = (
        now.select("text_hash")
        .distinct()
        .join(known, on="text_hash", how="left")
        .agg(F.count("*").alias("texts"), F.count_if(F.col("known").isNull()).alias("new"))
        .first()
    )
    return None if counts is None or not counts["texts"] else counts["new"] / counts["texts"]


def embedding_shift(now: DataFrame, earlier: DataFrame, key: str) -> float | None:
    """Mean of 1 - cosine of the two nights' unit vectors of the same entity; None if no entity is in both.

    Both: the key, encoder_version and embedding; only vectors of one encoder are compared.
    """
    names = [key, "encoder_version"]
    before = earlier.select(*names, F.col("embedding").alias("before"))
    cosine = F.aggregate(
        F.zip_with("embedding", "before", lambda a, b: (a * b).cast("double")),
        F.lit(0.0),
        lambda total, product: total + product,
    )
    mean = now.join(before, on=names, how="inner").agg(F.avg(1.0 - cosine).alias("shift")).first()
    return None if mean is None or mean["shift"] is None else float(mean["shift"])


def responses_by_category(daily: DataFrame, items: DataFrame, counted: str) -> DataFrame:
    """category, responses: of each item's first level of category. daily: item_id and the column `counted`."""
    first = F.substring_index("category", " > ", 1).alias("category")
    return (
        daily.join(items.select("item_id", first), on="item_id", how="inner")
        .groupBy("category")
        .agg(F.sum(counted).cast("double").alias("responses"))
    )
