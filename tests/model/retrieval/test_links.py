from dataclasses import replace

import numpy as np
import pytest
from scipy import sparse

from model.retrieval.channels import SEQUENCE_CHANNELS, learn_links, links_followed
from model.retrieval.links import (
    COSINES,
    PICTURES,
    PURCHASE,
    HistoryLinks,
    Interactions,
    LinkInputs,
    LinkSettings,
    Pictures,
    cosines,
)
from model.retrieval.shoppers import Shoppers
from tests.model.retrieval.small_store import catalogue, shoppers

SETTINGS = LinkSettings(
    history_items=5, gaps=2, strongest=9, ease_items=6, ease_regularisation=1.0, like_texts=1, most_texts=9
)
TEXTS = ("black tea", "milk", "black rye")


def sample() -> Shoppers:
    """dan bought milk-b, then rye-c, then rye-d; fay tea-a, then tea-b."""
    return replace(
        shoppers(), user_ids=np.array(["dan", "fay"]), start=np.array([0, 3, 5]),
        item=np.array([4, 3, 1, 2, 0], dtype=np.int32), days_ago=np.array([1, 5, 9, 2, 3], dtype=np.float32),
    )  # fmt: skip


def inputs(people: Shoppers, texts: tuple[str, ...] = ()) -> LinkInputs:
    return LinkInputs(catalogue(), {PURCHASE: Interactions(people.row, people.item, people.days_ago)}, texts)


def learnt(*channels: str, people: Shoppers | None = None) -> dict[str, sparse.csr_matrix]:
    return learn_links(channels, inputs(people or sample(), TEXTS), SETTINGS)


def test_transitions_follow_time_to_the_eligible() -> None:
    links = learnt("transitions", "transitions_back")
    # Columns are tea-b, rye-c, rye-d, odd. milk-b → rye-c 1, → rye-d 1/2; rye-c → rye-d 1; tea-a → tea-b 1.
    forward = np.zeros((6, 4))
    forward[1, 1:3], forward[3, 2], forward[0, 0] = [1, 0.5], 1, 1
    np.testing.assert_allclose(links["transitions"].toarray(), forward)
    backward = np.zeros((6, 4))
    backward[4, 1] = 1  # rye-c came before rye-d; milk-b and tea-a may not follow
    np.testing.assert_allclose(links["transitions_back"].toarray(), backward)


def test_links_are_learnt_from_the_events_that_they_name() -> None:
    viewed = HistoryLinks("view_cosines", cosines, event_type="click")
    # gus and hal viewed rye-c (3) and rye-d (4): the two are the only pair.
    views = Interactions(np.array([0, 0, 1, 1]), np.array([3, 4, 4, 3]), np.array([1.0, 2.0, 1.0, 2.0]))
    seen = replace(inputs(sample()), interactions={PURCHASE: inputs(sample()).interactions[PURCHASE], "click": views})
    links = viewed.learn(seen, SETTINGS).toarray()
    expected = np.zeros((6, 4))
    expected[3, 2] = expected[4, 1] = 1.0  # columns 1 and 2 are rye-c and rye-d
    np.testing.assert_allclose(links, expected, rtol=1e-6)
    assert COSINES.learn(seen, SETTINGS).toarray()[1, 1] > 0  # dan's milk and rye, bought and not viewed


def test_groups_leave_out_the_items_without_one() -> None:
    people = replace(sample(), item=np.array([4, 5, 1, 2, 0], dtype=np.int32))  # dan's rye-c is odd, of no type
    types = learnt("type_transitions", people=people)["type_transitions"].toarray()
    # milk → rye, one step apart once odd is left out; fay's tea stays tea and is one type only.
    assert np.argwhere(types).tolist() == [[2, 3]]


def test_words_need_the_texts() -> None:
    words = learnt("words")["words"].toarray()
    # "black" is the only word of two texts or more, so texts 0 and 2 are the same by it, and like themselves.
    np.testing.assert_allclose(words, [[1, 0, 1], [0, 0, 0], [1, 0, 1]], rtol=1e-6)
    with pytest.raises(ValueError, match="0 texts for 3"):
        learn_links(("words",), inputs(sample()), SETTINGS)


def test_pictures_link_an_item_to_the_eligible_ones_that_look_like_it() -> None:
    """Known items 0, 1, 2 and 5 have a picture at 0, 60, 90 and 30 degrees."""
    side = catalogue()
    angle = np.deg2rad([0.0, 60.0, 90.0, 30.0])
    vectors = np.stack([np.cos(angle), np.sin(angle)], axis=1).astype(np.float32)
    pictures = Pictures(np.array([0, 1, 2, 5]), vectors)
    links = PICTURES.learn(LinkInputs(side, {}, pictures=pictures), SETTINGS).toarray()
    expected = np.zeros((6, 4))
    degrees = {0: 0.0, 1: 60.0, 2: 90.0, 5: 30.0}
    for column, item in enumerate(side.eligible):
        for row, degree in degrees.items():
            if item in degrees and item != row:
                expected[row, column] = np.cos(np.deg2rad(degree - degrees[item]))
    assert expected.any()
    np.testing.assert_allclose(links, expected, atol=1e-6)
    assert PICTURES.learn(LinkInputs(side, {}), SETTINGS).nnz == 0


def test_pictures_of_other_items_are_left_out() -> None:
    vectors = np.arange(8, dtype=np.float32).reshape(4, 2)
    pictures = Pictures.of(np.array(["d", "c", "b"]), np.array(["a", "b", "d", "e"]), vectors)
    assert pictures.item.tolist() == [2, 0]
    assert pictures.vectors.tolist() == [[2.0, 3.0], [4.0, 5.0]]


def test_every_channel_finds_its_links() -> None:
    links = learnt(*SEQUENCE_CHANNELS)
    for name in SEQUENCE_CHANNELS:
        assert {kind.name for kind in links_followed((name,))} <= set(links), name
    assert links["text_neighbours"].shape == (6, 6)
    assert all(matrix.dtype == np.float32 for matrix in links.values())
    to_eligible = {kind.name for kind in links_followed(SEQUENCE_CHANNELS) if kind.to_eligible}
    assert to_eligible == {"transitions", "transitions_back", "cosines", "ease", "pictures"}
    assert {links[name].shape for name in to_eligible} == {(6, 4)}


def test_channels_without_links_learn_nothing() -> None:
    assert learnt("als", "popularity") == {}
