"""The table of planned and achieved shares, from the plan and the account of one night."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pyspark.sql import SparkSession

from jobs.config.configuration import load_config
from jobs.delivery.group_shares import group_shares
from tests.benchmark.simulated_delivery import (
    BEYOND,
    FAR,
    WITHIN,
    accounted,
    beyond_by_chance,
    catalogues,
    checked_shares,
    counted_log,
    delivered,
    printed,
    problems,
    shares,
    table,
    verdict,
)
from tests.benchmark.simulated_truth import weight_errors
from tests.jobs.test_account_exposure import FIRST, GENEROUS, Store

ROOT = Path(__file__).resolve().parents[2]
FLOORS = (
    "plan.floors={cold: {column: segment, equals: cold, share: 0.2}, "
    "new_items: {column: days_since_listed, at_most: 28, share: 0.1}}"
)


def test_shares_of_groups_and_segments() -> None:
    conf = load_config(ROOT / "conf/local.yaml", [FLOORS])
    items = pd.DataFrame({"item_id": ["a", "b", "c"], "segment": ["tail", "cold", "cold"]})
    items["days_since_listed"] = [3.0, 90.0, np.nan]
    account = pd.DataFrame({"item_id": ["a", "b", "x"], "segment": ["tail", "cold", ""]})  # c is not in the account
    account["planned"], account["delivered"] = [60.0, 40.0, 0.0], [30.0, 15.0, 5.0]
    account = account.assign(clicks=[2.0, 1.0, 9.0], carts=0.0, purchases=1, revenue=Decimal(3), margin=None)
    by_group = shares(conf.plan, items, account).set_index("group").drop(columns="member")
    assert by_group.loc["cold"].tolist() == pytest.approx([0.2, 40.0, 0.4, 0.3])
    assert by_group.loc["new_items"].tolist() == pytest.approx([0.1, 60.0, 0.6, 0.6])
    assert by_group.loc["all tail items"].tolist() == pytest.approx([np.nan, 60.0, 0.6, 0.6], nan_ok=True)
    of_groups = group_shares(conf.plan, items, account).set_index("constraint")
    assert of_groups.loc["new_items", ["clicks", "purchases", "revenue"]].tolist() == [2.0, 1.0, 3.0]
    assert np.isnan(of_groups.loc["new_items", "margin"])
    rows = by_group.reset_index().assign(night=1, correction=[0.1, 0.0, np.nan, np.nan], verdict="")
    assert "cold                  1        40  20.0 %   40.0 %    30.0 %           -25.0 %         +10.0 %" in printed(
        rows
    )


def test_groups_above_1600_expected_exposures_are_checked() -> None:
    assert verdict(1, 1_500, 0.2, 0.1) == verdict(5, 1_599, 0.2, 0.1) == ""
    assert verdict(1, 1_600, 0.2, 0.219) == verdict(2, 1_600, 0.2, 0.191) == WITHIN
    assert verdict(1, 1_600, 0.2, 0.221) == verdict(2, 1_600, 0.2, 0.211) == BEYOND
    # Three standard errors of 10,000 exposures are 3 %.
    assert verdict(2, 10_000, 0.2, 0.2159) == BEYOND
    assert verdict(2, 10_000, 0.2, 0.2161) == verdict(1, 10_000, 0.2, 0.2 * 0.52) == FAR


def test_chance_explains_few_shares_beyond_the_bar() -> None:
    def of(expected: float, nights: int) -> int:
        return beyond_by_chance(pd.DataFrame({"night": range(2, nights + 2), "expected": expected}))

    assert of(10_000, 30) == 0
    # At 1,600 the bar is two standard errors: of 9 counts, 4.55 % each, more than one is beyond in 6 % of simulations,
    # more than two in .7 %.
    assert (of(1_600, 1), of(1_600, 2), of(1_600, 9)) == (0, 1, 2)
    assert beyond_by_chance(pd.DataFrame({"night": [1], "expected": [1_600.0]})) == 0
    random = np.random.default_rng(1)
    counts = random.poisson(1_600, (4_000, 9))
    assert ((np.abs(counts / 1_600 - 1) > 0.05).sum(axis=1) > of(1_600, 9)).mean() < 0.02


def test_problems_are_named() -> None:
    rows = pd.DataFrame({"group": ["a", "b", "c"], "night": 2, "expected": [9_000.0, 8_000.0, 100.0]})
    rows = rows.assign(achieved=[0.3, 0.2, 0.1])
    errors = pd.DataFrame({"plan": ["as configured", "night 2"], "largest": [0.2, 0.1], "mean": [0.15, 0.02]})
    assert problems(rows.assign(verdict=[WITHIN, WITHIN, ""]), errors) == []
    assert problems(rows.assign(verdict=""), errors) == [
        "No group had more than 1,600 expected exposures, so no share was checked."
    ]
    assert problems(rows.assign(verdict=[WITHIN, BEYOND, ""]), errors) == [
        "b: more achieved shares are off the plan than chance explains."
    ]
    twice = pd.concat([rows, rows.assign(group="same items")]).assign(verdict=[WITHIN, FAR, ""] * 2)
    assert checked_shares(twice)["group"].tolist() == ["a", "b"]
    assert "same items" not in " ".join(problems(twice, errors))
    worse = problems(rows.assign(verdict=[FAR, WITHIN, ""]), errors.iloc[::-1])
    assert [problem.split(":")[0] for problem in worse[:2]] == ["a", "a"]
    assert worse[2] == "The learnt position weights are 0.150 off in the mean, those configured 0.020."


def of_nights(store: Store, as_of: date, examination: np.ndarray) -> pd.DataFrame:
    account = accounted(store.tables, store.conf)
    seen = delivered(counted_log(store.tables, store.conf, as_of), examination)
    return table(store.tables, store.conf, account, catalogues(store.tables, store.conf, account), seen)


@pytest.mark.slow
def test_the_nights_of_a_store_with_their_corrections(spark: SparkSession, tmp_path: Path) -> None:
    store = Store(spark, tmp_path, GENEROUS, "plan.max_item_share=0.05")
    nights = [FIRST + timedelta(days=n) for n in range(3)]
    for before, night in zip([None, *nights[:2]], nights, strict=True):
        if before:
            store.log(before, t=9000.0, c=1000.0)  # 10 % of cold instead of 20 %, and of both more than their cap
        store.account(night)
        store.plan(night)
    rows = of_nights(store, nights[-1], np.ones(10))
    cold = rows[rows["group"] == "cold"]
    assert cold["night"].tolist() == [1, 2]
    for name, expected in {"asked": 0.2, "planned": 0.2, "expected": 2000.0, "achieved": 0.1}.items():
        assert cold[name].tolist() == pytest.approx([expected] * 2)
    assert cold["correction"].tolist() == pytest.approx([0.0, 0.125])
    assert rows.loc[rows["group"] == "cold", "verdict"].tolist() == [FAR, FAR]  # half of the share
    # All of t was shown at the first position and c at the second, which the truth examines half as often.
    truth = np.array([1.0, 0.5])
    store.log(nights[2], position=2, c=2000.0)
    store.log(nights[2], "main", t=8000.0)
    store.account(nights[2] + timedelta(days=1))
    last = of_nights(store, nights[2] + timedelta(days=1), truth)
    cold = last[(last["group"] == "cold") & (last["night"] == 3)]
    assert cold["achieved"].tolist() == pytest.approx([1000 / 9000])
    # The first night had the configured weights; the log of shelves with one place each says nothing about them.
    errors = weight_errors(store.tables, store.conf, nights, np.array(store.conf.plan.position_weights) * 0.9)
    assert errors["plan"].tolist() == ["as configured", "night 1", "night 2", "night 3"]
    assert errors["largest"].tolist() == pytest.approx([0.0] * 4, abs=1e-9)
