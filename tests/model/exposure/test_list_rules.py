"""List rules: what one list may hold."""

from __future__ import annotations

import numpy as np
import pytest

from model.exposure.list_rules import ListRules
from tests.model.exposure.problems import no_rules, rules_of

# Of a type at most 2 (items 0 to 3 are of one), of the cold ones 1 (3 and 4).
RULES = rules_of(([5, 5, 5, 5, -1, -1], 2), ([-1, -1, -1, 0, 0, -1], 1))


@pytest.mark.parametrize(
    ("listed", "item", "fits"),
    [
        ([], 3, True),
        ([0, 1], 2, False),  # a third of the type
        ([0, 5], 2, True),
        ([4], 3, False),  # a second cold item
        ([0, 1], 4, True),
        ([0, 1, 3, 4], 5, True),  # no rule bounds item 5
    ],
)
def test_an_item_fits_while_all_its_groups_have_room(listed: list[int], item: int, fits: bool) -> None:
    assert RULES.fits(np.array(listed, dtype=np.int64), item) == fits
    row = np.array([listed + [-1] * (4 - len(listed))])
    assert (RULES.remaining(row, np.array([item])) > 0).all() == fits


def test_what_remains_under_each_rule() -> None:
    listed = np.array([[0, 4, -1], [-1, -1, -1], [0, 4, -1]])
    remaining = RULES.remaining(listed, np.array([1, 3, 3]))
    assert remaining[0].tolist() == [1, 2, 1]
    assert remaining[1].tolist() == [np.iinfo(np.int32).max, 1, 0]


def test_without_rules_everything_fits() -> None:
    assert no_rules(3).fits(np.array([0, 1]), 2)
    assert no_rules(3).remaining(np.array([[0, 1]]), np.array([2])).shape == (0, 1)


@pytest.mark.parametrize(
    ("codes", "most", "says"),
    [
        (np.zeros((2, 3), dtype=np.int32), np.ones(1, dtype=np.int64), "one row of codes"),
        (np.full((1, 3), -2, dtype=np.int32), np.ones(1, dtype=np.int64), "below -1"),
        (np.zeros((1, 3), dtype=np.int32), np.zeros(1, dtype=np.int64), "brand allows 0 items"),
    ],
)
def test_refuses(codes: np.ndarray, most: np.ndarray, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        ListRules(codes, most, ("brand",))
