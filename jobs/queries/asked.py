"""The queries of a night: what many shoppers searched for, or the keywords of items where no such query is known."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import numpy as np
import pandas as pd
from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from features.contract import IDENTITIES, TEXT_KEYWORDS
from features.contract.query_report import KEYWORD, SEARCHED
from features.contract.segments import HEAD, TAIL
from features.declarations import ITEM_FEATURES_TABLE
from features.point_in_time import utc_date
from features.visitors import actor
from jobs.execution.night import Night
from jobs.tables.searches import searches_between
from model.search.queries import normalised


def searches_of(night: Night) -> DataFrame:
    """The searches of the last search.days days with `form`, the normalised query, and `actor`, whoever searched.

    An identified visitor counts as the shopper, with consent or without: the counts describe the store.
    """
    searches = searches_between(night.tables, night.as_of - timedelta(days=night.conf.search.days), night.as_of)
    newest = Window.partitionBy("visitor_id").orderBy(F.desc("valid_from"), "user_id")
    known = night.tables.read_or_empty(IDENTITIES).where(utc_date("valid_from") < F.lit(night.as_of))
    known = known.withColumn("place", F.row_number().over(newest)).where("place = 1")
    known = known.select("visitor_id", F.col("user_id").alias("identified_as"))
    named = searches.join(known, on="visitor_id", how="left").withColumn(
        "user_id", F.coalesce("user_id", "identified_as")
    )
    forms = searches.select("query").distinct().mapInPandas(_forms, "query string, form string")
    return named.withColumn("actor", actor()).join(forms, on="query", how="inner").where("form <> ''")


def asked_queries(night: Night, searches: DataFrame) -> pd.DataFrame:
    """query, source, segment, shoppers, searches, without_result: search.queries at most, those of most shoppers first.

    A query of fewer than search.least_shoppers shoppers may name a person, and never leaves the executors.

    searches: of `searches_of`
    """
    conf = night.conf.search
    counts = searches.groupBy("form").agg(
        F.countDistinct("actor").alias("shoppers"),
        F.count("*").alias("searches"),
        F.count_if(F.col("results_count") == 0).alias("without_result"),
    )
    frequent = counts.where(F.col("shoppers") >= conf.least_shoppers)
    queries = frequent.orderBy(F.desc("shoppers"), "form").limit(conf.queries).toPandas()
    source = SEARCHED
    if queries.empty and night.conf.catalogue.enrich:
        queries, source = _of_keywords(night), KEYWORD
    volume = queries["searches"].to_numpy(float)
    # A query belongs to the head if the more frequent queries do not reach the share.
    order = np.argsort(-volume, kind="stable")
    before = np.zeros(len(volume))
    before[order] = np.cumsum(volume[order]) - volume[order]
    is_head = before < night.conf.segments.head_share * volume.sum()
    return queries.rename(columns={"form": "query"}).assign(source=source, segment=np.where(is_head, HEAD, TAIL))


def _of_keywords(night: Night) -> pd.DataFrame:
    """The keywords of the most eligible items, in the form of queries."""
    eligible = night.tables.read_date(ITEM_FEATURES_TABLE, night.as_of).where("is_eligible").select("text_hash")
    of_items = eligible.join(night.tables.read(TEXT_KEYWORDS), on="text_hash", how="inner")
    phrases = of_items.select(F.explode("keywords").alias("query")).groupBy("query").agg(F.count("*").alias("items"))
    most = phrases.orderBy(F.desc("items"), "query").limit(night.conf.search.queries).toPandas()
    forms = [form for form in dict.fromkeys(map(normalised, most["query"])) if form]
    return pd.DataFrame({"form": forms}).assign(shoppers=0, searches=0, without_result=0)


def _forms(blocks: Iterator[pd.DataFrame]) -> Iterator[pd.DataFrame]:
    for block in blocks:
        yield block.assign(form=block["query"].map(normalised))
