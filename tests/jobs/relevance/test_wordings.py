"""The item side with wordings as items of their own."""

from __future__ import annotations

import numpy as np

from jobs.relevance.item_side import ItemSide
from jobs.relevance.wordings import texts_of, with_wordings
from model.fusion.inputs import Items

# Two numbers of a text, and one of a picture, which the first item alone has; a and c have one text.
TEXT = np.array([[1, 0, 0], [0, 1, 0], [1, 0, 0.5]], dtype=np.float32)
ITEMS = Items(np.array([[1.0], [2.0], [3.0]], dtype=np.float32), TEXT, np.array([2, 1, 0], dtype=np.int32))


def test_a_wording_has_the_features_and_the_picture_of_its_item() -> None:
    wordings = {0: np.array([[0.6, 0.8], [0.8, 0.6]]), 1: np.zeros((0, 2)), 2: np.array([[0.0, 1.0]])}
    items = with_wordings(ITEMS, wordings)
    np.testing.assert_allclose(items.text[:3], TEXT)
    np.testing.assert_allclose(items.text[3:], [[0.6, 0.8, 0.5], [0.8, 0.6, 0.5], [0.0, 1.0, 0.0]], rtol=1e-6)
    assert items.features.ravel().tolist() == [1, 2, 3, 1, 1, 3]
    assert items.text_row.tolist() == [2, 1, 0, 3, 4, 5]


def test_texts_are_without_pictures_and_equal_ones_share_a_row() -> None:
    side = ItemSide(np.array(["a", "b", "c"]), np.array(["tail"] * 3), np.array(["x"] * 3), ITEMS)
    texts = texts_of(side, np.array(["h1", "h0", "h1"]), image_size=1)
    assert texts.row.tolist() == [1, 0, 1]
    assert texts.vectors.tolist() == [[0, 1], [1, 0]]
