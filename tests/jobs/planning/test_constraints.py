"""What a plan has to respect, on one small night: consent, bans, pins, sensitive categories, frequency, stock, budgets;
in memory and by Spark."""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from features.contract import (
    CANDIDATES,
    CONSTRAINT_PRICES,
    EVENTS,
    EXPOSURE_CORRECTIONS,
    EXPOSURE_SCORES,
    FALLBACK_LISTS,
    ITEM_EXPOSURE,
    RELEVANCE,
    RUNS,
)
from jobs.config.configuration import load_config
from jobs.execution.night import Night
from jobs.plan_exposure import plan_exposure
from jobs.planning.by_spark import BySpark
from jobs.planning.eligibility import without_frequent
from jobs.planning.inputs import inputs_of
from jobs.planning.setting import read_setting
from jobs.report.night_tables import Reading
from jobs.report.sections.starving import _why
from jobs.report.why_not import why_not_planned, why_not_shown
from jobs.runtime.errors import ConfigurationError, LongtailError, Refused
from jobs.show import item_in_words, shopper_in_words
from jobs.what_if import what_if
from model.exposure import passes
from model.exposure.passes import InMemory
from model.exposure.prices import priced
from tests.jobs.planning.small_store import ITEMS_OF, NIGHT, REFUSING, USERS, conf_in, night_of, write, write_store
from tests.jobs.small_tables import filled


@pytest.fixture(scope="module")
def folder(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("constraints")
    write_store(spark, made)
    return made


@pytest.fixture(scope="module")
def planned(spark: SparkSession, folder: Path) -> Night:
    night = night_of(spark, conf_in(folder))
    plan_exposure(night)
    return night


def test_everything_at_once(planned: Night) -> None:
    night = planned
    lists = night.tables.read_date(EXPOSURE_SCORES, NIGHT).toPandas().sort_values(["user_id", "rank"])
    items = night.tables.read_date(ITEM_EXPOSURE, NIGHT).toPandas().set_index("item_id")
    prices = night.tables.read_date(CONSTRAINT_PRICES, NIGHT).toPandas().set_index(["constraint", "member"])
    total = 24 * 0.5 * 2.4

    # Banned, sensitive and out of stock: never; a category whose name only begins alike may enter.
    assert set(lists["item_id"]).isdisjoint({"banned", "wine", "jam"})
    assert set(items.index) == {"best", "tea", "jam", "salt", "soap", "pinned", "wines"}
    assert items.loc["jam", ["cap", "allocated"]].tolist() == [0.0, 0.0]

    # Those who refuse have one list, with no boost, and it counts in what items are given.
    refused = lists[lists["user_id"].isin(REFUSING)]
    assert refused.groupby("rank")["item_id"].nunique().tolist() == [1, 1, 1]
    assert (refused["boost"] == 0).all()
    assert refused["reason"].str.contains("not personal").all()
    weight = lists["rank"].map({1: 1.0, 2: 0.8, 3: 0.6}) * 0.5
    delivered = weight.groupby(lists["item_id"]).sum().reindex(items.index, fill_value=0.0)
    assert items["allocated"].tolist() == pytest.approx(delivered.tolist())
    fallback = night.tables.read_date(FALLBACK_LISTS, NIGHT).toPandas().sort_values("rank")
    assert fallback["item_id"].tolist() == refused.drop_duplicates("rank")["item_id"].tolist()
    assert set(fallback["shopper_segment"]) == {"everyone"}

    # The best item rests for u00; u01 saw it once in the week.
    seen = lists[lists["item_id"] == "best"]["user_id"].tolist()
    assert "u00" not in seen

    # Margin counts: salt (0.16 * 1.9) is worth more than tea (0.2 * 1.1); value and boost make the score.
    np.testing.assert_allclose(lists["score"], lists["value"] + lists["boost"], atol=1e-9)
    one = lists[lists["item_id"] == "salt"].iloc[0]
    assert one["value"] == pytest.approx(one["relevance"] * 1.9)

    # The pin has what it asked, says who pinned it, and what it displaced.
    assert items.loc["pinned", "allocated"] >= 0.04 * total
    assert items.loc["pinned", "floor"] == pytest.approx(0.04 * total)
    pinned = lists[lists["item_id"] == "pinned"]["reason"]
    assert pinned.str.contains("pinned by Ann until 2017-12-24; in place of ").any()
    assert night.record.decisions["pins without effect"] == "unknown"
    assert night.record.decisions["no item matches plan.merchandising"] == "unknown"

    # Caps of providers and the budget (0.6 at 0.5 an exposure) hold, each by its name.
    of_provider = delivered.groupby({row[0]: row[3] for row in ITEMS_OF}).sum()
    assert (of_provider <= 0.6 * total + 1e-9).all()
    assert of_provider["cape"] <= 1.2 + 1e-9
    assert prices.loc[("provider", "provider_id = acme"), "bound"] == pytest.approx(0.6 * total)
    assert prices.loc[("budget", "cape"), ["bound", "used"]].tolist() == pytest.approx([1.2, of_provider["cape"]])
    # The budget leaves less than the floor of the cold item wants: 0.05 of 28.8 is 1.44.
    assert prices.loc[("cold", "segment = cold"), "shortfall"] >= 1.44 - 1.2 - 1e-9
    assert "unmet cold" in night.record.decisions


@pytest.mark.parametrize("most_stretches", [64, 2])
def test_spark_and_memory_agree_to_the_last_digit(
    spark: SparkSession, folder: Path, planned: Night, monkeypatch: pytest.MonkeyPatch, most_stretches: int
) -> None:
    monkeypatch.setattr(passes, "MOST_STRETCHES", most_stretches)
    night = planned
    setting = read_setting(night)
    in_memory = InMemory(inputs_of(setting, setting.pairs.frame.toArrow()).problem, shard_users=7)
    by_spark = BySpark(spark, setting, shard_users=7)
    assert (in_memory.stretch, by_spark.stretch) == ((1, 1) if most_stretches == 64 else (2, 2))
    try:
        found = priced(by_spark.bounds, by_spark, 0.002, 12)
        kept = by_spark.kept(found.price, found.gamma).count()
    finally:
        by_spark.close()
    expected = priced(in_memory.problem, in_memory, 0.002, 12)
    np.testing.assert_array_equal(found.price, expected.price)
    assert (found.gap, found.violation, found.passes) == (expected.gap, expected.violation, expected.passes)
    assert found.unmet == expected.unmet
    assert kept == len(in_memory.problem.value)  # 7 items are fewer than 4 pairs a slot

    lists = night.tables.read_date(EXPOSURE_SCORES, NIGHT).toPandas().sort_values(["user_id", "rank"])
    apart = night_of(spark, conf_in(folder, driver_pairs=1))
    plan_exposure(apart)
    assert apart.record.decisions["solved_in"] == "spark"
    again = apart.tables.read_date(EXPOSURE_SCORES, NIGHT).toPandas().sort_values(["user_id", "rank"])
    pd.testing.assert_frame_equal(lists.reset_index(drop=True), again.reset_index(drop=True))


def test_exposure_events_tire_a_pair_by_their_weight(planned: Night, spark: SparkSession, folder: Path) -> None:
    rows = [
        ("u00", "best", "exposure", "tail_shelf", 1, 2.0),  # twice by its weight
        ("u01", "best", "exposure", "tail_shelf", 7, 1.0),
        ("u01", "best", "exposure", "tail_shelf", 8, 1.0),  # before the window
        ("u02", "best", "exposure", "home", 1, 9.0),  # another placement
        ("u03", "best", "click", "tail_shelf", 1, 9.0),
        ("u04", "best", "exposure", "tail_shelf", 0, 9.0),  # on the night itself: not known yet
    ]
    names = ["user_id", "item_id", "event_type", "placement", "days", "sample_weight"]
    events = pd.DataFrame(rows, columns=names).reindex(columns=[*EVENTS.column_names, "days"])
    events["event_date"] = [NIGHT - timedelta(days=days) for days in events.pop("days")]
    events["event_time"] = events["ingested_at"] = pd.to_datetime(events["event_date"])
    events = events.assign(event_id=[str(n) for n in range(len(rows))], quantity=0, price=Decimal(0))
    write(planned.tables, spark, EVENTS, events)
    night = night_of(spark, conf_in(folder, frequency={"times": 2, "days": 7, "counted": "events"}))
    pairs = spark.createDataFrame([(f"u0{n}", "best") for n in range(5)], "user_id string, item_id string")
    left = [row.user_id for row in without_frequent(night, pairs).orderBy("user_id").collect()]
    assert left == ["u01", "u02", "u03", "u04"]
    write(planned.tables, spark, EVENTS, events.iloc[:0])  # other tests plan for shoppers of whom nothing was logged


def test_lists_of_every_plan_that_a_shopper_was_shown_tire_a_pair(
    planned: Night, spark: SparkSession, folder: Path
) -> None:
    pairs = spark.createDataFrame([("u00", "best"), ("u02", "best")], "user_id string, item_id string")
    bold = night_of(spark, conf_in(folder, policy="bold", relevance_of="main"))
    assert [row.user_id for row in without_frequent(bold, pairs).collect()] == ["u02"]
    other = night_of(spark, conf_in(folder, policy="other"))
    assert without_frequent(other, pairs).count() == 2
    # What a publish brought on those nights is known: main on one of them only.
    shown = [
        {"run_id": str(days), "step": "publish", "status": "done", "as_of": NIGHT - timedelta(days=days),
         "decisions": {"policies": policies}}
        for days, policies in ((1, '["main", "other"]'), (7, '["other"]'))
    ]  # fmt: skip
    planned.tables.replace(filled(spark, RUNS, shown), RUNS, where=None)
    assert without_frequent(bold, pairs).count() == 2
    planned.tables.replace(filled(spark, RUNS, []), RUNS, where=None)


def test_caps_and_budgets_hold_for_what_is_drawn_too(planned: Night, spark: SparkSession, folder: Path) -> None:
    night = night_of(spark, conf_in(folder, policy="drawn", relevance_of="main", exploration_slots=1))
    plan_exposure(night)
    lists = night.tables.read_date(EXPOSURE_SCORES, NIGHT).where("policy = 'drawn'").toPandas()
    assert (lists["propensity"] < 1).any()
    delivered = lists["rank"].map({1: 1.0, 2: 0.8, 3: 0.6}) * 0.5
    of_provider = delivered.groupby(lists["item_id"].map({row[0]: row[3] for row in ITEMS_OF})).sum()
    assert (of_provider <= 0.6 * 28.8 + 1e-9).all()
    assert of_provider["cape"] <= 1.2 + 1e-9


@pytest.mark.parametrize("driver_pairs", [10_000, 1])
def test_relevance_that_is_no_number_stops_the_plan(spark: SparkSession, tmp_path: Path, driver_pairs: int) -> None:
    write_store(spark, tmp_path)
    night = night_of(spark, conf_in(tmp_path, driver_pairs=driver_pairs))
    broken = F.when((F.col("user_id") == "u03") & (F.col("item_id") == "salt"), F.lit("NaN").cast("double"))
    rows = night.tables.read(RELEVANCE).withColumn("relevance", broken.otherwise(F.col("relevance"))).localCheckpoint()
    # The warehouse refuses to write it, so it is another program's doing.
    rows.write.format("delta").mode("overwrite").partitionBy(*RELEVANCE.partitioned_by).save(
        f"{night.conf.warehouse}/{RELEVANCE.name}"
    )
    with pytest.raises(LongtailError, match=r"relevance is NaN for some pairs of 2017-12-01, among them .* item salt"):
        plan_exposure(night)


def test_segments_of_shoppers_by_a_column_that_is_not_there(spark: SparkSession, folder: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"plan.shopper_segments: user_features has no column tribe"):
        read_setting(night_of(spark, conf_in(folder, shopper_segments="tribe")))


def test_the_one_list_may_exceed_the_cap_of_a_share_and_that_is_told(spark: SparkSession, folder: Path) -> None:
    night = night_of(spark, conf_in(folder, policy="tight", relevance_of="main", max_item_share=0.02))
    plan_exposure(night)
    mine = F.col("policy") == "tight"
    items = night.tables.read_date(ITEM_EXPOSURE, NIGHT).where(mine).toPandas().set_index("item_id")
    prices = night.tables.read_date(CONSTRAINT_PRICES, NIGHT).where(mine).toPandas().set_index(["constraint", "member"])
    # 0.02 of 24 shoppers x 0.5 visits x 2.4; the two who refuse see the first place 2 x 0.5 times, the second 0.8.
    cap = 0.02 * 28.8
    first, second = items["allocated"].drop("pinned").nlargest(2).index  # a pin has a cap of its own
    assert items.loc[[first, second], "cap"].tolist() == pytest.approx([cap, cap])
    assert items.loc[[first, second], "allocated"].tolist() == pytest.approx([1.0, 0.8])
    assert prices.loc[("item_cap", first), ["bound", "used"]].tolist() == pytest.approx([cap, 1.0])
    told = night.record.decisions["above their caps"]
    over = (1.0 - cap) + (0.8 - cap) + max(0.6 - cap, 0.0)
    assert f"by {over:.2f} exposures in all; most {first}, 1.00 of {cap:.2f}" in told


def test_unknown_shoppers_have_a_list_of_their_segment(planned: Night, spark: SparkSession, folder: Path) -> None:
    setting = read_setting(night_of(spark, conf_in(folder, shopper_segments="visit_days_28d", stock={"column": None})))
    shared = setting.shared
    assert set(shared.lists) == {"everyone", "0"}
    # All consenting shoppers are of the segment "0", so its means are those of everyone.
    np.testing.assert_allclose(shared.relevance["0"], shared.relevance["everyone"])
    jam = setting.item_ids.tolist().index("jam")
    # (0 + 1 + … + 21) / 22 = 10.5 thousandths above 0.18.
    assert shared.relevance["0"][jam] == pytest.approx(0.18 + 0.0105)
    # Nobody knows how many come of unknown shoppers, so caps leave their lists as they are, but for a cap of 0.
    none = {"tea": {"column": "category", "equals": "Food > Tea", "share": 0.0}}
    setting = read_setting(night_of(spark, conf_in(folder, shopper_segments="visit_days_28d", caps=none)))
    teas = {setting.item_ids.tolist().index(name) for name in ("best", "tea")}
    assert teas & set(shared.lists["0"])
    assert not teas & set(setting.shared.lists["0"])


def test_a_plan_that_must_meet_its_floors_is_refused_and_nothing_is_written(spark: SparkSession, folder: Path) -> None:
    night = night_of(spark, conf_in(folder, on_unmet_floor="refuse", policy="main"))
    before = night.tables.version(EXPOSURE_SCORES)
    with pytest.raises(Refused, match=r"cold lacks .* Nothing was written") as refusal:
        plan_exposure(night)
    assert refusal.value.exit_code == 3
    assert night.tables.version(EXPOSURE_SCORES) == before


def test_a_correction_that_asks_for_more_than_there_is_refuses_nothing(spark: SparkSession, tmp_path: Path) -> None:
    write_store(spark, tmp_path)
    # The budget leaves 1.2 exposures; 0.03 of 28.8 is 0.86, and a half more is 1.3.
    floors = {"cold": {"share": 0.03}, "new_items": {"share": 0.0}}
    night = night_of(spark, conf_in(tmp_path, on_unmet_floor="refuse", floors=floors))
    row = {"as_of": NIGHT, "policy": "main", "constraint": "cold", "member": "segment = cold", "correction": 0.5}
    night.tables.add(filled(spark, EXPOSURE_CORRECTIONS, [row]), EXPOSURE_CORRECTIONS)
    plan_exposure(night)
    assert "unmet cold" in night.record.decisions


def test_a_pin_that_is_missed_is_refused_too(spark: SparkSession, tmp_path: Path) -> None:
    write_store(spark, tmp_path)
    keys = {
        "floors": {"cold": {"share": 0.0}, "new_items": {"share": 0.0}},
        "caps": {"dune": {"column": "provider_id", "equals": "dune", "share": 0.01}},
    }
    with pytest.raises(Refused, match="the pin of pinned lacks"):
        plan_exposure(night_of(spark, conf_in(tmp_path, on_unmet_floor="refuse", **keys)))


def test_what_if_prints_the_difference_and_writes_nothing(spark: SparkSession, planned: Night, folder: Path) -> None:
    conf = planned.conf
    path = sorted(folder.glob("*.yaml"))[0]
    changes = ["plan.floors.cold.share=0", "plan.sponsors={cape: {bid: 0.5, budget: 6}}", "plan.max_item_share=0.9"]
    tables = (EXPOSURE_SCORES, ITEM_EXPOSURE, CONSTRAINT_PRICES, FALLBACK_LISTS)
    before = [planned.tables.version(table) for table in tables]
    text = what_if(spark, conf, load_config(path, changes), NIGHT, "run", changes)
    assert [planned.tables.version(table) for table in tables] == before
    assert "nothing is written" in text
    assert "expected responses" in text
    used = planned.tables.read_date(CONSTRAINT_PRICES, NIGHT).where("policy = 'main' AND constraint = 'budget'").first()
    assert used is not None
    [bids] = [line.split() for line in text.splitlines() if line.startswith("expected revenue of bids")]
    assert float(bids[4]) == pytest.approx(0.5 * used["used"], abs=5e-4)
    assert float(bids[5]) == 0  # without its floor the sponsored item is in no list
    assert "Names that match no item\n  plan.merchandising: unknown" in text
    assert "cold segment = cold: " in text
    assert "budget cape: " in text
    assert "(bound 12.0, got " in text
    best = next(line for line in text.splitlines() if line.startswith("  best "))
    assert "Best" in best
    with pytest.raises(LongtailError, match="outside plan"):
        what_if(spark, conf, load_config(path, ["seed=3"]), NIGHT, "run", ["seed=3"])
    with pytest.raises(ConfigurationError, match=r"plan.floors.cold.shares is not a key"):
        load_config(path, ["plan.floors.cold.shares=0.1"])


@pytest.mark.parametrize(
    ("item", "why"),
    [
        ("banned", "it is banned by Ben"),
        ("wine", "its category is under Alcohol, which is never shown"),
        ("jam", "its cap is 0: nothing is left of its stock"),
        ("wines", "the nearest list ends with .* at a score of .* above its own"),
    ],
)
def test_why_an_item_is_not_shown(planned: Night, item: str, why: str) -> None:
    told = why_not_planned(planned, item) if item in ("banned", "wine") else why_not_shown(planned, item)
    assert re.search(why, told), told


def test_a_shopper_and_a_product_are_shown_with_their_reasons(planned: Night) -> None:
    told = item_in_words(planned, "pinned")
    assert re.search(
        r"Pinned \(pinned\), Home, segment tail.*\n.*binding: floor\nin \d+ lists\n +\d+ .*pinned by Ann", told
    )
    assert "Not in the plan: it is banned by Ben" in item_in_words(planned, "banned")
    assert "in 0 lists\nNot shown to anyone: it is a candidate for 24 shoppers" in item_in_words(planned, "jam")
    assert "Relevant to many shoppers" in shopper_in_words(planned, REFUSING[0])
    assert "shopper u00 lately bought: Tea" in shopper_in_words(planned, "u00")
    with pytest.raises(LongtailError, match="No product nothing was known"):
        item_in_words(planned, "nothing")
    with pytest.raises(LongtailError, match="No shopper nobody was known"):
        shopper_in_words(planned, "nobody")


def test_why_not_goes_by_the_worth_of_an_item_and_by_lists_that_are_personal(
    spark: SparkSession, planned: Night
) -> None:
    """wines is worth 1.1 times its relevance (margin 0.1); nobody who refuses has a list to come near to."""
    lists = planned.tables.read_date(EXPOSURE_SCORES, NIGHT).where("policy = 'main'").toPandas()
    given = planned.tables.read_date(ITEM_EXPOSURE, NIGHT).where("policy = 'main' AND item_id = 'wines'").toPandas()
    ends = lists[~lists["user_id"].isin(REFUSING)].groupby("user_id")["score"].min()
    own = pd.Series({user: 0.01 + 0.001 * n for n, user in enumerate(USERS)}) * 1.1 + given["boost"].iloc[0]
    gap = (ends - own).dropna().min()
    assert f"{gap:.5f} above its own" in why_not_shown(planned, "wines")
    planned.tables.replace(spark.createDataFrame([], CANDIDATES.schema), CANDIDATES, None)
    reading = Reading(planned.tables, planned.conf, NIGHT)
    short = _why(reading).where("item_id = 'wines'").first()
    assert short is not None
    assert short["short"] == pytest.approx(gap)
