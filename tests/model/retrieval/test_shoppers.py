import numpy as np

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
