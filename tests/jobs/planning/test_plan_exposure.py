"""The step on small tables: who has lists, what is written, what is refused."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pandas as pd
import pytest
import yaml
from pyspark.sql import SparkSession

from features.contract import CONSTRAINT_PRICES, EXPOSURE_SCORES, ITEM_EXPOSURE, RELEVANCE
from features.declarations import ITEM_FEATURES, ITEM_FEATURES_TABLE, USER_FEATURES, USER_FEATURES_TABLE
from jobs.config.configuration import Config, load_config
from jobs.execution.night import Night, Record
from jobs.plan_exposure import plan_exposure
from jobs.runtime.errors import LongtailError
from jobs.tables.warehouse import Warehouse

FIRST, SECOND = date(2017, 12, 1), date(2017, 12, 2)

#        item  segment eligible listed type
ITEMS = [
    ("t1", "tail", True, 900.0, "tea"),
    ("t2", "tail", True, 900.0, "tea"),
    ("t3", "tail", True, 900.0, "tea"),
    ("t4", "tail", True, 900.0, "jam"),
    ("n1", "tail", True, 5.0, "jam"),
    ("c1", "cold", True, 40.0, ""),
    ("c2", "cold", True, 41.0, ""),
    ("out", "tail", False, 900.0, "tea"),
    ("hit", "head", True, 900.0, "tea"),
]
PLAN = {
    "slots": 3,
    "position_weights": [1.0, 0.8, 0.6],
    "exploration_slots": 1,
    "list_rules": {"product_type": {"most": 1}},
    "max_item_share": 0.25,
    "relevance_bar": 0.01,
    "floors": {
        "cold": {"column": "segment", "equals": "cold", "share": 0.1},
        "new_items": {"column": "days_since_listed", "at_most": 28, "share": 0.17},
    },
}


# Rules that cross each other: teas are a product type and of the group of the third rule.
SEVERAL_RULES = {
    "product_type": {"most": 2},
    "cold": {"most": 1},
    "drinks": {"column": "product_type", "one_of": ["tea", "kind 1", "kind 2"], "most": 2},
}


@pytest.fixture
def conf_of(tmp_path: Path) -> Callable[..., Config]:
    def make(**plan: object) -> Config:
        file = tmp_path / "conf.yaml"
        source = {"kind": "complete_journey"}
        content = {"warehouse": str(tmp_path / "warehouse"), "source": source, "plan": {**PLAN, **plan}}
        file.write_text(yaml.safe_dump(content))
        return load_config(file)

    return make


def night_of(spark: SparkSession, conf: Config, as_of: date) -> Night:
    return Night(conf, as_of, f"run-{as_of}", spark, Warehouse(spark, conf.warehouse), Record())


def fill(night: Night, more: int = 0, opted_out: tuple[str, ...] = ()) -> None:
    """Both nights: twenty shoppers with all items as candidates, one with a single one, one with none above the bar.

    more: further items of the tail, with types and relevances of their own; opted_out: shoppers without consent
    """
    known = [*ITEMS, *((f"m{number:02}", "tail", True, 900.0, f"kind {number % 7}") for number in range(more))]
    item = pd.DataFrame([{feature.name: feature.default for feature in ITEM_FEATURES}] * len(known))
    for place, name in enumerate(["item_id", "segment", "is_eligible", "days_since_listed", "product_type"]):
        item[name] = [row[place] for row in known]
    users = [f"u{number:02}" for number in range(22)]
    user = pd.DataFrame([{feature.name: feature.default for feature in USER_FEATURES}] * len(users))
    user["consent_personalisation"] = [name not in opted_out for name in users]
    user["user_id"], user["visit_probability"] = users, [(number % 10 + 1) / 30 for number in range(22)]
    base = {"t1": 0.30, "t2": 0.28, "t3": 0.26, "t4": 0.2, "n1": 0.15, "c1": 0.12, "c2": 0.1, "out": 0.9, "hit": 0.8}
    base |= {f"m{number:02}": 0.02 + 0.01 * (number * 7 % 13) for number in range(more)}
    why = {"t1": ["days_since_first_sale"], "c1": ["low:days_since_listed"], "c2": ["low:days_since_listed"]}
    pairs = [
        (u, i, f + 0.001 * n, why.get(i, ["type_affinity", "als"]))
        for n, u in enumerate(users[:20])
        for i, f in base.items()
    ]
    pairs += [("u20", "t4", 0.2, []), ("u21", "t1", 0.001, ["als"])]
    relevance = pd.DataFrame(pairs, columns=["user_id", "item_id", "relevance", "top_reasons"])
    relevance = relevance.assign(
        policy="main", model_version="7", organic=None, uplift=None, uplift_error=None, chances=None
    )
    for frame, table in ((item, ITEM_FEATURES_TABLE), (user, USER_FEATURES_TABLE), (relevance, RELEVANCE)):
        rows = pd.concat([frame.assign(as_of=as_of) for as_of in (FIRST, SECOND)])[table.column_names]
        night.tables.replace(night.spark.createDataFrame(rows, table.schema), table, where=None)


def delivered_by(lists: pd.DataFrame) -> pd.Series:
    """Expected delivered exposure of each item, from the lists alone."""
    visits = {f"u{n:02}": (n % 10 + 1) / 30 for n in range(22)}
    delivered = lists["user_id"].map(visits) * lists["rank"].map({1: 1.0, 2: 0.8, 3: 0.6})
    return delivered.groupby(lists["item_id"]).sum()


def causes_of(lists: pd.DataFrame, *items: str) -> dict[str, set[str]]:
    """The causes in words by item."""
    rows = lists[lists["item_id"].isin(items)]
    return rows["reason"].str.split(";").str[0].groupby(rows["item_id"]).agg(set).to_dict()


@pytest.mark.slow
@pytest.mark.promise
def test_two_nights(spark: SparkSession, conf_of: Callable[..., Config]) -> None:
    conf = conf_of()
    first = night_of(spark, conf, FIRST)
    fill(first)
    plan_exposure(first)
    lists = first.tables.read_date(EXPOSURE_SCORES, FIRST).toPandas().sort_values(["user_id", "rank"])
    items = first.tables.read_date(ITEM_EXPOSURE, FIRST).toPandas().set_index("item_id")
    prices = first.tables.read_date(CONSTRAINT_PRICES, FIRST).toPandas()

    # u21 is below the bar.
    assert (first.record.rows["users"], first.record.rows["users_without_list"]) == (21, 1)
    assert first.record.rows["pairs"] == 20 * 7 + 1
    assert first.record.decisions["warm_start"] == "none"
    assert first.record.model_version == "7"
    assert lists.groupby("user_id").size().to_dict() == {**{f"u{n:02}": 3 for n in range(20)}, "u20": 1}

    # Neither an item out of stock nor the head is shown; one tea and one jam a list at most.
    assert set(lists["item_id"]).isdisjoint({"out", "hit"})
    types = lists["item_id"].map({row[0]: row[4] for row in ITEMS if row[4]})
    assert types.groupby([lists["user_id"], types]).size().max() == 1

    assert ((lists["score"] - lists["relevance"] - lists["boost"]).abs() < 1e-9).all()
    planned, explored = lists[lists["rank"] < 3], lists[lists["rank"] == 3]
    assert (planned.groupby("user_id")["score"].diff().dropna() <= 1e-12).all()
    assert (planned["propensity"] == 1).all()
    # A draw from a single candidate that the caps leave is certain; most shoppers have more.
    assert (explored["propensity"] < 1).mean() > 0.5
    assert explored["reason"].str.endswith("drawn at random to learn about it").all()
    assert lists.loc[(lists["user_id"] == "u20"), "reason"].str.startswith("Relevant overall").all()

    # Visits of u00 to u20: 2 * (1 + … + 10) / 30 + 1 / 30 = 3.7; full lists deliver 2.4 a visit.
    total = 3.7 * 2.4
    assert set(items.index) == {row[0] for row in ITEMS} - {"out", "hit"}
    assert items["cap"].tolist() == pytest.approx([0.25 * total] * 7)
    assert (items["allocated"] <= items["cap"]).all()
    delivered = delivered_by(lists).reindex(items.index, fill_value=0.0)
    assert items["allocated"].tolist() == pytest.approx(delivered.tolist())

    # The floors are met and have their rule; the reason of the new item says that its floor lifts it.
    floors = prices.set_index("constraint").loc[["cold", "new_items"]]
    assert floors["member"].tolist() == ["segment = cold", "days_since_listed <= 28"]
    assert floors["bound"].tolist() == pytest.approx([0.1 * total, 0.17 * total])
    assert (floors["used"] >= floors["bound"]).all()
    assert (floors["shortfall"] == 0).all()
    assert items.loc["n1", "boost"] > 0
    assert items.loc["n1", "binding"] == "floor"
    lifted = "Bought this type recently; boosted by the floor for new_items"
    assert planned.loc[planned["item_id"] == "n1", "reason"].str.startswith(lifted).any()

    # A low value of a cause has other words than a high one.
    assert causes_of(lists, "t1", "c1", "c2") == {
        "t1": {"Sold here for a long time"}, "c1": {"New in the range"}, "c2": {"New in the range"},
    }  # fmt: skip

    # The same night again gives the same lists; the next one starts from its prices.
    again = night_of(spark, conf, FIRST)
    plan_exposure(again)
    twice = again.tables.read_date(EXPOSURE_SCORES, FIRST).toPandas().sort_values(["user_id", "rank"])
    pd.testing.assert_frame_equal(lists.reset_index(drop=True), twice.reset_index(drop=True))
    second = night_of(spark, conf, SECOND)
    plan_exposure(second)
    assert second.record.decisions["warm_start"] == "2017-12-01"

    # Without pairs to plan, the night fails and writes nothing.
    with pytest.raises(LongtailError, match=r"reaches the bar.*plan.relevance_bar"):
        plan_exposure(night_of(spark, conf_of(relevance_bar=0.99), FIRST))
    with pytest.raises(LongtailError, match="no rows for 2017-12-01 and policy trial"):
        plan_exposure(night_of(spark, conf_of(policy="trial"), FIRST))


@pytest.mark.slow
def test_many_candidates_are_listed_and_drawn_alike_in_memory_and_by_spark(
    spark: SparkSession, conf_of: Callable[..., Config]
) -> None:
    """Exploration draws from the kept pairs, and both ways keep the same ones: 2 slots keep at least 8 of 27."""
    first = night_of(spark, conf_of(), FIRST)
    fill(first, more=20)
    lists, solved = {}, []
    for pairs in (5_000, 1):
        night = night_of(spark, conf_of(driver_pairs=pairs, list_rules=SEVERAL_RULES), FIRST)
        plan_exposure(night)
        solved.append((night.record.decisions["solved_in"], night.record.rows["pairs"]))
        rows = night.tables.read_date(EXPOSURE_SCORES, FIRST).toPandas().sort_values(["user_id", "rank"])
        lists[pairs] = rows.reset_index(drop=True)
    assert [where for where, _ in solved] == ["memory", "spark"]
    assert solved[0][1] == solved[1][1]
    assert 20 * 8 <= solved[0][1] < 20 * 27
    assert (lists[1]["propensity"] < 1).mean() > 0.25
    pd.testing.assert_frame_equal(lists[5_000], lists[1])
    kinds = {row[0]: row[4] for row in ITEMS} | {f"m{number:02}": f"kind {number % 7}" for number in range(20)}
    kind = lists[1]["item_id"].map(kinds)
    assert kind[kind != ""].groupby([lists[1]["user_id"], kind]).size().max() == 2
    assert kind.isin(["tea", "kind 1", "kind 2"]).groupby(lists[1]["user_id"]).sum().max() == 2
    assert lists[1]["item_id"].isin(["c1", "c2"]).groupby(lists[1]["user_id"]).sum().max() == 1


def test_a_floor_for_items_that_no_shopper_wants_is_not_met_by_lists_made_of_them(
    spark: SparkSession, conf_of: Callable[..., Config]
) -> None:
    floors = {"cold": {"share": 0.6}, "new_items": {"share": 0.0}}
    opted_out = ("u03", "u04")
    night = night_of(spark, conf_of(floors=floors, list_rules={"cold": {"most": 1}}, max_item_share=1.0), FIRST)
    fill(night, opted_out=opted_out)
    plan_exposure(night)
    lists = night.tables.read_date(EXPOSURE_SCORES, FIRST).toPandas()
    cold = lists["item_id"].isin(["c1", "c2"]).groupby(lists["user_id"]).sum()
    assert cold.max() == 1
    assert cold.drop([*opted_out, "u20"]).min() == 1  # u20 has no cold candidate
    assert "unmet cold" in night.record.decisions
