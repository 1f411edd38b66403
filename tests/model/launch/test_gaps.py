"""What a new item's text lacks against look-alikes and queries."""

from __future__ import annotations

import numpy as np

from model.launch.gaps import Gap, Query, missing_attributes, missing_keywords, missing_words
from model.launch.look_alikes import look_alikes


def test_the_nearest_texts_of_the_category_that_sell_well_are_look_alikes() -> None:
    angles = np.array([0.0, 0.5, 0.1, 0.2, 0.3, 0.4, 0.05, 0.6])
    text = np.column_stack([np.cos(angles), np.sin(angles)])
    own = np.array([1.0, 0.0])
    categories = np.array(["Food > Jam", "Food > Tea"]), np.array([1, 1, 1, 1, 1, 1, 1, 0])
    # 0 has the item's own text, 6 sells too little: of the sales 9, 9, 9, 9, 9, 9, 1 the upper quartile begins at 9.
    sales = np.array([9, 9, 9, 9, 9, 9, 1, 50])

    def found(category: str, sales: np.ndarray, most: int) -> list[int]:
        return look_alikes(own, text, np.arange(8), category, categories, sales, most).tolist()

    assert found("Food > Tea", sales, most=4) == [2, 3, 4, 5]
    assert found("Food > Tea", sales, most=9) == [2, 3, 4, 5, 1]
    # Of jam one item sells, so the level above is searched: the upper quartile of 9, 9, 9, 9, 9, 9, 1, 50 begins at 9.
    assert found("Food > Jam", sales, most=9) == [2, 3, 4, 5, 1, 7]
    assert found("Food > Tea", 0 * sales, most=4) == []
    assert found("", sales, most=4) == []


def test_an_attribute_that_half_of_the_look_alikes_have_is_a_gap() -> None:
    others = [{"brand", "size"}, {"brand", "size", "colour"}, {"size", "material"}, {"material", "brand"}]
    assert missing_attributes({"brand"}, others) == [Gap("size", 0.75), Gap("material", 0.5)]
    assert missing_attributes({"brand"}, []) == []
    assert missing_attributes(set(), [{"size"}]) == []  # a single item is no custom


def test_keywords_are_compared_by_their_base_forms() -> None:
    others = [["green tea", "loose leaf"], ["green teas", "organic"], ["organic", "tins"], ["cups"], ["green tea"]]
    assert missing_keywords("Green tin", others, most=9) == [Gap("green tea", 0.6), Gap("organic", 0.4)]
    assert missing_keywords("Tea, green and organic", others, most=9) == []
    assert missing_keywords("", others, most=1) == [Gap("green tea", 0.6)]


def test_searched_words_are_those_that_look_alikes_have() -> None:
    queries = [Query("decaf green tea", 40, 0.8), Query("tea gift box", 60, 0.7), Query("decaf tea", 30, 0.7)]
    look_alike_texts = ["Decaf tea. From Assam", "Tea in a box"]
    assert missing_words("Green tea", queries, look_alike_texts, most=9) == ["decaf", "box"]
    assert missing_words("Green tea", queries, look_alike_texts, most=1) == ["decaf"]
    assert missing_words("Green tea", [], look_alike_texts, most=1) == []
