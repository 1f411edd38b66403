"""What other steps read of the texts."""

from __future__ import annotations

from functools import reduce

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from features.contract import TEXT_ATTRIBUTES, TEXT_CATEGORIES, TEXT_KEYWORDS, TEXT_VARIANTS
from jobs.execution.night import Night


def enriched_texts(night: Night) -> DataFrame | None:
    """text_hash and, of each text, the columns of FOUND that the configuration switches on; None without any.

    Raises LongtailError when enrich_items has not run.
    """
    conf, tables = night.conf.catalogue, night.tables
    if not conf.enrich:
        return None
    parts = [
        tables.read(TEXT_KEYWORDS).select("text_hash", F.col("keywords").alias("found_keywords")),
        tables.read(TEXT_VARIANTS).select("text_hash", "variant_group"),
    ]
    if conf.categories:
        is_sure = F.col("chance") >= conf.category_bar
        best = F.when(is_sure, F.col("category_best")).alias("category_found")
        parts.append(tables.read(TEXT_CATEGORIES).select("text_hash", best, F.col("chance").alias("category_chance")))
    if conf.attributes:
        named = [_attribute(name).alias(name) for name in ("size", "pack", "colour", "material")]
        named += [_attribute("size", "unit").alias("size_unit"), _attribute("brand").alias("brand_found")]
        parts.append(tables.read(TEXT_ATTRIBUTES).select("text_hash", *named))
    return reduce(lambda left, right: left.join(right, on="text_hash", how="full"), parts)


def _attribute(name: str, field: str = "value") -> Column:
    return F.get(F.filter("attributes", lambda entry: entry["attribute"] == name), F.lit(0))[field]
