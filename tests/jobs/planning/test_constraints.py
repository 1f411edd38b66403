"""Everything that a plan has to respect, on one small night."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from features.contract import CONSTRAINT_PRICES, EXPOSURE_SCORES, FALLBACK_LISTS, ITEM_EXPOSURE, RELEVANCE
from features.declarations import USER_FEATURES_TABLE
from jobs.execution.night import Night
from jobs.plan_exposure import plan_exposure
from jobs.runtime.errors import LongtailError
from tests.jobs.planning.small_store import ITEMS_OF, NIGHT, OPTED_OUT, conf_in, night_of, write_store


def test_everything_at_once(planned: Night) -> None:
    # Other tests plan further policies of the same store.
    lists, items, prices, fallback = (
        planned.tables.read_date(table, NIGHT).where("policy = 'main'").toPandas()
        for table in (EXPOSURE_SCORES, ITEM_EXPOSURE, CONSTRAINT_PRICES, FALLBACK_LISTS)
    )
    lists, items = lists.sort_values(["user_id", "rank"]), items.set_index("item_id")
    prices, fallback = prices.set_index(["constraint", "member"]), fallback.sort_values("rank")
    total = 24 * 0.5 * 2.4

    # Banned, sensitive and out of stock items are never shown; a category whose name only begins alike may enter.
    assert set(lists["item_id"]).isdisjoint({"banned", "wine", "jam"})
    assert set(items.index) == {"best", "tea", "jam", "salt", "soap", "pinned", "wines"}
    assert items.loc["jam", ["cap", "allocated"]].tolist() == [0.0, 0.0]

    # Shoppers without consent share one list, with no boost, and it counts in the exposure of items.
    opted_out = lists[lists["user_id"].isin(OPTED_OUT)]
    assert opted_out.groupby("rank")["item_id"].nunique().tolist() == [1, 1, 1]
    assert (opted_out["boost"] == 0).all()
    assert opted_out["reason"].str.contains("not personal").all()
    weight = lists["rank"].map({1: 1.0, 2: 0.8, 3: 0.6}) * 0.5
    delivered = weight.groupby(lists["item_id"]).sum().reindex(items.index, fill_value=0.0)
    assert items["allocated"].tolist() == pytest.approx(delivered.tolist())
    assert fallback["item_id"].tolist() == opted_out.drop_duplicates("rank")["item_id"].tolist()
    assert set(fallback["shopper_segment"]) == {"everyone"}

    # The best item rests for u00; u01 saw it once in the week.
    assert "u00" not in lists.loc[lists["item_id"] == "best", "user_id"].tolist()

    # Margin counts: salt (0.16 * 1.9) is worth more than tea (0.2 * 1.1); value and boost make the score.
    np.testing.assert_allclose(lists["score"], lists["value"] + lists["boost"], atol=1e-9)
    salt = lists[lists["item_id"] == "salt"].iloc[0]
    assert salt["value"] == pytest.approx(salt["relevance"] * 1.9)

    # The pinned item gets its share; the reason says who pinned it, and what it displaced.
    assert items.loc["pinned", "allocated"] >= 0.04 * total
    assert items.loc["pinned", "floor"] == pytest.approx(0.04 * total)
    pinned = lists[lists["item_id"] == "pinned"]["reason"]
    assert pinned.str.contains("pinned by Ann until 2017-12-24; in place of ").any()
    assert planned.record.decisions["pins without effect"] == "unknown"
    assert planned.record.decisions["no item matches plan.merchandising"] == "unknown"
    assert planned.record.decisions["desk_rules"] == planned.rules

    # Caps of providers and the budget (0.6 at 0.5 an exposure) hold, and have rows of their own.
    of_provider = delivered.groupby({row[0]: row[3] for row in ITEMS_OF}).sum()
    assert (of_provider <= 0.6 * total + 1e-9).all()
    assert of_provider["cape"] <= 1.2 + 1e-9
    assert prices.loc[("provider", "provider_id = acme"), "bound"] == pytest.approx(0.6 * total)
    assert prices.loc[("budget", "cape"), ["bound", "used"]].tolist() == pytest.approx([1.2, of_provider["cape"]])
    # The budget leaves less than the floor for cold asks for: 0.05 of 28.8 is 1.44.
    assert prices.loc[("cold", "segment = cold"), "shortfall"] >= 1.44 - 1.2 - 1e-9
    assert "unmet cold" in planned.record.decisions


def test_caps_and_budgets_hold_for_drawn_entries(planned: Night, spark: SparkSession, store: Path) -> None:
    night = night_of(spark, conf_in(store, policy="drawn", relevance_of="main", exploration_slots=1))
    plan_exposure(night)
    lists = night.tables.read_date(EXPOSURE_SCORES, NIGHT).where("policy = 'drawn'").toPandas()
    assert (lists["propensity"] < 1).any()
    delivered = lists["rank"].map({1: 1.0, 2: 0.8, 3: 0.6}) * 0.5
    of_provider = delivered.groupby(lists["item_id"].map({row[0]: row[3] for row in ITEMS_OF})).sum()
    assert (of_provider <= 0.6 * 28.8 + 1e-9).all()
    assert of_provider["cape"] <= 1.2 + 1e-9


@pytest.mark.parametrize("driver_pairs", [pytest.param(10_000, marks=pytest.mark.slow), 1])
def test_nan_relevance_stops_the_plan(spark: SparkSession, tmp_path: Path, driver_pairs: int) -> None:
    write_store(spark, tmp_path)
    night = night_of(spark, conf_in(tmp_path, driver_pairs=driver_pairs))
    broken = F.when((F.col("user_id") == "u03") & (F.col("item_id") == "salt"), F.lit("NaN").cast("double"))
    rows = night.tables.read(RELEVANCE).withColumn("relevance", broken.otherwise(F.col("relevance"))).localCheckpoint()
    # The warehouse refuses to write NaN, so write it past the warehouse.
    rows.write.format("delta").mode("overwrite").partitionBy(*RELEVANCE.partitioned_by).save(
        f"{night.conf.warehouse}/{RELEVANCE.name}"
    )
    with pytest.raises(LongtailError, match=r"relevance is NaN for some pairs of 2017-12-01, among them .* item salt"):
        plan_exposure(night)


@pytest.mark.parametrize("driver_pairs", [10_000, pytest.param(1, marks=pytest.mark.slow)])
def test_shoppers_without_features_stop_the_plan(spark: SparkSession, tmp_path: Path, driver_pairs: int) -> None:
    write_store(spark, tmp_path)
    night = night_of(spark, conf_in(tmp_path, driver_pairs=driver_pairs))
    known = night.tables.read(USER_FEATURES_TABLE).where("user_id NOT IN ('u03', 'u04')").localCheckpoint()
    night.tables.replace(known, USER_FEATURES_TABLE, where=None)
    with pytest.raises(LongtailError, match=r"2 shoppers of relevance have no row in user_features"):
        plan_exposure(night)
