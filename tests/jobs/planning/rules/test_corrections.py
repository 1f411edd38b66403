"""Floors and caps, moved by what earlier nights delivered."""

import numpy as np

from jobs.planning.rules.corrections import corrected
from jobs.planning.rules.groups import NamedGroup
from jobs.planning.rules.item_bounds import ItemBounds
from model.exposure.problem import Group

ITEM_IDS = np.array(["a", "b", "c"], dtype=object)
BOUNDS = ItemBounds(
    cap=np.array([10.0, 10.0, 4.0]),
    floor=np.array([0.0, 9.0, 0.0]),
    stock=np.array([np.inf, np.inf, 4.0]),
    cap_kind=np.array(["item_cap", "item_cap", "stock"], dtype=object),
    floor_kind=np.array(["item_floor"] * 3, dtype=object),
)
GROUPS = (
    NamedGroup("cold", "segment = cold", Group("cold", np.array([0]), floor=50.0)),
    NamedGroup("brand", "brand = X", Group("brand", np.array([1]), cap=20.0)),
    NamedGroup("new", "days <= 28", Group("new", np.array([1]), floor=5.0)),
)


def test_bounds_are_moved_by_their_corrections() -> None:
    corrections = {
        ("cold", "segment = cold"): 0.2, ("brand", "brand = X"): -0.1, ("item_cap", "a"): -0.3, ("item_cap", "b"): -0.3,
        ("item_cap", "c"): -0.3, ("item_cap", "gone"): -0.3,
    }  # fmt: skip
    bounds, groups = corrected(corrections, ITEM_IDS, BOUNDS, GROUPS)
    # a: 10 * .7; b: not below its own floor; c: held by its stock, which delivery does not change
    np.testing.assert_allclose(bounds.cap, [7.0, 9.0, 4.0])
    np.testing.assert_allclose(bounds.floor, BOUNDS.floor)
    assert [(named.group.floor, named.group.cap) for named in groups] == [(60.0, np.inf), (0.0, 18.0), (5.0, np.inf)]


def test_without_corrections_bounds_are_as_configured() -> None:
    assert corrected({}, ITEM_IDS, BOUNDS, GROUPS) == (BOUNDS, GROUPS)
