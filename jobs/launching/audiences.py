"""The shoppers who have an item as a candidate: how many, in which groups, and a sample of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql.window import Window

from features.contract import RELEVANCE, USERS
from features.declarations import USER_FEATURES_TABLE
from jobs.execution.night import Night
from jobs.runtime.errors import LongtailError

_EVERYONE = ""
MOST_GROUPS = 8  # of an item


@dataclass(frozen=True)
class Audience:
    """Shoppers with consent who have the item as a candidate. responses: the sum of their chances

    groups: name, shoppers and mean chance of groups of at least report.least_shoppers of them, the best first
    """

    shoppers: int = 0
    responses: float = 0.0
    groups: tuple[Mapping[str, Any], ...] = ()


def pairs_of(night: Night, items: Sequence[str], version: str) -> DataFrame:
    """user_id, item_id, relevance of the items and the shoppers with consent.

    Raises LongtailError when another version than `version` scored one of them.
    """
    scored = night.tables.read_date(RELEVANCE, night.as_of).where(F.col("policy") == night.conf.plan.scored_as)
    named = night.spark.createDataFrame([(item,) for item in items], "item_id string")
    pairs = scored.join(F.broadcast(named), on="item_id", how="left_semi")
    other = pairs.where(F.col("model_version") != version).select("model_version").first()
    if other is not None:
        raise LongtailError(
            f"Version {other['model_version']} scored {night.as_of}, and now version {version} is the champion.",
            f"Run jobs/score.py for {night.as_of} again.",
        )
    users = night.tables.read_date(USER_FEATURES_TABLE, night.as_of).where("consent_personalisation").select("user_id")
    return pairs.join(users, on="user_id", how="left_semi").select("user_id", "item_id", "relevance")


def sample_of(night: Night, pairs: DataFrame) -> DataFrame:
    """At most launch.shoppers pairs of each item, drawn by a hash of the shopper.

    pairs: of `pairs_of`
    """
    drawn = Window.partitionBy("item_id").orderBy(F.xxhash64("user_id", F.lit(night.conf.seed)), "user_id")
    placed = pairs.withColumn("place", F.row_number().over(drawn))
    return placed.where(F.col("place") <= night.conf.launch.shoppers).drop("place")


def audiences(night: Night, pairs: DataFrame, categories: Mapping[str, str]) -> dict[str, Audience]:
    """By item its audience; an item without a candidate shopper is left out.

    pairs: of `pairs_of`; categories: by item
    """
    report = night.conf.report
    attributes = night.tables.read(USERS).select("user_id", "attributes")
    features = night.tables.read_date(USER_FEATURES_TABLE, night.as_of).select("user_id", "top_categories_names_90d")
    of_items = pd.DataFrame({"item_id": list(categories), "category": list(categories.values())})
    grouped = (
        pairs.join(F.broadcast(night.spark.createDataFrame(of_items, "item_id string, category string")), on="item_id")
        .join(features, on="user_id", how="inner")
        .join(attributes, on="user_id", how="left")
        .select("item_id", "relevance", F.explode(_groups(report.shopper_attributes)).alias("group"))
        .groupBy("item_id", "group")
        .agg(F.count("*").alias("shoppers"), F.sum("relevance").alias("responses"))
    )
    by_item: dict[str, list[Any]] = {}
    for row in grouped.orderBy("item_id", F.desc(F.col("responses") / F.col("shoppers")), "group").collect():
        by_item.setdefault(row["item_id"], []).append(row)
    return {item: _audience(rows, report.least_shoppers) for item, rows in by_item.items()}


def _groups(attributes: Sequence[str]) -> Column:
    """Names of the groups that a pair is in."""
    buys = F.array_contains("top_categories_names_90d", F.col("category"))
    by_category = F.when(buys, "often buys its category").otherwise("does not often buy its category")
    values = [F.concat(F.lit(f"{name}="), F.trim(F.col("attributes").getItem(name))) for name in attributes]
    return F.filter(F.array(F.lit(_EVERYONE), by_category, *values), lambda group: group.isNotNull())


def _audience(rows: Sequence[Any], least: int) -> Audience:
    everyone = next(row for row in rows if row["group"] == _EVERYONE)
    groups = [
        {"name": row["group"], "shoppers": row["shoppers"], "chance": row["responses"] / row["shoppers"]}
        for row in rows
        if row["group"] != _EVERYONE and row["shoppers"] >= least
    ]
    return Audience(everyone["shoppers"], everyone["responses"], tuple(groups[:MOST_GROUPS]))
