"""Why an item is in no list: the cause of each of a set of items, and the sentence of one."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
import yaml
from pyspark.sql import SparkSession

from features.contract import CANDIDATES, EXPOSURE_SCORES, ITEM_EXPOSURE, RELEVANCE
from features.declarations import ITEM_FEATURES_TABLE
from jobs.config.configuration import load_config
from jobs.execution.night import Night, Record
from jobs.report.cause import Cause
from jobs.report.night_tables import Reading
from jobs.report.sections.starving import starving
from jobs.report.why_not import causes, why_not_shown
from jobs.tables.warehouse import Warehouse
from model.phrases import phrases
from tests.jobs.small_tables import filled

AS_OF = date(2024, 5, 1)
OF_NIGHT = {"as_of": AS_OF, "policy": "main", "placement": "tail_shelf"}
# The list of ann ends with milk at 0.3: the place after it was drawn at random. That of bob is the shared one.
#        user   rank item    score propensity reason
LISTS = [("ann", 1, "oats", 0.5, 1.0, ""), ("ann", 2, "milk", 0.3, 1.0, ""), ("ann", 3, "rice", 0.01, 0.5, ""),
         ("bob", 1, "rice", 0.01, 1.0, phrases().shared_list)]  # fmt: skip
#        item        candidate cap  boost  relevance by user
ITEMS = [
    ("unseen", False, 10.0, 0.0, {}),
    ("unscored", True, 10.0, 0.0, {}),
    ("faint", True, 10.0, 0.0, {"ann": 0.001}),
    ("sold_out", True, 0.0, 0.0, {"ann": 0.6}),
    ("shared", True, 10.0, 0.0, {"bob": 0.6}),
    ("behind", True, 10.0, -0.05, {"ann": 0.2, "bob": 0.1}),
    ("wine", True, 10.0, 0.0, {"ann": 0.25}),
    ("tea", True, 10.0, 0.0, {"ann": 0.4}),
]
NOT_LIFTED_BY = {"wine": "alcohol"}

PLAN = {
    "relevance_bar": 0.01, "position_weights": [1.0, 0.8, 0.6], "slots": 3,
    "list_rules": {"product_type": None, "cold": None, "breakfast": {"each": "category", "most": 2}},
}  # fmt: skip
SENTENCES = [
    ("unseen", "no shopper has it among the first 400 candidates"),
    ("unscored", "its candidates were not scored"),
    ("faint", "it is a candidate for 1 shopper with a chance of at most 0.10 %, and the bar is 1 %"),
    (
        "sold_out",
        "it is a candidate for 1 shopper with a chance of at most 60 %, but its cap is 0: nothing is left of its "
        "stock, or its share",
    ),
    (
        "shared",
        "it is a candidate for 1 shopper with a chance of at most 60 %; none of them has a list of their own",
    ),
    (
        "behind",
        "it is a candidate for 2 shoppers with a chance of at most 20 %; the nearest list ends with milk at a "
        "score of 30 %, 15 % above its own, of which 5 % is the price of its caps",
    ),
    (
        "wine",
        "it is a candidate for 1 shopper with a chance of at most 25 %; the nearest list ends with milk at a score of "
        "30 %, 5 % above its own, and by a word of plan.not_lifted no rule lifts it",
    ),
    (
        "tea",
        "it is a candidate for 1 shopper with a chance of at most 40 %; its score would do for the list of ann, "
        "but the list already holds 2 of category = Breakfast, and plan.list_rules.breakfast allows 2",
    ),
]


@pytest.fixture(scope="module")
def night(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Night:
    folder = tmp_path_factory.mktemp("why_not")
    path = folder / "conf.yaml"
    content = {"warehouse": str(folder / "warehouse"), "source": {"kind": "complete_journey"}, "plan": PLAN}
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    conf = load_config(path)
    tables = Warehouse(spark, conf.warehouse)

    def write(table: Any, rows: list[dict[str, Any]]) -> None:
        tables.replace(filled(spark, table, rows), table, where=None)

    write(EXPOSURE_SCORES, [
        {**OF_NIGHT, "user_id": user, "rank": rank, "item_id": item, "score": score, "value": score, "boost": 0.0,
         "exposure": 1.0, "propensity": propensity, "reason": reason}
        for user, rank, item, score, propensity, reason in LISTS
    ])  # fmt: skip
    write(ITEM_EXPOSURE, [
        {**OF_NIGHT, "item_id": item, "segment": "tail", "boost": boost, "cap": cap, "binding": "none",
         "not_lifted_by": NOT_LIFTED_BY.get(item)}
        for item, _, cap, boost, _ in ITEMS
    ])  # fmt: skip
    write(CANDIDATES, [{"as_of": AS_OF, "user_id": "ann", "item_id": row[0]} for row in ITEMS if row[1]])
    write(RELEVANCE, [
        {"as_of": AS_OF, "policy": "main", "user_id": user, "item_id": row[0], "relevance": relevance,
         "uplift": 0.1 if row[0] == "behind" else None}
        for row in ITEMS
        for user, relevance in row[4].items()
    ])  # fmt: skip
    breakfast = {"tea", "oats", "milk"}
    write(ITEM_FEATURES_TABLE, [
        {"as_of": AS_OF, "item_id": item, "title": item.title(), "segment": "tail", "is_eligible": True,
         "category": "Breakfast" if item in breakfast else item}
        for item in [*(row[0] for row in ITEMS), "oats", "milk", "rice"]
    ])  # fmt: skip
    return Night(conf, AS_OF, "run", spark, tables, Record())


def test_each_item_of_a_set_has_one_cause(night: Night) -> None:
    items = night.tables.read_date(ITEM_EXPOSURE, AS_OF)
    rows = {row.item_id: row for row in causes(night.tables, night.conf, AS_OF, items).collect()}
    assert {item: row.cause for item, row in rows.items()} == {
        "unseen": Cause.NO_CANDIDATE, "unscored": Cause.NOT_SCORED, "faint": Cause.BELOW_BAR,
        "sold_out": Cause.NO_ROOM, "shared": Cause.NO_OWN_LIST, "behind": Cause.OUTRANKED, "tea": Cause.HELD_OUT,
        "wine": Cause.NOT_LIFTED,
    }  # fmt: skip
    behind = rows["behind"]
    assert (behind.pairs, behind.best, behind.user_id, behind.rival) == (2, 0.2, "ann", "milk")
    assert behind.gap == pytest.approx(0.3 - (0.2 - 0.05))
    assert rows["tea"].gap == pytest.approx(0.3 - 0.4)


def test_a_plan_by_uplift_is_explained_by_what_it_counts(night: Night) -> None:
    """behind has an uplift of .1; tea has none, as before the first training, and counts with its relevance."""
    items = night.tables.read_date(ITEM_EXPOSURE, AS_OF)
    plan = night.conf.plan.model_copy(update={"objective": "uplift", "uplift_weight": 1.0})
    conf = night.conf.model_copy(update={"plan": plan})
    rows = {row.item_id: row for row in causes(night.tables, conf, AS_OF, items).collect()}
    assert rows["behind"].gap == pytest.approx(0.3 - (0.1 - 0.05))
    assert rows["behind"].best == 0.2
    assert rows["tea"].gap == pytest.approx(0.3 - 0.4)


def test_a_plan_by_values_is_explained_by_what_it_counts(night: Night) -> None:
    """Without the chances of other responses a view counts for that of the target times its value."""
    items = night.tables.read_date(ITEM_EXPOSURE, AS_OF)
    relevance = night.conf.relevance.model_copy(update={"values": {"purchase": 0.5, "click": 0.1}})
    conf = night.conf.model_copy(update={"relevance": relevance})
    rows = {row.item_id: row for row in causes(night.tables, conf, AS_OF, items).collect()}
    assert rows["behind"].gap == pytest.approx(0.3 - (0.5 * 0.2 - 0.05))


@pytest.mark.parametrize(("item", "sentence"), SENTENCES)
def test_the_sentence_of_an_item_has_the_figures_that_decide(night: Night, item: str, sentence: str) -> None:
    assert why_not_shown(night, item) == sentence


def test_the_page_counts_the_same_causes(night: Night) -> None:
    reading = Reading(Warehouse(night.spark, night.conf.warehouse), night.conf, AS_OF)
    reading.__dict__["figures"] = night.spark.createDataFrame(
        [], "as_of date, name string, segment string, value double, source_versions map<string, bigint>"
    ).toPandas()
    bars, _, nearest, kept_out = starving(reading).blocks
    assert {bar.label: bar.text for bar in bars.bars} == {cause.value: "1" for cause in Cause}  # type: ignore[union-attr]
    assert [row[1:6] for row in nearest.rows] == [("behind", "tail", "2", "20 %", "15 %")]  # type: ignore[union-attr]
    assert [row[1:6] for row in kept_out.rows] == [("tea", "tail", "1", "40 %", "10 %")]  # type: ignore[union-attr]
