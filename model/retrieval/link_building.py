"""All links that a set of channels follows, from a bounded sample of shoppers."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from model.retrieval import item_links
from model.retrieval.catalogue import Catalogue
from model.retrieval.histories import Histories
from model.retrieval.sequences import LINK_CHANNELS, TEXT_NEIGHBOURS
from model.retrieval.shoppers import Shoppers
from model.text.tfidf import character_grams, tfidf, words

_GROUPS = {"type": "product_type", "brand": "brand_type"}
_TERMS = {"words": words, "characters": character_grams}


@dataclass(frozen=True)
class LinkSettings:
    """Bounds and parameters of the links; they cost at most 8 `strongest` bytes an item and kind.

    `history_items` newest items of a shopper are paired; `gaps` as in `item_links.transitions`; `like_texts` neighbours
    by text share scores; TF-IDF leaves out terms of more than `most_texts` texts.
    """

    history_items: int
    gaps: int
    strongest: int
    ease_items: int
    ease_regularisation: float
    like_texts: int
    most_texts: int


def reads_words(channels: Collection[str]) -> bool:
    """Whether any of the channels needs the texts themselves."""
    return any(LINK_CHANNELS[name].links in _TERMS for name in channels if name in LINK_CHANNELS)


def build_links(
    channels: Collection[str], catalogue: Catalogue, sample: Shoppers, texts: Sequence[str], settings: LinkSettings
) -> dict[str, sparse.csr_matrix]:
    """The links that the LINK_CHANNELS among `channels` follow, by name, for `Catalogue.links`.

    `texts` are the strings behind the rows of `catalogue.text`, empty where no channel of words is asked for. Raises
    ValueError when words are asked for and texts are not there.
    """
    asked = [LINK_CHANNELS[name] for name in channels if name in LINK_CHANNELS]
    wanted = list(dict.fromkeys(channel.links for channel in asked))
    if any(channel.spread for channel in asked):
        wanted.append(TEXT_NEIGHBOURS)
    if reads_words(channels) and len(texts) != len(catalogue.text):
        raise ValueError(f"There are {len(texts)} texts for {len(catalogue.text)} embeddings; give one for each.")
    return {name: _links(name, catalogue, sample, texts, settings) for name in wanted}


def _links(
    name: str, catalogue: Catalogue, sample: Shoppers, texts: Sequence[str], settings: LinkSettings
) -> sparse.csr_matrix:
    k = settings.strongest
    if name == TEXT_NEIGHBOURS:
        near = item_links.nearest_texts(catalogue.text, catalogue.text_row, settings.like_texts)
        return item_links.with_itself(near)
    if name in _TERMS:
        alike = tfidf(texts, _TERMS[name], settings.most_texts)
        return item_links.nearest_rows(alike, np.arange(len(texts)), k, with_own=True)
    prefix, _, kind = name.partition("_")
    if prefix in _GROUPS:
        histories = _of_groups(sample, catalogue.grouping(_GROUPS[prefix])[0], settings.history_items)
        columns = np.arange(histories.items)
    else:
        kind, items = name, len(catalogue.item_ids)
        histories = Histories.of(sample.row, sample.item, -sample.days_ago, items, settings.history_items)
        columns = catalogue.eligible
    if kind == "transitions":
        return item_links.transitions(histories, columns, settings.gaps, k)
    if kind == "transitions_back":
        return item_links.transitions(histories, columns, settings.gaps, k, back=True)
    if kind == "cosines":
        return item_links.cosines(histories, columns, k)
    return item_links.ease(histories, columns, settings.ease_regularisation, settings.ease_items, k)


def _of_groups(sample: Shoppers, code: np.ndarray, last: int) -> Histories:
    """Histories of the groups bought; group 0 stands for none and takes no part."""
    group = code[sample.item]
    known = group > 0
    return Histories.of(sample.row[known], group[known], -sample.days_ago[known], int(code.max(initial=0)) + 1, last)
