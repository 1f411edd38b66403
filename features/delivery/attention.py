"""Weight of a logged exposure: the chance that its position is viewed."""

from __future__ import annotations

from collections.abc import Sequence

from pyspark.sql import DataFrame
from pyspark.sql import functions as F


def with_attention(exposures: DataFrame, weights: Sequence[float]) -> DataFrame:
    """The columns of the exposures and attention: the weight of the position.

    Positions beyond the last weight have the last weight; an exposure without a position has the mean of all weights.

    exposures: with position, 1 is the first
    weights: by position
    """
    known = F.array(*(F.lit(float(weight)) for weight in weights))
    place = F.least(F.greatest(F.col("position"), F.lit(1)), F.lit(len(weights)))
    mean = F.lit(float(sum(weights)) / len(weights))
    at_place = F.element_at(known, place.cast("int"))
    return exposures.withColumn("attention", F.when(F.col("position").isNull(), mean).otherwise(at_place))
