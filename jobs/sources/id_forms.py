"""Ids that two systems write differently: by case, invisible characters or '.0'."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from features.contract import ITEMS, USERS
from jobs.execution.night import Night
from jobs.runtime.logs import warning
from jobs.sources.intake import Intake


def plain_form(key: Column) -> Column:
    """The id without what two systems write differently."""
    return F.lower(F.regexp_replace(F.regexp_replace(key, r"[\p{Z}\p{Cf}\p{Cc}]", ""), r"\.0+$", ""))


def forms(ids: DataFrame, column: str) -> DataFrame:
    """first, second, forms: the least and the greatest of the ids with one plain form, and their number, if several."""
    grouped = ids.where(F.col(column).isNotNull()).distinct().groupBy(plain_form(F.col(column)).alias("plain"))
    return (
        grouped.agg(F.min(column).alias("first"), F.max(column).alias("second"), F.count(F.lit(1)).alias("forms"))
        .where(F.col("forms") > 1)
        .drop("plain")
    )


def report_id_forms(night: Night, items: Intake, users: Intake) -> None:
    """Warns of items and shoppers whose ids differ in form only: they count as different ones."""
    for intake, table, column in ((items, ITEMS, "item_id"), (users, USERS, "user_id")):
        if not intake.any_accepted:
            continue
        known = night.tables.read_or_empty(table).select(column)
        [row] = (
            forms(intake.accepted.select(column).union(known), column)
            .agg(F.sum(F.col("forms") - 1).alias("ids"))
            .collect()
        )
        if row["ids"]:
            warning(
                "ids differ by case, invisible characters or .0 alone",
                table=table.name,
                ids=row["ids"],
                remedy="make job JOB=check_source names some; write them alike with sql in the mapping",
            )
