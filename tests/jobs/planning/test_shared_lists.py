"""The list of the shoppers without consent, and the fallback lists of unknown shoppers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from features.contract import CONSTRAINT_PRICES, ITEM_EXPOSURE
from jobs.plan_exposure import plan_exposure, plan_night
from tests.jobs.planning.small_store import NIGHT, conf_in, night_of


def test_the_list_without_consent_may_exceed_the_cap_of_a_share_and_is_reported(
    spark: SparkSession, store: Path
) -> None:
    night = night_of(spark, conf_in(store, policy="tight", relevance_of="main", max_item_share=0.02))
    plan_exposure(night)
    of_policy = F.col("policy") == "tight"
    items = night.tables.read_date(ITEM_EXPOSURE, NIGHT).where(of_policy).toPandas().set_index("item_id")
    prices = (
        night.tables.read_date(CONSTRAINT_PRICES, NIGHT).where(of_policy).toPandas().set_index(["constraint", "member"])
    )
    # 0.02 of 24 shoppers x 0.5 visits x 2.4; the two without consent see the first place 2 x 0.5 times, the second 0.8.
    cap = 0.02 * 28.8
    first, second = items["allocated"].drop("pinned").nlargest(2).index  # a pin has a cap of its own
    assert items.loc[[first, second], "cap"].tolist() == pytest.approx([cap, cap])
    assert items.loc[[first, second], "allocated"].tolist() == pytest.approx([1.0, 0.8])
    assert prices.loc[("item_cap", first), ["bound", "used"]].tolist() == pytest.approx([cap, 1.0])
    reported = night.record.decisions["above their caps"]
    over = (1.0 - cap) + (0.8 - cap) + max(0.6 - cap, 0.0)
    assert f"by {over:.2f} exposures in all; most {first}, 1.00 of {cap:.2f}" in reported


def test_unknown_shoppers_have_a_list_of_their_segment(spark: SparkSession, store: Path) -> None:
    keys = {"shopper_segments": "visit_days_28d", "policy": "segments", "relevance_of": "main"}
    plan = plan_night(night_of(spark, conf_in(store, stock={"column": None}, **keys)))
    shared, item_ids = plan.shared, plan.catalogue.item_ids.tolist()
    assert set(shared.lists) == {"everyone", "0"}
    # All consenting shoppers are of the segment "0", so its means are those of everyone.
    np.testing.assert_allclose(shared.relevance["0"], shared.relevance["everyone"])
    jam = item_ids.index("jam")
    # (0 + 1 + … + 21) / 22 = 10.5 thousandths above 0.18.
    assert shared.relevance["0"][jam] == pytest.approx(0.18 + 0.0105)
    # How many unknown shoppers come is unknown, so only a cap of 0 keeps items out of their lists.
    none = {"tea": {"column": "category", "equals": "Food > Tea", "share": 0.0}}
    capped = plan_night(night_of(spark, conf_in(store, caps=none, **keys)))
    teas = {"best", "tea"}
    assert teas & {item_ids[row] for row in shared.lists["0"]}
    assert not teas & set(capped.catalogue.item_ids[capped.shared.lists["0"]])
