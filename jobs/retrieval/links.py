"""The links that a model's channels follow, from the sampled shoppers of one date."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from features.contract import ITEMS
from features.texts import distinct_texts
from jobs.config.configuration import Config
from jobs.execution.night import Night
from jobs.runtime.errors import LongtailError
from model.retrieval.catalogue import Catalogue
from model.retrieval.link_building import LinkSettings, build_links, reads_words
from model.retrieval.shoppers import Shoppers


def link_settings(conf: Config) -> LinkSettings:
    """The links' parameters of a configuration."""
    return LinkSettings(**conf.sequences.model_dump(exclude={"channels"}))


def with_links(
    night: Night, catalogue: Catalogue, sample: Shoppers, text_hashes: np.ndarray, channels: tuple[str, ...]
) -> Catalogue:
    """The catalogue with the links of those of `channels` that follow any.

    `text_hashes` [t] belong to the rows of `catalogue.text`; the texts are read where a channel of words is among the
    channels. Raises LongtailError when one is missing.
    """
    texts = _texts(night, text_hashes) if reads_words(channels) else []
    return replace(catalogue, links=build_links(channels, catalogue, sample, texts, link_settings(night.conf)))


def _texts(night: Night, hashes: np.ndarray) -> list[str]:
    stored = distinct_texts(night.tables.read(ITEMS)).toPandas()
    place = pd.Index(stored.text_hash).get_indexer(pd.Index(hashes))
    if (place < 0).any():
        raise LongtailError(
            f"{(place < 0).sum()} item texts of item_features are not in items.", "Run jobs/build_features.py again."
        )
    return stored.text.iloc[place].tolist()
