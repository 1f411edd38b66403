"""Products of the panel with the spans in which they are listed."""

from __future__ import annotations

from datetime import date

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from jobs.sources.complete_journey.listing import listings
from jobs.sources.complete_journey.words import attribute_map, in_words, package_size


def items(products: DataFrame, lines: DataFrame, weekly: DataFrame, before: date) -> DataFrame:
    """One row for each listing of a product, as the contract's versions; a product never listed has one filtered row.

    A version is valid until the next listing begins, so a withdrawn item keeps its last version.
    """
    return with_versions(described(products), listings(lines, weekly, before))


def described(products: DataFrame) -> DataFrame:
    """product_id and the texts for shoppers: title (type and size), category (department > category), brand."""
    worded = products.select(
        "product_id",
        "brand",
        "manufacturer_id",
        in_words(F.col("department")).alias("department"),
        in_words(F.col("product_category")).alias("category"),
        in_words(F.col("product_type")).alias("product_type"),
        package_size(F.col("package_size")).alias("package_size"),
    )
    return worded.select(
        "product_id",
        F.col("product_id").cast("string").alias("item_id"),
        F.concat_ws(", ", F.coalesce("product_type", "category", "department"), "package_size").alias("title"),
        F.concat_ws(" > ", "department", "category").alias("category"),
        "product_type",
        "brand",
        F.col("manufacturer_id").cast("string").alias("provider_id"),
        attribute_map("department", "package_size").alias("attributes"),
    )


def with_versions(products: DataFrame, spans: DataFrame) -> DataFrame:
    """One version of a product for each of its listings."""
    following = Window.partitionBy("product_id").orderBy("listed_on").rowsBetween(1, 1)
    versions = spans.withColumn("replaced_on", F.first("listed_on").over(following))
    return products.join(versions, on="product_id", how="left").select(
        "item_id",
        F.col("listed_on").cast("timestamp").alias("valid_from"),
        F.col("replaced_on").cast("timestamp").alias("valid_to"),
        "title",
        "category",
        "product_type",
        "brand",
        "provider_id",
        "attributes",
        F.col("listed_on").cast("timestamp").alias("listed_at"),
        F.col("withdrawn_on").cast("timestamp").alias("withdrawn_at"),
        F.col("listed_on").cast("timestamp").alias("updated_at"),
        F.col("listed_on").isNull().alias("filtered"),
    )
