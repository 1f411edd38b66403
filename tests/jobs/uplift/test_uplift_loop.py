"""From recorded draws to a plan by uplift, on a small store where even items would be bought anyway."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from features.contract import EVENTS, EXPLORATION_DRAWS, EXPOSURE_SCORES, ITEMS, METRICS, RELEVANCE
from features.contract.metrics import UPLIFT_BOUGHT, UPLIFT_CAUSED, UPLIFT_DRAWN
from features.declarations import ITEM_FEATURES, ITEM_FEATURES_TABLE, USER_FEATURES, USER_FEATURES_TABLE
from jobs.compare import compare_incremental
from jobs.config.configuration import Config, load_config
from jobs.execution.night import Night, Record
from jobs.plan_exposure import plan_exposure
from jobs.runtime.errors import ConfigurationError, LongtailError
from jobs.tables.warehouse import Warehouse
from jobs.train_uplift import train_uplift
from jobs.uplift.policies import incremental_answer
from jobs.uplift.scoring import with_uplift
from tests.jobs.planning.small_store import NIGHT, conf_in, night_of, write, write_store
from tests.jobs.small_tables import filled

FIRST, NIGHTS, USERS, ITEMS_OF = date(2024, 5, 1), 6, 300, [f"i{n}" for n in range(8)]
AS_OF = FIRST + timedelta(days=NIGHTS + 7)
F_OF_ALL, PROPENSITY, WEIGHT = 0.3, 0.25, 1.0


def conf_of(folder: Path, **uplift: Any) -> Config:
    path = folder / "conf.yaml"
    path.write_text(yaml.safe_dump({
        "warehouse": str(folder / "warehouse"), "source": {"kind": "complete_journey"},
        "plan": {"objective": "uplift", "slots": 2, "position_weights": [1.0, 1.0]},
        "uplift": {"alternatives": 20, **uplift},
    }))  # fmt: skip
    return load_config(path)


@pytest.fixture(scope="module")
def learnt(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Night:
    """A store that showed two of eight items at random to each shopper who came, after train_uplift.

    A view causes .3 for odd items and .05 for even ones, which are bought with .25 anyway.
    """
    conf = conf_of(tmp_path_factory.mktemp("uplift"))
    tables, random = Warehouse(spark, conf.warehouse), np.random.default_rng(3)
    draws: list[dict[str, Any]] = []
    events: list[dict[str, Any]] = []
    nights = [FIRST + timedelta(days=n) for n in range(NIGHTS)]
    for night in nights:
        for user in range(USERS):
            shown = set(random.choice(8, 2, replace=False))
            came = datetime(night.year, night.month, night.day, 9)
            for number, item in enumerate(ITEMS_OF):
                key = {"user_id": f"u{user}-{night}", "item_id": item}
                draws.append({
                    **key, "as_of": night, "policy": "main", "placement": "tail_shelf", "relevance": F_OF_ALL,
                    "propensity": PROPENSITY, "is_drawn": number in shown, "weight": WEIGHT,
                })  # fmt: skip
                if number in shown:
                    events.append({**key, "event_type": "exposure", "event_time": came, "position": 1})
                odd = number % 2
                if random.random() < (0.0 if odd else 0.25) + (number in shown) * (0.3 if odd else 0.05):
                    events.append({**key, "event_type": "purchase", "event_time": came + timedelta(hours=3)})
    common = {"sample_weight": 1.0, "quantity": 1, "placement": "tail_shelf", "policy": "main"}
    rows = [
        {**common, **row, "event_id": f"e{n}", "request_id": row["user_id"], "event_date": row["event_time"].date(),
         "ingested_at": row["event_time"]}
        for n, row in enumerate(events)
    ]  # fmt: skip
    # The newest event is of a week after the last night.
    latest = datetime(2024, 5, 1, 20) + timedelta(days=NIGHTS + 6)
    rows.append({**rows[0], "event_id": "last", "request_id": None, "event_time": latest, "event_date": latest.date(),
                 "ingested_at": latest, "user_id": "late"})  # fmt: skip
    tables.replace(filled(spark, EVENTS, rows), EVENTS, where=None)
    lists = [
        {"as_of": night, "policy": policy, "user_id": f"u{user}-{night}", "rank": rank, "item_id": item,
         "placement": "tail_shelf", "score": F_OF_ALL, "value": F_OF_ALL, "relevance": F_OF_ALL, "propensity": 1.0}
        for night in nights for user in range(USERS)
        for policy, items in (("odd", ["i1", "i3"]), ("even", ["i0", "i2"]), ("unseen", ["i1", "i9"]))
        for rank, item in enumerate(items, start=1)
    ]  # fmt: skip
    lists += [
        {**lists[0], "as_of": row["as_of"], "policy": "main", "user_id": row["user_id"], "item_id": row["item_id"],
         "rank": number % 2 + 1, "propensity": PROPENSITY}
        for number, row in enumerate(row for row in draws if row["is_drawn"])
    ]  # fmt: skip
    tables.replace(filled(spark, EXPOSURE_SCORES, lists), EXPOSURE_SCORES, where=None)
    scored = [{**row, "relevance": F_OF_ALL} for row in draws]
    tables.replace(filled(spark, RELEVANCE, scored), RELEVANCE, where=None)
    tables.replace(filled(spark, EXPLORATION_DRAWS, draws), EXPLORATION_DRAWS, where=None)
    tables.replace(filled(spark, ITEMS, [{"item_id": item} for item in ITEMS_OF]), ITEMS, where=None)
    listed = [*ITEMS_OF, "i9"]
    item = pd.DataFrame([{feature.name: feature.default for feature in ITEM_FEATURES}] * len(listed))
    item["item_id"] = listed
    write(tables, spark, ITEM_FEATURES_TABLE, pd.concat([item.assign(as_of=night) for night in (*nights, AS_OF)]))
    user = pd.DataFrame([{feature.name: feature.default for feature in USER_FEATURES}] * USERS * NIGHTS)
    user["user_id"] = [f"u{n}-{night}" for night in nights for n in range(USERS)]
    user["as_of"] = [night for night in nights for _ in range(USERS)]
    tonight = user.iloc[:1].assign(user_id="ann", as_of=AS_OF)
    write(tables, spark, USER_FEATURES_TABLE, pd.concat([user, tonight]))
    night = Night(conf, AS_OF, "run", spark, tables, Record())
    train_uplift(night)
    return night


def test_the_share_that_was_caused_is_measured(learnt: Night) -> None:
    assert learnt.record.status == "done"
    # The lists of the last night are still live, so its outcomes are open.
    shoppers = USERS * (NIGHTS - 1)
    assert learnt.record.rows == {"units": shoppers * 8, "drawn": shoppers * 2, "nights": NIGHTS - 1}
    rows = learnt.tables.read_date(METRICS, AS_OF).select("name", "value").collect()
    figures = {row["name"]: row["value"] for row in rows}
    assert figures[UPLIFT_DRAWN] == shoppers * 2
    assert figures[UPLIFT_BOUGHT] == pytest.approx(0.3 * shoppers * 2, rel=0.1)
    # (.3 + .05) / (.3 + .3)
    assert figures[UPLIFT_CAUSED] == pytest.approx(0.583, abs=0.06)


def test_every_pair_gets_its_uplift(learnt: Night) -> None:
    scored = [
        {"as_of": AS_OF, "policy": "main", "user_id": "ann", "item_id": item, "relevance": F_OF_ALL}
        for item in ITEMS_OF
    ]
    plain = filled(learnt.spark, RELEVANCE, scored).drop("organic", "uplift", "uplift_error")
    rows = with_uplift(learnt, plain).orderBy("item_id").collect()
    assert len(rows) == len(ITEMS_OF)
    uplift, organic = (np.array([row[name] for row in rows]) for name in ("uplift", "organic"))
    # Half of the pairs each, by 1,500 views.
    assert uplift[::2].mean() == pytest.approx(0.05, abs=0.06)
    assert uplift[1::2].mean() == pytest.approx(0.30, abs=0.06)
    assert organic[::2].mean() == pytest.approx(0.25, abs=0.03)
    assert organic[1::2].mean() < 0.03
    assert all(0 < row["uplift_error"] < 0.1 for row in rows)
    assert learnt.record.decisions["uplift_version"] == "1"


def test_a_recent_version_is_not_trained_again(learnt: Night) -> None:
    again = Night(learnt.conf, AS_OF + timedelta(days=6), "again", learnt.spark, learnt.tables, Record())
    train_uplift(again)
    assert again.record.status == "skipped"


@pytest.mark.slow
def test_policies_are_compared_by_what_they_cause(learnt: Night) -> None:
    """Two views of odd items cause .6, of even ones .1, of two drawn ones .35, although all are bought alike."""
    night = replace(learnt, record=Record())
    answer = incremental_answer(night, ("odd", "even"), FIRST, None, None)
    odd, even = answer.evaluations
    assert (odd.requests, odd.users, odd.exposures) == (USERS * (NIGHTS - 1), USERS * (NIGHTS - 1), 2 * odd.requests)
    for evaluation, truth in ((odd, 0.6), (even, 0.1)):
        for estimate in (evaluation.doubly_robust, evaluation.snips, evaluation.ips):
            assert estimate.value == pytest.approx(truth, abs=4 * estimate.standard_error)
        assert evaluation.doubly_robust.standard_error < 0.06
        # Everything that could have been drawn was recorded.
        assert evaluation.overlap == pytest.approx(1.0)
    difference = answer.comparison.differences["doubly_robust"]
    assert difference.low < 0.5 < difference.high
    assert (answer.comparison.verdict, answer.left_out, answer.drawn_by) == ("higher", {}, ("main",))
    assert (answer.first, answer.last) == (FIRST, FIRST + timedelta(days=NIGHTS - 2))

    own = incremental_answer(night, ("main", "odd"), FIRST, FIRST, "main").evaluations[0]
    assert own.requests == USERS
    assert own.doubly_robust.value == pytest.approx(0.35, abs=4 * own.doubly_robust.standard_error)
    assert (own.largest_weight, own.overlap) == (pytest.approx(1.0), pytest.approx(1.0))


@pytest.mark.slow
def test_the_comparison_in_words_and_what_it_lacks(learnt: Night) -> None:
    night = replace(learnt, record=Record())
    said = compare_incremental(night, ("unseen", "even"))
    assert said.startswith("unseen against even at tail_shelf, draws of the nights 2024-05-01 to 2024-05-05")
    assert "Estimated: purchases within 7 days that the lists cause a request, over the shoppers and times" in said
    assert "Evidence: draws of main." in said
    # Of the two places one goes to an item that could not have been drawn.
    assert "The log does not suffice to compare unseen with even:" in said
    assert "The log covers 50% of what unseen would show" in said
    with pytest.raises(LongtailError, match=r"1500 requests of shoppers for whom nothing had no list"):
        compare_incremental(night, ("odd", "nothing"))
    with pytest.raises(LongtailError, match=r"no draw with a known outcome from .* by policy odd"):
        compare_incremental(night, ("odd", "even"), drawn_by="odd")


def test_without_a_recording_nothing_is_read_or_predicted(spark: SparkSession, tmp_path: Path) -> None:
    conf = load_config_off(tmp_path)
    night = Night(conf, AS_OF, "run", spark, Warehouse(spark, conf.warehouse), Record())
    train_uplift(night)
    assert (night.record.status, night.tables.inputs) == ("skipped", {})
    rows = with_uplift(night, filled(spark, RELEVANCE, [{}]).drop("organic", "uplift", "uplift_error")).collect()
    assert [rows[0][name] for name in ("organic", "uplift", "uplift_error")] == [None] * 3
    with pytest.raises(ConfigurationError, match=r"set uplift\.alternatives"):
        conf_of(tmp_path, alternatives=0)


def load_config_off(folder: Path) -> Config:
    path = folder / "off.yaml"
    path.write_text(yaml.safe_dump({"warehouse": str(folder / "w"), "source": {"kind": "complete_journey"}}))
    return load_config(path)


@pytest.mark.slow
def test_the_plan_counts_the_effect_and_records_its_draws(spark: SparkSession, tmp_path: Path) -> None:
    """f of `best` is .3 and more, of `salt` .16; the effect turns them round."""
    write_store(spark, tmp_path)
    keys: dict[str, Any] = {"exploration_slots": 1, "uplift_weight": 0.5}
    keys["floors"] = {"cold": {"share": 0.0}, "new_items": {"share": 0.0}}
    conf = conf_in(tmp_path, **keys, worth={"margin_weight": 0.0, "bid_weight": 0.0})
    conf = conf.model_copy(update={
        "plan": conf.plan.model_copy(update={"objective": "uplift"}),
        "uplift": conf.uplift.model_copy(update={"alternatives": 2}),
    })  # fmt: skip
    night = night_of(spark, conf)
    plan_exposure(night)
    assert night.record.decisions["objective"] == "response, as no uplift model was trained yet"
    effect = F.when(F.col("item_id") == "best", -0.3).when(F.col("item_id") == "salt", 0.5).otherwise(0.0)
    rows = night.tables.read(RELEVANCE).withColumns(
        {"uplift": effect, "organic": F.lit(0.0), "uplift_error": F.lit(0.1)}
    )
    night.tables.replace(rows.localCheckpoint(), RELEVANCE, where=None)

    in_memory = planned(night_of(spark, conf))
    lists, draws = in_memory
    change = lists["item_id"].map({"best": -0.3, "salt": 0.5}).fillna(0.0)
    of_all = ~lists["user_id"].isin(["u22", "u23"])  # without consent: means over all shoppers
    expected = np.maximum(0.5 * (lists["relevance"] + change), 0.0)
    np.testing.assert_allclose(lists["value"][of_all], expected[of_all])
    own = lists[~lists["user_id"].isin(["u22", "u23"])]
    assert (own[own["rank"] == 1]["item_id"] == "salt").mean() > 0.4
    drawn = lists[lists["propensity"] < 0.999]
    recorded = draws[draws["is_drawn"]]
    assert sorted(zip(recorded["user_id"], recorded["item_id"], strict=True)) == sorted(
        zip(drawn["user_id"], drawn["item_id"], strict=True)
    )
    assert len(recorded)
    assert (draws[~draws["is_drawn"]].groupby("user_id").size() <= 2).all()
    by_spark = planned(
        night_of(spark, conf.model_copy(update={"plan": conf.plan.model_copy(update={"driver_pairs": 1})}))
    )
    for ours, theirs in zip(by_spark, in_memory, strict=True):
        pd.testing.assert_frame_equal(ours, theirs, check_exact=True)

    some = night.tables.read(RELEVANCE).withColumn("uplift", F.when(F.col("item_id") != "tea", F.col("uplift")))
    night.tables.replace(some.localCheckpoint(), RELEVANCE, where=None)
    with pytest.raises(LongtailError, match=r"24 of 216 pairs of relevance have no uplift"):
        plan_exposure(night_of(spark, conf))


def planned(night: Night) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The lists and the record of the draws, sorted."""
    plan_exposure(night)
    assert night.record.decisions["objective"] == "uplift"
    lists = (
        night.tables.read_date(EXPOSURE_SCORES, NIGHT).toPandas().sort_values(["user_id", "rank"], ignore_index=True)
    )
    draws = night.tables.read_date(EXPLORATION_DRAWS, NIGHT).toPandas()
    return lists, draws.sort_values(["user_id", "item_id"], ignore_index=True)
