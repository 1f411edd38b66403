"""The distinct texts of the catalogue, and those of them that a table does not have."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from features.contract import ITEMS
from features.contract.table import Table
from features.point_in_time import midnight
from features.texts import with_item_text
from jobs.execution.night import Night


def catalogue_texts(night: Night) -> DataFrame:
    """text_hash, title, description, brand, category, attributes (sorted entries) of each distinct text known before
    the night: of all versions of all items. NULL is ''.
    """
    known = (
        night.tables.read(ITEMS).withColumn("as_of", F.lit(night.as_of)).where(F.col("valid_from") < midnight("as_of"))
    )
    columns = [F.coalesce(name, F.lit("")).alias(name) for name in ("title", "description", "brand", "category")]
    entries = F.array_sort(F.map_entries("attributes")).alias("attributes")
    texts = with_item_text(known).select("text_hash", F.struct(*columns, entries).alias("text"))
    # Items of one text may differ in where their words stand; the smallest is the same in every run.
    return texts.groupBy("text_hash").agg(F.min("text").alias("text")).select("text_hash", "text.*")


def attribute_map(entries: Iterable[Mapping[str, str | None]]) -> dict[str, str]:
    """The `attributes` of a text of catalogue_texts by key; NULL is ''."""
    return {str(entry["key"]): entry["value"] or "" for entry in entries}


def new_texts(night: Night, texts: DataFrame, table: Table, method: str) -> tuple[DataFrame, bool]:
    """The texts that the table lacks, and whether these are all texts because its rows are of another method."""
    stored = night.tables.read_or_empty(table)
    if stored.where(F.col("method") != method).isEmpty():
        return texts.join(stored.select("text_hash"), on="text_hash", how="left_anti"), False
    return texts, True


def add_found(night: Night, found: DataFrame, table: Table, is_all: bool) -> int:
    """`write_found` of rows that are computed once. Returns their number."""
    rows = found.persist()
    count = rows.count()
    write_found(night, rows, table, count, is_all)
    rows.unpersist()
    return count


def write_found(night: Night, rows: DataFrame, table: Table, count: int, is_all: bool) -> None:
    """Adds `count` rows of what was found in `new_texts` to their table, or replaces its rows by them if `is_all`."""
    if is_all:
        night.tables.replace(rows, table, where=None)
    elif count:
        night.tables.add(rows, table)
