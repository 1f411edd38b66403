"""The links that a model's channels follow, from the sampled shoppers of one date."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from features.collaborative.purchases import events_before
from features.contract import EVENTS, ITEMS
from features.texts import distinct_texts
from jobs.config.configuration import Config
from jobs.execution.night import Night
from jobs.runtime.errors import LongtailError
from model.retrieval.catalogue import Catalogue
from model.retrieval.channels import learn_links, links_followed
from model.retrieval.links import PURCHASE, HistoryLinks, Interactions, LinkInputs, LinkSettings, TextLinks
from model.retrieval.shoppers import Shoppers


def link_settings(conf: Config) -> LinkSettings:
    """The links' parameters of a configuration."""
    return LinkSettings(**conf.sequences.model_dump(exclude={"channels"}))


def with_links(
    night: Night, as_of: date, catalogue: Catalogue, sample: Shoppers, item_rows: DataFrame, text_hashes: np.ndarray,
    channels: tuple[str, ...],
) -> Catalogue:  # fmt: skip
    """The catalogue with the links that the channels follow.

    item_rows: item_id and item_row of the known items
    text_hashes: [t] of the rows of `catalogue.text`
    Texts, and events other than purchases, are read only where links are learnt from them. Raises LongtailError when a
    text is missing.
    """
    followed = links_followed(channels)
    event_types = {kind.event_type for kind in followed if isinstance(kind, HistoryLinks)} - {PURCHASE}
    interactions = {
        event_type: _interactions(night, as_of, sample, item_rows, event_type) for event_type in event_types
    }
    interactions[PURCHASE] = Interactions(sample.row, sample.item, sample.days_ago)
    texts = _texts(night, text_hashes) if any(isinstance(kind, TextLinks) for kind in followed) else []
    links = learn_links(channels, LinkInputs(catalogue, interactions, texts), link_settings(night.conf))
    return replace(catalogue, links=links)


def _interactions(night: Night, as_of: date, sample: Shoppers, item_rows: DataFrame, event_type: str) -> Interactions:
    """Events of one type before `as_of` of the sampled shoppers, with ties in time in the order of the items.

    A history counts an item at its last time, so only the newest event of each pair leaves the executors.
    """
    people = pd.DataFrame({"user_id": sample.user_ids, "user_row": np.arange(len(sample))})
    met = (
        events_before(night.tables.read(EVENTS), item_rows, as_of, event_type)
        .join(F.broadcast(night.spark.createDataFrame(people)), on="user_id", how="inner")
        .groupBy("user_row", "item_row")
        .agg(F.min("days_ago").alias("days_ago"))
        .select("user_row", "item_row", "days_ago")
        .toPandas()
        .sort_values(["user_row", "days_ago", "item_row"])
    )
    return Interactions(met.user_row.to_numpy(), met.item_row.to_numpy(), met.days_ago.to_numpy())


def _texts(night: Night, hashes: np.ndarray) -> list[str]:
    wanted = night.spark.createDataFrame(pd.DataFrame({"text_hash": np.unique(hashes)}))
    texts = distinct_texts(night.tables.read(ITEMS))
    stored = texts.join(F.broadcast(wanted), on="text_hash", how="left_semi").toPandas()
    place = pd.Index(stored.text_hash).get_indexer(pd.Index(hashes))
    if (place < 0).any():
        raise LongtailError(
            f"{(place < 0).sum()} item texts of item_features are not in items.", "Run jobs/build_features.py again."
        )
    return stored.text.iloc[place].tolist()
