"""Why items are in no list: one cause for each item of any set, and the sentence of one item."""

from __future__ import annotations

from dataclasses import fields
from datetime import date

import pandas as pd
from pyspark.sql import Column, DataFrame, Row
from pyspark.sql import functions as F

from features.contract import CANDIDATES, EXPOSURE_SCORES, ITEM_EXPOSURE, RELEVANCE
from features.contract.table import Table
from jobs.config.configuration import Config
from jobs.config.plan import NOT_LIFTED_BY, Plan
from jobs.execution.night import Night
from jobs.planning.candidates.pairs import counted_response
from jobs.planning.catalogue.eligibility import why_excluded
from jobs.planning.columns import item_rows_of, named_columns
from jobs.planning.merchandising import merchandising_of
from jobs.planning.rules.item_value import item_value, value_columns
from jobs.planning.rules.list_rules import full_groups
from jobs.report.cause import Cause, Standing, conditions, held_out_in_words, in_words
from jobs.tables.warehouse import Warehouse
from model.exposure.reasons import SHARED_LIST_REASONS

PLANNED = ("item_id", "boost", "cap", NOT_LIFTED_BY)  # columns of item_exposure that causes are found by


def why_not_planned(night: Night, item: str) -> str:
    """Why an item of item_features is not in the plan."""
    plan = night.conf.plan
    known = item_rows_of(night.tables, night.as_of, named_columns(plan), plan)
    rows = known.where(F.col("item_id") == item).toPandas()
    [why] = why_excluded(plan, rows, merchandising_of(plan, night.as_of))
    return why or "the plan was made with another configuration, or before the item was known"


def why_not_shown(night: Night, item: str) -> str:
    """Why an item of the plan is in no list, with the figures that decide it."""
    of_item = (F.col("policy") == night.conf.plan.policy) & (F.col("item_id") == item)
    planned = night.tables.read_date(ITEM_EXPOSURE, night.as_of).where(of_item)
    [row] = causes(night.tables, night.conf, night.as_of, planned.select(*PLANNED)).collect()
    standing = Standing(**{field.name: row[field.name] for field in fields(Standing)})
    held_out = _held_out(night, row) if row.cause == Cause.HELD_OUT else ""
    return in_words(standing, night.conf, held_out)


def causes(tables: Warehouse, conf: Config, as_of: date, items: DataFrame) -> DataFrame:
    """item_id, boost, cap, pairs, best, user_id, gap, bar, rival, cause of each of the items.

    items: PLANNED of items of the night's item_exposure that are in no list. pairs: shoppers that the item
    was scored for; best: its greatest relevance. user_id: whose personal list it comes nearest to; gap: what its score
    lacks to the last place there, bar: the score of that place, rival: the item in it. NULL where there is none.
    """
    plan = conf.plan
    ends = (
        _of_night(tables, EXPOSURE_SCORES, as_of, plan.policy)
        # Shared lists are ranked by other scores, and a drawn entry does not end a list.
        .where((F.col("propensity") == 1.0) & ~F.col("reason").isin(*SHARED_LIST_REASONS))
        .groupBy("user_id")
        .agg(F.min(F.struct("score", "item_id")).alias("end"))
    )
    gap = F.col("end.score") - _value() - F.col("boost")
    nearest = F.struct(
        gap.alias("gap"), "user_id", F.col("end.score").alias("bar"), F.col("end.item_id").alias("rival")
    )
    scored = (
        _of_night(tables, RELEVANCE, as_of, plan.scored_as)
        .select("user_id", "item_id", "relevance", counted_response(conf).alias("counted"))
        .join(items.select("item_id", "boost"), on="item_id", how="inner")
        .join(ends, on="user_id", how="left")
        .join(F.broadcast(_values(tables, plan, as_of, items)), on="item_id", how="left")
        .groupBy("item_id")
        .agg(
            F.count("*").alias("pairs"),
            F.max("relevance").alias("best"),
            F.min(F.when(F.col("end").isNotNull(), nearest)).alias("nearest"),
        )
    )
    candidates = tables.read(CANDIDATES).where(F.col("as_of") == F.lit(as_of)).select("item_id").distinct()
    ordered = conditions(
        plan, candidate=F.col("is_candidate").isNotNull(), scored=F.col("pairs").isNotNull(), best=F.col("best"),
        cap=F.col("cap"), listed=F.col("nearest").isNotNull(), named=F.col(NOT_LIFTED_BY).isNotNull(),
        gap=F.col("nearest.gap"),
    )  # fmt: skip
    cause = F.coalesce(*(F.when(condition, F.lit(cause)) for cause, condition in ordered), F.lit(Cause.HELD_OUT))
    return (
        items.select(*PLANNED)
        .join(scored, on="item_id", how="left")
        .join(candidates.withColumn("is_candidate", F.lit(True)), on="item_id", how="left")
        .select(
            "item_id", "boost", "cap", "pairs", "best",
            "nearest.user_id", "nearest.gap", "nearest.bar", "nearest.rival", cause.alias("cause"),
        )
    )  # fmt: skip


def _of_night(tables: Warehouse, table: Table, as_of: date, policy: str) -> DataFrame:
    return tables.read(table).where((F.col("as_of") == F.lit(as_of)) & (F.col("policy") == policy))


def _values(tables: Warehouse, plan: Plan, as_of: date, items: DataFrame) -> DataFrame:
    """item_id, factor, addend of the items: value = counted response x factor + addend, as in the plan."""
    known = item_rows_of(tables, as_of, value_columns(plan), plan)
    rows = known.join(items.select("item_id"), on="item_id", how="left_semi")
    of_items = rows.toPandas()
    factor, addend = item_value(plan, of_items)
    values = pd.DataFrame({"item_id": of_items["item_id"], "factor": factor, "addend": addend})
    return tables.spark.createDataFrame(values, "item_id string, factor double, addend double")


def _value() -> Column:
    return F.col("counted") * F.coalesce("factor", F.lit(1.0)) + F.coalesce("addend", F.lit(0.0))


def _held_out(night: Night, row: Row) -> str:
    """What keeps an item out of the list that its score would do for."""
    plan = night.conf.plan
    of_list = _of_night(night.tables, EXPOSURE_SCORES, night.as_of, plan.policy).where(F.col("user_id") == row.user_id)
    listed = [entry.item_id for entry in of_list.select("item_id").collect()]
    known = item_rows_of(night.tables, night.as_of, named_columns(plan), plan)
    items = known.where(F.col("item_id").isin([*listed, row.item_id])).toPandas()
    is_item = items["item_id"] == row.item_id
    return held_out_in_words(row.user_id, full_groups(plan, items[~is_item], items[is_item]))
