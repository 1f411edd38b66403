"""What other steps read of the texts."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from features.contract import TEXT_KEYWORDS, TEXT_VARIANTS
from jobs.execution.night import Night


def enriched_texts(night: Night) -> DataFrame | None:
    """text_hash, found_keywords, variant_group of each text; None where catalogue.enrich is off.

    Raises LongtailError when enrich_items has not run.
    """
    if not night.conf.catalogue.enrich:
        return None
    of_keywords = night.tables.read(TEXT_KEYWORDS).select("text_hash", F.col("keywords").alias("found_keywords"))
    return of_keywords.join(
        night.tables.read(TEXT_VARIANTS).select("text_hash", "variant_group"), on="text_hash", how="full"
    )
