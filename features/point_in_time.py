"""What was known at a date, and nothing later."""

from __future__ import annotations

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F


def versions_at(versions: DataFrame, dates: DataFrame, key: str) -> DataFrame:
    """The newest version of each key with valid_from < as_of, for every `as_of` of `dates`.

    Adds as_of to the columns; a key without a version before a date has no row for it. A version that begins at as_of
    00:00 UTC is not known yet, as an event at that time is not.
    """
    newest = Window.partitionBy("as_of", key).orderBy(F.desc("valid_from"))
    newest = newest.rowsBetween(Window.unboundedPreceding, Window.currentRow)
    known = versions.join(
        F.broadcast(dates.select("as_of")), on=F.col("valid_from") < F.col("as_of").cast("timestamp"), how="inner"
    )
    return (
        known.withColumn("place", F.row_number().over(newest))
        .where(F.col("place") == 1)
        .select("as_of", *versions.columns)
    )
