from dataclasses import replace

import numpy as np
import pytest
from scipy import sparse

from model.retrieval.catalogue import Catalogue
from model.retrieval.channels import SEQUENCE_CHANNELS, links_followed, score_channels
from model.retrieval.links import TRANSITIONS, TYPE_TRANSITIONS, WORDS
from model.retrieval.scores import ChannelScores
from model.retrieval.sequences import LinkScores, newest_places
from model.retrieval.shoppers import Shoppers
from tests.model.retrieval.small_store import SETTINGS, catalogue, shoppers

# From the known items 0 tea-a, 1 milk-b, … to the eligible tea-b, rye-c, rye-d, odd.
LINKS = sparse.csr_matrix(
    np.array([[0.2, 0.4, 0, 0], [0.6, 0, 0.5, 0], [0, 0, 0, 0], [0, 0, 0.8, 0], [0] * 4, [0] * 4], dtype=np.float32)
)
# tea-a is like milk-b; among the eligible, rye-c (3) is like odd (5).
LIKE = np.eye(6, dtype=np.float32)
LIKE[0, 1], LIKE[3, 5] = 0.5, 0.25
# Between the texts 0, 1 and 2; tea-a and odd have text 0, milk-b and rye-c text 1, tea-b and rye-d text 2.
TEXTS = sparse.csr_matrix(np.array([[1.0, 0.4, 0], [0.4, 1, 0.6], [0, 0.6, 1]], dtype=np.float32))
# Between the types 0 none, 1 tea, 2 milk and 3 rye; brands are codes up to 5.
TYPES = sparse.csr_matrix(np.array([[0, 9, 9, 9], [0, 0, 0, 0.2], [0, 0.4, 0, 0.6], [0, 0, 0, 1]], dtype=np.float32))
BRANDS = sparse.identity(6, dtype=np.float32, format="csr")


def linked() -> Catalogue:
    matrix = {"item": LINKS, "text_row": TEXTS, "product_type": TYPES, "brand_type": BRANDS}
    links = {kind.name: matrix[kind.of] for kind in links_followed(SEQUENCE_CHANNELS)}
    return replace(catalogue(), links={**links, "text_neighbours": sparse.csr_matrix(LIKE)})


def scores(channel: LinkScores, people: Shoppers | None = None) -> np.ndarray:
    return dense(channel(linked(), people or shoppers(), SETTINGS))


def dense(channel: ChannelScores) -> np.ndarray:
    return channel.values if channel.column is None else channel.values[:, channel.column]


@pytest.mark.parametrize(
    ("channel", "ann"),
    [
        # ann's newest is tea-a, before it milk-b; weights 1 and 1/2, or 1/2 each, or 1 and 0.
        (LinkScores(TRANSITIONS, "decayed"), [0.2 + 0.3, 0.4, 0.25, 0]),
        (LinkScores(TRANSITIONS, "mean"), [0.1 + 0.3, 0.2, 0.25, 0]),
        (LinkScores(TRANSITIONS, "newest"), [0.2, 0.4, 0, 0]),
        (LinkScores(TRANSITIONS, "decayed", "maximum"), [max(0.2, 0.3), 0.4, 0.25, 0]),
        # Before: milk-b weighs 1/2 and another 1/2 as the like of tea-a.
        (LinkScores(TRANSITIONS, "decayed", spread="before"), [0.2 + 0.6, 0.4, 0.5, 0]),
        # After: rye-c gets a quarter of what odd has, which is nothing; no other item has a like.
        (LinkScores(TRANSITIONS, "decayed", spread="after"), [0.5, 0.4, 0.25, 0]),
    ],
)
def test_scores_of_links(channel: LinkScores, ann: list[float]) -> None:
    values = scores(channel)
    np.testing.assert_allclose(values[0], ann, rtol=1e-6)
    np.testing.assert_allclose(values[1], [0, 0, 0.8, 0], rtol=1e-6)  # bob's only item is rye-c
    np.testing.assert_allclose(values[2], 0.0)


@pytest.mark.parametrize(
    ("channel", "ann"),
    [
        # ann's texts are 0, then 1 at half; tea-b is text 2, rye-c text 1, rye-d text 2, odd text 0.
        (LinkScores(WORDS, "decayed", "maximum"), [0.3, 0.5, 0.3, 1]),
        (LinkScores(WORDS, "newest"), [0, 0.4, 0, 1]),
        (LinkScores(WORDS, "mean"), [0.3, 0.7, 0.3, 0.7]),
        # ann's types are tea, then milk at half; tea-b is tea, rye-c and rye-d are rye, odd has no type.
        (LinkScores(TYPE_TRANSITIONS, "decayed"), [0.2, 0.5, 0.5, 0]),
    ],
)
def test_scores_of_links_between_texts(channel: LinkScores, ann: list[float]) -> None:
    np.testing.assert_allclose(scores(channel)[0], ann, rtol=1e-6)


def test_an_item_without_a_group_links_nothing() -> None:
    people = replace(shoppers(), item=np.array([5, 5, 3], dtype=np.int32))
    assert not scores(LinkScores(TYPE_TRANSITIONS, "decayed"), people)[0].any()
    assert not scores(LinkScores(TYPE_TRANSITIONS, "decayed", "maximum"), people)[0].any()


def test_spreading_after_gives_an_item_the_score_of_a_similar_one() -> None:
    other = replace(linked(), links={**linked().links, "text_neighbours": sparse.csr_matrix(LIKE.T)})
    channel = LinkScores(TRANSITIONS, "decayed", spread="after")
    np.testing.assert_allclose(dense(channel(other, shoppers(), SETTINGS))[0], [0.5, 0.4, 0.25, 0.25 * 0.4], rtol=1e-6)


def test_places_are_distinct_items_newest_first_and_bounded() -> None:
    people = replace(
        shoppers(), start=np.array([0, 4, 5, 5]), item=np.array([3, 1, 3, 0, 2], dtype=np.int32),
        days_ago=np.zeros(5, np.float32), store=np.zeros(5, np.int32),
    )  # fmt: skip
    assert newest_places(people, None, 3).tolist() == [[3, 1, 0], [2, -1, -1], [-1, -1, -1]]
    assert newest_places(people, None, 2).tolist() == [[3, 1], [2, -1], [-1, -1]]
    assert newest_places(people, np.array([0, 1, 2, 0]), 3).tolist() == [[0, 1, -1], [2, -1, -1], [-1, -1, -1]]


@pytest.mark.parametrize("name", SEQUENCE_CHANNELS)
def test_a_channel_without_its_links_scores_zero(name: str) -> None:
    scored = score_channels(catalogue(), shoppers(), SETTINGS, (name,))[0]
    assert scored.shape == (1, 4)
    assert not scored.values.any()


def test_links_are_the_same_after_shipping() -> None:
    sent = Catalogue.from_arrays(linked().to_arrays())
    assert set(sent.links) == set(linked().links)
    for name in SEQUENCE_CHANNELS:
        expected = score_channels(linked(), shoppers(), SETTINGS, (name,))[0].values
        np.testing.assert_array_equal(score_channels(sent, shoppers(), SETTINGS, (name,))[0].values, expected)
