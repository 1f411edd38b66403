"""Links that channels of ordered histories follow: from what a shopper bought to what may come next."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
from scipy import sparse

from model.retrieval import item_links
from model.retrieval.catalogue import Catalogue
from model.retrieval.histories import Histories
from model.retrieval.shoppers import PURCHASE
from model.text.tfidf import character_grams, tfidf, words


@dataclass(frozen=True)
class LinkSettings:
    """Bounds and parameters of the links; they cost at most 8 `strongest` bytes an item and kind.

    history_items: newest items of a shopper that are paired
    gaps: as in `item_links.transitions`
    strongest: links of an item that are kept
    ease_items, ease_regularisation: as in `item_links.ease`
    like_texts: neighbours by text that share scores
    most_texts: TF-IDF leaves out terms of more texts
    """

    history_items: int
    gaps: int
    strongest: int
    ease_items: int
    ease_regularisation: float
    like_texts: int
    most_texts: int


@dataclass(frozen=True)
class Interactions:
    """Events of one type: a sampled shopper (row), a known item (row) and how many days before the date, newest first.

    Arrays of one length, ordered by shopper.
    """

    user: np.ndarray
    item: np.ndarray
    days_ago: np.ndarray


@dataclass(frozen=True)
class Pictures:
    """Pictures of known items: the items' rows [p] and unit vectors [p, d]."""

    item: np.ndarray
    vectors: np.ndarray

    @classmethod
    def of(cls, item_ids: np.ndarray, pictured: np.ndarray, vectors: np.ndarray) -> Pictures:
        """Of the known items [m]; `pictured` are the ids of the vectors and may include other items."""
        order = np.argsort(item_ids)
        place = order[np.minimum(np.searchsorted(item_ids, pictured, sorter=order), len(item_ids) - 1)]
        known = item_ids[place] == pictured
        return cls(place[known], vectors[known])


@dataclass(frozen=True)
class LinkInputs:
    """What links are learnt from: the items, what sampled shoppers did by event type, the items' texts and pictures.

    texts: the strings behind the rows of `catalogue.text`, empty where no wanted links are between texts
    pictures: None where there are none
    """

    catalogue: Catalogue
    interactions: Mapping[str, Interactions]
    texts: Sequence[str] = ()
    pictures: Pictures | None = None


class Links(Protocol):
    """One kind of links: from known to eligible items, or between all texts, types or brands."""

    @property
    def name(self) -> str:
        """Of the matrix in `Catalogue.links`."""

    @property
    def of(self) -> Literal["item", "text_row", "product_type", "category", "brand_type"]:
        """What the rows are."""

    @property
    def to_eligible(self) -> bool:
        """Whether the columns are the eligible items."""

    def learn(self, inputs: LinkInputs, settings: LinkSettings) -> sparse.csr_matrix:
        """The matrix of links."""


@dataclass(frozen=True)
class HistoryLinks:
    """Links learnt from the order in which shoppers met items, or groups of items, by events of one type."""

    name: str
    by: Callable[[Histories, np.ndarray, LinkSettings], sparse.csr_matrix]
    of: Literal["item", "product_type", "category", "brand_type"] = "item"
    event_type: str = PURCHASE

    @property
    def to_eligible(self) -> bool:
        return self.of == "item"

    def learn(self, inputs: LinkInputs, settings: LinkSettings) -> sparse.csr_matrix:
        """The matrix of links; items without a group take no part in those of groups."""
        catalogue, met = inputs.catalogue, inputs.interactions[self.event_type]
        if self.of == "item":
            items = len(catalogue.item_ids)
            histories = Histories.of(met.user, met.item, -met.days_ago, items, settings.history_items)
            return self.by(histories, catalogue.eligible, settings)
        code = catalogue.codes[self.of]
        group, groups = code[met.item], int(code.max(initial=0)) + 1
        known = group > 0
        histories = Histories.of(met.user[known], group[known], -met.days_ago[known], groups, settings.history_items)
        return self.by(histories, np.arange(groups), settings)


@dataclass(frozen=True)
class TextLinks:
    """Cosines of TF-IDF between texts, by their words or groups of characters."""

    name: str
    terms: Callable[[str], Iterator[str]]
    of: Literal["text_row"] = "text_row"
    to_eligible: Literal[False] = False

    def learn(self, inputs: LinkInputs, settings: LinkSettings) -> sparse.csr_matrix:
        """The matrix of links. Raises ValueError when there is not one text for each embedding."""
        texts, embeddings = inputs.texts, len(inputs.catalogue.text)
        if len(texts) != embeddings:
            raise ValueError(f"There are {len(texts)} texts for {embeddings} embeddings; give one for each.")
        unit = tfidf(texts, self.terms, settings.most_texts)
        return item_links.nearest_rows(unit, np.arange(len(texts)), settings.strongest, with_own=True)


@dataclass(frozen=True)
class LikeTexts:
    """Items of like text by their embeddings, each with itself, that share scores; every row sums to 1."""

    name: str = "text_neighbours"
    of: Literal["item"] = "item"
    to_eligible: Literal[False] = False

    def learn(self, inputs: LinkInputs, settings: LinkSettings) -> sparse.csr_matrix:
        """[m, m] between known items."""
        near = item_links.nearest_texts(inputs.catalogue.text, inputs.catalogue.text_row, settings.like_texts)
        return item_links.with_itself(near)


@dataclass(frozen=True)
class PictureLinks:
    """Cosines of the eligible items whose pictures are nearest to that of an item, its own left out."""

    name: str = "pictures"
    of: Literal["item"] = "item"
    to_eligible: Literal[True] = True

    def learn(self, inputs: LinkInputs, settings: LinkSettings) -> sparse.csr_matrix:
        """[m, n]; items without a picture have no links."""
        catalogue, pictures = inputs.catalogue, inputs.pictures
        shape = (len(catalogue.item_ids), len(catalogue.eligible))
        if pictures is None or not len(pictures.item):
            return sparse.csr_matrix(shape, dtype=np.float32)
        column = np.full(shape[0], -1)
        column[catalogue.eligible] = np.arange(shape[1])
        target = np.flatnonzero(column[pictures.item] >= 0)
        near = item_links.nearest_vectors(pictures.vectors, target, settings.strongest).tocoo()
        row, eligible = pictures.item[near.row], column[pictures.item[target[near.col]]]
        return sparse.csr_matrix((near.data.astype(np.float32), (row, eligible)), shape=shape)


def transitions(histories: Histories, columns: np.ndarray, settings: LinkSettings) -> sparse.csr_matrix:
    """How often one came before the other."""
    return item_links.transitions(histories, columns, settings.gaps, settings.strongest)


def transitions_back(histories: Histories, columns: np.ndarray, settings: LinkSettings) -> sparse.csr_matrix:
    """How often one came after the other."""
    return item_links.transitions(histories, columns, settings.gaps, settings.strongest, back=True)


def cosines(histories: Histories, columns: np.ndarray, settings: LinkSettings) -> sparse.csr_matrix:
    """How many shoppers have both, in any order."""
    return item_links.cosines(histories, columns, settings.strongest)


def ease(histories: Histories, columns: np.ndarray, settings: LinkSettings) -> sparse.csr_matrix:
    """Weights of a linear autoencoder."""
    return item_links.ease(histories, columns, settings.ease_regularisation, settings.ease_items, settings.strongest)


TRANSITIONS = HistoryLinks("transitions", transitions)
TRANSITIONS_BACK = HistoryLinks("transitions_back", transitions_back)
COSINES = HistoryLinks("cosines", cosines)
EASE = HistoryLinks("ease", ease)
TYPE_TRANSITIONS = HistoryLinks("type_transitions", transitions, "product_type")
TYPE_COSINES = HistoryLinks("type_cosines", cosines, "product_type")
BRAND_TRANSITIONS = HistoryLinks("brand_transitions", transitions, "brand_type")
BRAND_COSINES = HistoryLinks("brand_cosines", cosines, "brand_type")
WORDS = TextLinks("words", words)
CHARACTERS = TextLinks("characters", character_grams)
LIKE_TEXTS = LikeTexts()
PICTURES = PictureLinks()
