from dataclasses import replace

import numpy as np
import pytest

from model.retrieval.link_building import LinkSettings, build_links
from model.retrieval.sequences import LINK_CHANNELS
from model.retrieval.shoppers import Shoppers
from tests.model.retrieval.small_store import catalogue, shoppers

SETTINGS = LinkSettings(
    history_items=5, gaps=2, strongest=9, ease_items=6, ease_regularisation=1.0, like_texts=1, most_texts=9
)
TEXTS = ["black tea", "milk", "black rye"]


def sample() -> Shoppers:
    """dan bought milk-b, then rye-c, then rye-d; fay tea-a, then tea-b."""
    return replace(
        shoppers(), user_ids=np.array(["dan", "fay"]), start=np.array([0, 3, 5]),
        item=np.array([4, 3, 1, 2, 0], dtype=np.int32), days_ago=np.array([1, 5, 9, 2, 3], dtype=np.float32),
    )  # fmt: skip


def test_transitions_follow_time_to_the_eligible() -> None:
    links = build_links(("transitions", "transitions_back"), catalogue(), sample(), (), SETTINGS)
    # Columns are tea-b, rye-c, rye-d, odd. milk-b → rye-c 1, → rye-d 1/2; rye-c → rye-d 1; tea-a → tea-b 1.
    forward = np.zeros((6, 4))
    forward[1, 1:3], forward[3, 2], forward[0, 0] = [1, 0.5], 1, 1
    np.testing.assert_allclose(links["transitions"].toarray(), forward)
    backward = np.zeros((6, 4))
    backward[4, 1] = 1  # rye-c came before rye-d; milk-b and tea-a may not follow
    np.testing.assert_allclose(links["transitions_back"].toarray(), backward)


def test_groups_leave_out_the_items_without_one() -> None:
    people = replace(sample(), item=np.array([4, 5, 1, 2, 0], dtype=np.int32))  # dan's rye-c is odd, of no type
    types = build_links(("type_transitions",), catalogue(), people, (), SETTINGS)["type_transitions"].toarray()
    # milk → rye, one step apart once odd is left out; fay's tea stays tea and is one type only.
    assert np.argwhere(types).tolist() == [[2, 3]]


def test_words_need_the_texts() -> None:
    found = build_links(("words",), catalogue(), sample(), TEXTS, SETTINGS)["words"].toarray()
    # "black" is the only word of two texts or more, so texts 0 and 2 are the same by it, and like themselves.
    np.testing.assert_allclose(found, [[1, 0, 1], [0, 0, 0], [1, 0, 1]], rtol=1e-6)
    with pytest.raises(ValueError, match="0 texts for 3"):
        build_links(("words",), catalogue(), sample(), (), SETTINGS)


def test_every_channel_finds_its_links() -> None:
    links = build_links(LINK_CHANNELS, catalogue(), sample(), TEXTS, SETTINGS)
    for name, channel in LINK_CHANNELS.items():
        assert channel.links in links, name
    assert links["text_neighbours"].shape == (6, 6)
    assert all(one.dtype == np.float32 for one in links.values())


def test_channels_without_links_build_nothing() -> None:
    assert build_links(("als", "popularity"), catalogue(), sample(), (), SETTINGS) == {}
