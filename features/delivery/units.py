"""Draws of exploration slots with the later responses of the shoppers, to items shown or not."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

LIST = ("as_of", "policy", "user_id")
UNIT = (*LIST, "item_id")


def with_outcomes(draws: DataFrame, exposures: DataFrame, responses: DataFrame, days: int) -> DataFrame:
    """The columns of the draws, dose and response, of the shoppers who came and saw drawn places that night.

    The window of a unit begins with the shopper's first request of the night and lasts `days`, or until the pair is
    shown on a later night: a response counts once there is one in it, whether the item was shown or not. `dose` is the
    views that a drawn place of the list got, the same for what was drawn and what was not.

    draws: UNIT, is_drawn and further columns
    exposures: UNIT, event_time, sample_weight, attention (the chance that the position is viewed) of the valid ones,
        as_of being the night whose lists were live
    responses: user_id, item_id, event_time
    """
    first = exposures.groupBy(*LIST).agg(F.min("event_time").alias("first_at"))
    drawn = draws.where("is_drawn").select(*UNIT)
    places = drawn.groupBy(*LIST).agg(F.count("*").alias("places"))
    views = (
        exposures.join(drawn, on=list(UNIT), how="inner")
        .groupBy(*LIST)
        .agg(F.sum(F.col("sample_weight") * F.col("attention")).alias("views"))
    )
    came = first.join(views, on=list(LIST), how="inner").join(places, on=list(LIST), how="inner")
    units = draws.join(came, on=list(LIST), how="inner").withColumn("dose", F.col("views") / F.col("places"))
    later = exposures.select("user_id", "item_id", F.col("as_of").alias("later_night"), F.col("event_time").alias("at"))
    again = (
        units.select(*UNIT)
        .join(later, on=["user_id", "item_id"], how="inner")
        .where(F.col("later_night") > F.col("as_of"))
        .groupBy(*UNIT)
        .agg(F.min("at").alias("shown_again_at"))
    )
    last = F.col("first_at") + F.make_dt_interval(F.lit(days))
    units = units.join(again, on=list(UNIT), how="left").withColumn("until", F.least(last, "shown_again_at"))
    responded = (
        units.select(*UNIT, "first_at", "until")
        .join(responses.select("user_id", "item_id", "event_time"), on=["user_id", "item_id"], how="inner")
        .where((F.col("event_time") > F.col("first_at")) & (F.col("event_time") < F.col("until")))
        .select(*UNIT)
        .distinct()
        .withColumn("response", F.lit(1.0))
    )
    return units.join(responded, on=list(UNIT), how="left").select(
        *draws.columns, "dose", F.coalesce("response", F.lit(0.0)).alias("response")
    )


def requests_of_lists(exposures: DataFrame) -> DataFrame:
    """LIST and requests: how often the list was asked for, by the sampling weight of each request.

    exposures: LIST, request_id (NULL: not counted), sample_weight
    """
    of_request = exposures.where("request_id IS NOT NULL").groupBy(*LIST, "request_id")
    weighted = of_request.agg(F.avg("sample_weight").alias("requests"))
    return weighted.groupBy(*LIST).agg(F.sum("requests").alias("requests"))
