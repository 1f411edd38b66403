"""True responses to lists and to shelves that are the same for all, where both are known by hand."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from jobs.config.configuration import load_config
from jobs.replaying.panel_store import PanelStore
from model.simulation.storefront import Storefront
from model.simulation.world import World
from tests.benchmark import simulated_truth
from tests.benchmark.simulated_truth import (
    OF_BEST,
    OF_LISTS,
    OF_TAIL,
    exposed,
    printed_errors,
    printed_responses,
    responses_by_night,
    same_for_all,
)

NIGHT = date(2024, 5, 1)
MANY = 10**9
# Two shoppers of a class each; the second position is looked at half as often, and a second exposure counts half.
RESPONSE = np.array([[0.5, 0.2, 0.0], [0.0, 0.2, 0.4]])
WORLD = World(
    membership=np.eye(2), appeal=-np.log1p(-RESPONSE), visits=np.ones(2), organic=np.zeros(2),
    examination=np.array([1.0, 0.5]), stock=np.full(3, MANY), arrives=np.zeros(3, dtype=int), fatigue=0.5,
)  # fmt: skip


def after(*exposures: tuple[int, int]) -> Storefront:
    """The storefront after a day with these exposures (shopper, item), none with a response."""
    shop = Storefront(WORLD, 1)
    user, item = np.array(exposures, dtype=np.int64).reshape(-1, 2).T
    shop._remember(user, item)
    return shop


def test_responses_to_exposures() -> None:
    user, item, position = np.array([0, 1, 1]), np.array([0, 2, 1]), np.array([0, 0, 1])
    assert exposed(after(), user, item, position) == pytest.approx((0.5 + 0.4 + 0.1,) * 2)
    tired = 1 - 0.6**0.5  # half of the rate of .4
    assert exposed(after((1, 2)), user, item, position) == pytest.approx((0.5 + tired + 0.1, 1.0))


def test_responses_to_one_shelf_for_all() -> None:
    visits, before = np.array([2.0, 1.0]), np.array([1.0, 0.0])
    fresh = 2 * (0.2 + 0.5 * 0.5) + (0.2 + 0.0)
    tired = 2 * ((1 - 0.8**0.5) + 0.5 * (1 - 0.5**0.5)) + 0.2
    assert same_for_all(after(), visits, before, np.array([1, 0])) == pytest.approx((tired, fresh))


def test_responses_by_night(monkeypatch: pytest.MonkeyPatch) -> None:
    nights = [NIGHT, NIGHT + timedelta(days=1)]
    store = PanelStore(WORLD, pd.DataFrame({"item_id": ["a", "b", "c"]}), ["s1", "s2"])
    second = after((1, 2))
    second.stock = np.array([MANY, 0, MANY])  # the best seller is sold out
    monkeypatch.setattr(
        simulated_truth, "opened", lambda *_: (store, dict(zip(nights, [after(), second], strict=True)))
    )
    conf = load_config(
        Path(__file__).resolve().parents[2] / "conf/local.yaml",
        ["plan.slots=1", "plan.position_weights=[1.0]", "plan.exploration_slots=0"],
    )
    shown = pd.DataFrame(
        [(NIGHT, "s1", "a", 1), (NIGHT, "s2", "c", 1), (nights[1], "s2", "c", 1)],
        columns=["as_of", "user_id", "item_id", "position"],
    )
    items = {night: pd.DataFrame({"item_id": ["a", "b", "c"], "segment": ["tail", "head", "cold"]}) for night in nights}
    sold = pd.Series({"a": 2, "b": 5, "c": 1})
    rows = responses_by_night(conf, Path(), shown, {NIGHT: 1}, sold, items)
    assert rows["visits"].tolist() == [2.0, 1.0]
    assert rows["bought"].tolist() == [1, 0]
    assert rows[OF_LISTS].tolist() == pytest.approx([450.0, 1000 * (1 - 0.6**0.5)])
    assert rows[f"{OF_LISTS}, fresh"].tolist() == pytest.approx([450.0, 400.0])
    # b to both, then a, since b is sold out; s2 responds to a never.
    assert rows[OF_BEST].tolist() == pytest.approx([200.0, 0.0])
    assert rows[f"{OF_TAIL}, fresh"].tolist() == pytest.approx([250.0, 0.0])
    assert "    1       2                1         450.0 (450.0)         200.0 (200.0)" in printed_responses(rows)


def test_errors_of_weights_are_printed() -> None:
    errors = pd.DataFrame({"plan": ["as configured"], "largest": [0.2], "mean": [0.125]})
    assert printed_errors(errors).splitlines()[1] == "as configured                  0.200        0.125"
