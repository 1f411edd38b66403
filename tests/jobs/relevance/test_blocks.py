"""Rows of shoppers and candidates as the arrays of the second stage, without Spark."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from jobs.relevance.blocks import block_of
from model.fusion.inputs import EVENT_TYPES, PADDING, Block
from model.fusion.ranker import RankerInputs

USER_FEATURES = ("purchases_count_28d",)
INPUTS = RankerInputs(("als",), (), USER_FEATURES, 4)
ITEMS = pa.array(["a", "b", "c", "d"])
OF_PAIRS = ("pair_views_count_28d", "days_since_pair_view")


def _block(inputs: RankerInputs, shoppers: list[dict[str, Any]], candidates: list[tuple[str, str]]) -> Block:
    rows = [
        {"user_id": user, "item_id": item, "rank": place, "first_stage_score": 0.0, "channel_scores": [float(place)]}
        for place, (user, item) in enumerate(candidates)
    ]
    of_pair = pa.struct([("item_id", pa.string()), *((name, pa.float64()) for name in OF_PAIRS)])
    schema = pa.schema([
        ("user_id", pa.string()), ("item_ids", pa.list_(pa.string())), ("event_types", pa.list_(pa.string())),
        ("days_ago", pa.list_(pa.float32())), ("purchases_count_28d", pa.int64()), ("pairs", pa.list_(of_pair)),
    ])  # fmt: skip
    none = dict.fromkeys(schema.names) | {"purchases_count_28d": 0}
    full = [none | one for one in shoppers]
    return block_of(pa.Table.from_pylist(rows), pa.Table.from_pylist(full, schema), ITEMS, inputs)[2]


def test_features_of_pairs_come_to_their_candidates_and_others_have_the_default() -> None:
    def pair(item: str, views: float, days: float) -> dict[str, Any]:
        return {"item_id": item, OF_PAIRS[0]: views, OF_PAIRS[1]: days}

    block = _block(
        RankerInputs(("als",), (), USER_FEATURES, 4, pair_features=OF_PAIRS),
        # z is no item of the date; u2 has viewed nothing, u3 the candidate of u1.
        [
            {"user_id": "u1", "pairs": [pair("c", 3.0, 2.0), pair("d", 1.0, 60.0), pair("z", 9.0, 1.0)]},
            {"user_id": "u2"},
            {"user_id": "u3", "pairs": [pair("b", 7.0, 0.0), pair("c", 5.0, 1.0)]},
        ],
        [("u1", "d"), ("u1", "a"), ("u1", "c"), ("u2", "c"), ("u3", "a"), ("u3", "c")],
    )
    views = np.array([[1.0, 0.0, 3.0], [0.0, 0.0, 0.0], [0.0, 5.0, 0.0]])
    days = np.array([[60.0, 400.0, 2.0], [400.0, 0.0, 0.0], [400.0, 1.0, 0.0]])  # padded places are 0
    assert block.listed.tolist() == [[True] * 3, [True, False, False], [True, True, False]]
    np.testing.assert_allclose(block.pair_features[..., 0], np.log1p(views), rtol=1e-6)
    np.testing.assert_allclose(block.pair_features[..., 1], np.log1p(days), rtol=1e-6)


def test_a_model_without_features_of_pairs_reads_none() -> None:
    block = _block(INPUTS, [{"user_id": "u1"}], [("u1", "a")])
    assert block.pair_features.shape == (1, 1, 0)


def test_a_return_takes_the_earlier_interest_in_its_item_out_of_the_history() -> None:
    shopper = {
        "user_id": "u1", "item_ids": ["a", "b", "a", "c", "b", "a"], "days_ago": [1.0, 2.0, 3.0, 4.0, 5.0, 6.0],
        "event_types": ["view", "return", "low_rating", "cart", "purchase", "purchase"],
    }  # fmt: skip
    types = (*EVENT_TYPES, "view", "low_rating")
    reads = RankerInputs(("als",), (), USER_FEATURES, 6, event_types=types, revoking=("return", "low_rating"))
    block = _block(reads, [shopper], [("u1", "d")])
    # a was rated low and viewed again since; of b nothing is left.
    assert block.history.tolist() == [[0, 2, *[PADDING] * 4]]
    assert block.days_ago.tolist() == [[1.0, 4.0, 0.0, 0.0, 0.0, 0.0]]
    assert block.event_types[0, :2].tolist() == [1 + types.index("view"), 1 + types.index("cart")]
    everything = _block(RankerInputs(("als",), (), USER_FEATURES, 6), [shopper], [("u1", "d")])
    assert everything.history.tolist() == [[0, 1, 0, 2, 1, 0]]
    assert everything.event_types.tolist() == [[0, 6, 0, 2, 1, 1]]  # a view is another event to this model
