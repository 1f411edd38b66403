"""The table of planned and achieved shares, from the plan and the account of one night."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pyspark.sql import SparkSession

from jobs.config.configuration import load_config
from jobs.delivery.group_shares import group_shares
from tests.benchmark.simulated_delivery import BEYOND, WITHIN, printed, shares, table, verdict
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


def test_only_large_groups_of_late_nights_are_checked() -> None:
    assert verdict(4, 2_000, 0.2, 0.1) == verdict(5, 1_500, 0.2, 0.1) == ""
    assert verdict(5, 1_600, 0.2, 0.191) == WITHIN
    assert verdict(6, 1_600, 0.2, 0.211) == BEYOND


@pytest.mark.slow
def test_the_nights_of_a_store_with_their_corrections(spark: SparkSession, tmp_path: Path) -> None:
    store = Store(spark, tmp_path, GENEROUS, "plan.max_item_share=0.05")
    nights = [FIRST + timedelta(days=n) for n in range(3)]
    for before, night in zip([None, *nights[:2]], nights, strict=True):
        if before:
            store.log(before, t=9000.0, c=1000.0)  # 10 % of cold instead of 20 %, and of both more than their cap
        store.account(night)
        store.plan(night)
    rows = table(spark, store.conf, nights[-1], np.ones(10))
    cold = rows[rows["group"] == "cold"]
    assert cold["night"].tolist() == [1, 2]
    for name, expected in {"asked": 0.2, "planned": 0.2, "expected": 2000.0, "achieved": 0.1}.items():
        assert cold[name].tolist() == pytest.approx([expected] * 2)
    assert cold["correction"].tolist() == pytest.approx([0.0, 0.125])
    assert set(rows["verdict"]) == {""}
    # All of t was shown at the first position and c at the second, which the truth examines half as often.
    truth = np.array([1.0, 0.5])
    store.log(nights[2], position=2, c=2000.0)
    store.log(nights[2], "main", t=8000.0)
    store.account(nights[2] + timedelta(days=1))
    last = table(spark, store.conf, nights[2] + timedelta(days=1), truth)
    cold = last[(last["group"] == "cold") & (last["night"] == 3)]
    assert cold["achieved"].tolist() == pytest.approx([1000 / 9000])
