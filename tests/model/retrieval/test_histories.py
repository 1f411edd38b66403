import numpy as np

from model.retrieval.histories import Histories

# (shopper, item, time) in no order; shopper 3 buys item 2 twice.
ROWS = np.array([(7, 0, 20), (3, 2, 10), (3, 1, 20), (3, 2, 30), (7, 4, 10), (3, 0, 5)])


def test_histories_are_ordered_and_a_repeat_counts_at_its_last_time() -> None:
    histories = Histories.of(*ROWS.T, items=5, last=10)
    assert histories.start.tolist() == [0, 3, 5]
    assert histories.item.tolist() == [0, 1, 2, 4, 0]  # shopper 3: 0, 1, 2 (at 30); shopper 7: 4, 0
    assert histories.row.tolist() == [0, 0, 0, 1, 1]
    assert histories.counts().tolist() == [2, 1, 1, 0, 1]


def test_the_newest_items_are_kept() -> None:
    histories = Histories.of(*ROWS.T, items=5, last=2)
    assert histories.item.tolist() == [1, 2, 4, 0]
    assert histories.start.tolist() == [0, 2, 4]


def test_items_of_the_same_time_keep_the_order_of_the_rows() -> None:
    histories = Histories.of(np.zeros(3, int), np.array([2, 0, 1]), np.zeros(3, int), items=3, last=3)
    assert histories.item.tolist() == [2, 0, 1]


def test_a_matrix_weights_each_shopper() -> None:
    matrix = Histories.of(*ROWS.T, items=5, last=10).matrix(np.array([2.0, 3.0])).toarray()
    assert matrix.tolist() == [[2, 2, 2, 0, 0], [3, 0, 0, 0, 3]]


def test_no_purchases_give_no_shoppers() -> None:
    none = np.zeros(0, dtype=np.int64)
    histories = Histories.of(none, none, none, items=4, last=3)
    assert len(histories) == 0
    assert histories.counts().tolist() == [0, 0, 0, 0]
