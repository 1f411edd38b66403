"""Groups that starve: far below their floor and beyond chance, not after a few exposures."""

from __future__ import annotations

import pandas as pd
import pytest

from jobs.live.live_plan import Floor, LivePlan

PLAN = LivePlan(
    None,
    pd.Series(dtype="float64"),
    (Floor("cold (segment = cold)", 0.2, frozenset({"c", "d"})), Floor("new (age <= 28)", 0.2, frozenset({"n"}))),
)


def test_a_group_far_below_its_floor_starves() -> None:
    # cold: 3 + 1 of 1,000 instead of 200; new: 150, which is short, yet by less than half
    delivered = pd.Series({"c": 3.0, "d": 1.0, "n": 150.0, "t": 846.0})
    [(name, error)] = PLAN.starving(delivered)
    # 98 % short, less three standard errors of sqrt(.8 / (.2 * 1000)) each
    assert (name, error) == ("cold (segment = cold)", pytest.approx(0.98 - 3 * 0.0632, abs=1e-3))


def test_a_few_exposures_say_nothing() -> None:
    assert PLAN.starving(pd.Series({"t": 10.0})) == []
    assert PLAN.starving(pd.Series(dtype="float64")) == []
