"""Whether the probabilities of an earlier night came true."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from features.health.figures import ALL, Figure


def calibration_health(scored: DataFrame, segments: DataFrame, responses: DataFrame) -> list[Figure]:
    """calibration_predicted_mean, calibration_observed_share and calibration_pairs_count by segment and for all.

    scored: user_id, item_id, relevance of an earlier night whose horizon has ended; segments: item_id, segment of that
    night; responses: user_id, item_id of the horizon after it, repeated where there are several. A pair counts once,
    however often the shopper responded, as relevance is the probability of any response.
    """
    came = responses.select("user_id", "item_id").distinct().withColumn("came", F.lit(1.0))
    pairs = (
        scored.select("user_id", "item_id", "relevance")
        .join(segments.select("item_id", "segment"), on="item_id", how="inner")
        .join(came, on=["user_id", "item_id"], how="left")
        .select("segment", "relevance", F.coalesce("came", F.lit(0.0)).alias("came"))
    )
    rows = pairs.rollup("segment").agg(
        F.avg("relevance").alias("calibration_predicted_mean"),
        F.avg("came").alias("calibration_observed_share"),
        F.count("*").alias("calibration_pairs_count"),
    )
    return [
        (name, row["segment"] or ALL, float(row[name]))
        for row in rows.collect()
        if row["calibration_pairs_count"]
        for name in rows.columns[1:]
    ]
