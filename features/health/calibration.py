"""Calibration of an earlier night's relevance: predicted and observed responses."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from features.contract.metrics import ALL, CALIBRATION_OBSERVED, CALIBRATION_PAIRS, CALIBRATION_PREDICTED
from features.health.figures import Figure


def calibration_health(scored: DataFrame, segments: DataFrame, responses: DataFrame) -> list[Figure]:
    """Mean prediction, observed share and number of pairs, by segment and for all.

    A pair counts once, however often the shopper responded: relevance is the probability of at least one response.

    scored: user_id, item_id, relevance of an earlier night whose horizon has ended
    segments: item_id, segment of that night
    responses: user_id, item_id of the horizon after that night; may have repeated pairs
    """
    responded = responses.select("user_id", "item_id").distinct().withColumn("responded", F.lit(1.0))
    pairs = (
        scored.select("user_id", "item_id", "relevance")
        .join(segments.select("item_id", "segment"), on="item_id", how="inner")
        .join(responded, on=["user_id", "item_id"], how="left")
        .select("segment", "relevance", F.coalesce("responded", F.lit(0.0)).alias("responded"))
    )
    rows = pairs.rollup("segment").agg(
        F.avg("relevance").alias(CALIBRATION_PREDICTED),
        F.avg("responded").alias(CALIBRATION_OBSERVED),
        F.count("*").alias(CALIBRATION_PAIRS),
    )
    return [
        (name, row["segment"] or ALL, float(row[name]))
        for row in rows.collect()
        if row[CALIBRATION_PAIRS]
        for name in rows.columns[1:]
    ]
