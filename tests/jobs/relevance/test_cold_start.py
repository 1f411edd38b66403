from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from jobs.relevance.cold_start import cold_start_figures
from jobs.relevance.item_side import ItemSide
from jobs.relevance.ranked_candidates import Ranked
from jobs.relevance.samples import Sample, Targets
from model.fusion.inputs import Block, Items
from model.fusion.ranker import RankerInputs

ITEMS = np.array(["a", "b", "c", "d", "e"])
SEGMENT = np.array(["tail", "cold", "cold", "cold", "cold"])


def _ranked() -> Ranked:
    """Two shoppers with the candidates a, b and c, in the order c, a, b by score."""
    shape = (2, 3)
    block = Block(
        history=np.full((2, 1), -1, dtype=np.int32), days_ago=np.zeros((2, 1)), event_types=np.zeros((2, 1)),
        user_features=np.zeros((2, 0)),
        candidates=np.tile(np.arange(3, dtype=np.int32), (2, 1)), channel_scores=np.zeros((*shape, 1)),
        first_stage_score=np.zeros(shape), pair_features=np.zeros((*shape, 0)),
    )  # fmt: skip
    side = ItemSide(ITEMS, SEGMENT, SEGMENT, Items(np.zeros((5, 0)), np.zeros((0, 2)), np.full(5, -1)))
    inputs = RankerInputs(("als",), (), (), 1)
    sample = Sample(inputs, pa.array(["u1", "u2"]), side, block, np.zeros(shape, dtype=bool), None)
    return Ranked(sample, np.tile([0.2, 0.1, 0.3], (2, 1)))


def _targets(*pairs: tuple[str, str]) -> Targets:
    segment = dict(zip(ITEMS, SEGMENT, strict=True))
    rows = {
        "user_id": [u for u, _ in pairs],
        "item_id": [i for _, i in pairs],
        "segment": [segment[i] for _, i in pairs],
    }
    return Targets(pa.table(rows))


def test_cold_items_are_ranked_among_themselves_and_new_shoppers_apart() -> None:
    figures = cold_start_figures(
        _ranked(), _targets(("u1", "c"), ("u1", "d"), ("u1", "a"), ("u2", "b")), 1, np.log1p([10.0, 300.0])
    )
    assert figures == {
        # u1 wants c and d, and c is the best cold candidate: 1/2; u2 wants b, which is the second: 0.
        "cold_items_recall_at_1": pytest.approx(0.25),
        "cold_items_recall_at_1_by_chance": pytest.approx(1 / 4),  # one of the four cold items
        # u1 came ten days ago and finds c, one of three.
        "new_shoppers_recall_at_1": pytest.approx(1 / 3),
        "new_shoppers": 1.0,
    }


def test_without_cold_targets_and_new_shoppers_there_is_no_figure() -> None:
    for ages in (np.log1p([300.0, np.inf]), None):
        assert cold_start_figures(_ranked(), _targets(("u1", "a")), 1, ages) == {}
