"""The links that a model's channels follow, from the sampled shoppers and visitors of one date."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from features.collaborative.purchases import events_before, responses_before
from features.contract import EVENTS, ITEMS
from features.shopper_sample import shopper_sample
from features.texts import distinct_texts
from features.visitors import actor, of_visitors
from jobs.config.configuration import Config
from jobs.execution.night import Night
from jobs.images.vectors import image_model, image_vectors
from jobs.runtime.errors import LongtailError
from jobs.sources.visitors import has_visitors
from model.retrieval.catalogue import Catalogue
from model.retrieval.channels import learn_links, links_followed
from model.retrieval.links import (
    PICTURES,
    PURCHASE,
    HistoryLinks,
    Interactions,
    LinkInputs,
    LinkSettings,
    Pictures,
    TextLinks,
)
from model.retrieval.sessions import SESSION
from model.retrieval.shoppers import Shoppers
from model.retrieval.signals import QUERIES, query_links


def link_settings(conf: Config) -> LinkSettings:
    """The links' parameters of a configuration."""
    return LinkSettings(**conf.sequences.model_dump(exclude={"channels"}))


def with_links(
    night: Night, as_of: date, catalogue: Catalogue, sample: Shoppers, item_rows: DataFrame, text_hashes: np.ndarray,
    channels: tuple[str, ...], sessions: Interactions | None = None, queries: Sequence[str] = (),
) -> Catalogue:  # fmt: skip
    """The catalogue with the links that the channels follow, and those from `queries` to texts.

    item_rows: item_id and item_row of the known items
    text_hashes: [t] of the rows of `catalogue.text`
    sessions: the items of each session, where a channel links these
    Texts, pictures, events other than purchases, and events of visitors are read only where links are learnt from
    them. Raises LongtailError when a text is missing.
    """
    followed = links_followed(channels)
    event_types = {kind.event_type for kind in followed if isinstance(kind, HistoryLinks)}
    shoppers = pd.DataFrame({"user_id": sample.user_ids, "user_row": np.arange(len(sample))})
    visitors = _visitors(night, as_of, len(sample)) if event_types else None
    people = shoppers if visitors is None else pd.concat([shoppers, visitors])
    events = night.tables.read(EVENTS)
    interactions = {
        event_type: _interactions(night, events_before(events, item_rows, as_of, event_type), people)
        for event_type in event_types - {PURCHASE}
    }
    interactions[PURCHASE] = Interactions(sample.row, sample.item, sample.days_ago)
    if PURCHASE in event_types and visitors is not None:
        responses = responses_before(events, item_rows, as_of, night.conf.relevance.target)
        further = _interactions(night, responses, visitors)
        interactions[PURCHASE] = _followed_by(interactions[PURCHASE], further)
    if sessions is not None:
        interactions[SESSION] = sessions
    needs_texts = queries or any(isinstance(kind, TextLinks) for kind in followed)
    texts, settings = _texts(night, text_hashes) if needs_texts else [], link_settings(night.conf)
    pictures = _pictures(night, as_of, catalogue) if PICTURES in followed else None
    links = learn_links(channels, LinkInputs(catalogue, interactions, texts, pictures), settings)
    if queries:
        links[QUERIES] = query_links(queries, texts, settings.most_texts, settings.strongest)
    return replace(catalogue, links=links)


def _pictures(night: Night, as_of: date, catalogue: Catalogue) -> Pictures | None:
    """The pictures of the known items by the newest vision model; None where the night embeds none."""
    model = image_model(night)
    return Pictures.of(catalogue.item_ids, *image_vectors(night, as_of, model)) if model.version else None


def _visitors(night: Night, as_of: date, first_row: int) -> pd.DataFrame | None:
    """user_id (the actor), user_row from `first_row` on of at most channels.neighbour_sample visitors without a
    shopper; None where there are none."""
    if not has_visitors(night):
        return None
    known = of_visitors(night.tables.read(EVENTS)).where(
        (F.col("event_date") < F.lit(as_of)) & (F.col("event_type") != "exposure")
    )
    visitors = known.select(actor().alias("user_id")).distinct()
    chosen = shopper_sample(visitors, night.conf.channels.neighbour_sample).toPandas()
    return chosen.assign(user_row=np.arange(first_row, first_row + len(chosen))) if len(chosen) else None


def _followed_by(first: Interactions, further: Interactions) -> Interactions:
    return Interactions(
        np.concatenate([first.user, further.user]),
        np.concatenate([first.item, further.item]),
        np.concatenate([first.days_ago, further.days_ago]),
    )


def _interactions(night: Night, events: DataFrame, people: pd.DataFrame) -> Interactions:
    """The people's events, with ties in time in the order of the items.

    A history counts an item at its last time, so only the newest event of each pair leaves the executors.

    events: as of `events_before`; people: user_id, which may be a visitor's actor, and user_row
    """
    met = (
        events.join(F.broadcast(night.spark.createDataFrame(people)), on="user_id", how="inner")
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
