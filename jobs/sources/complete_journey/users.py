"""Households of the panel."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.config.source import PANEL_ATTRIBUTES
from jobs.sources.complete_journey.weeks import PANEL_START
from jobs.sources.complete_journey.words import attribute_map


def users(lines: DataFrame, demographics: DataFrame) -> DataFrame:
    """user_id, signed_up_at, attributes, consent_personalisation, updated_at of every household.

    The panel is a fixed set of households, all known from its start; some have demographics.
    """
    roster = lines.select("household_id").union(demographics.select("household_id")).distinct()
    started = F.lit(PANEL_START).cast("timestamp")
    return roster.join(demographics, on="household_id", how="left").select(
        F.col("household_id").cast("string").alias("user_id"),
        started.alias("signed_up_at"),
        attribute_map(*PANEL_ATTRIBUTES).alias("attributes"),
        F.lit(True).alias("consent_personalisation"),
        started.alias("updated_at"),
    )
