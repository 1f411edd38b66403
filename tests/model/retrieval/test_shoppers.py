from dataclasses import replace

import numpy as np
import pytest

from model.retrieval.shoppers import EventLines, Shoppers
from tests.model.retrieval.small_store import shoppers


def test_take_keeps_the_purchases_with_their_shopper() -> None:
    # bob bought rye-c (3), eve nothing, ann tea-a (0) and milk-b (1).
    taken = shoppers().take(np.array([1, 2, 0]))
    assert taken.user_ids.tolist() == ["bob", "eve", "ann"]
    assert taken.start.tolist() == [0, 1, 1, 3]
    assert taken.item.tolist() == [3, 0, 1]
    assert taken.days_ago.tolist() == [20, 0, 10]
    assert taken.als.tolist() == [[0, 2], [0, 0], [1, 0]]


def test_taking_no_shopper_is_empty() -> None:
    taken = shoppers().take(np.zeros(0, dtype=np.int64))
    assert len(taken) == 0
    assert taken.start.tolist() == [0]


def browsing() -> Shoppers:
    """bob viewed milk (1) and, twice as heavy, tea-b (2); eve viewed rye-d (4)."""
    views = EventLines(
        np.array([0, 0, 2, 3]), np.array([1, 2, 4], dtype=np.int32), np.array([1.0, 10.0, 0.0], dtype=np.float32),
        np.array([1.0, 2.0, 1.0], dtype=np.float32),
    )  # fmt: skip
    return replace(shoppers(), events={"view": views})


def test_events_of_a_type_stand_in_for_purchases() -> None:
    views = browsing().of("view")
    assert views.item.tolist() == [1, 2, 4]
    assert views.row.tolist() == [1, 1, 2]
    assert views.store.tolist() == [-1, -1, -1]
    counts = views.counts(views.item, 5, 10.0).toarray()
    np.testing.assert_allclose(counts[1:], [[0, 0.5**0.1, 2 * 0.5, 0, 0], [0, 0, 0, 0, 1]], rtol=1e-6)
    assert browsing().of("purchase").item.tolist() == shoppers().item.tolist()


def test_a_type_without_events_in_the_block_is_an_error() -> None:
    with pytest.raises(KeyError, match="cart"):
        browsing().of("cart")


def test_take_keeps_the_events_with_their_shopper() -> None:
    taken = browsing().take(np.array([2, 1])).of("view")
    assert taken.start.tolist() == [0, 1, 3]
    assert taken.item.tolist() == [4, 1, 2]
    assert taken.weight is not None
    assert taken.weight.tolist() == [1, 1, 2]
