"""Items with a word of plan.not_lifted in their texts are shown for their own relevance alone."""

from __future__ import annotations

from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from features.contract import EXPOSURE_SCORES, ITEM_EXPOSURE
from features.health.planned_items import not_lifted_count
from jobs.plan_exposure import plan_exposure
from jobs.show import item_in_words
from tests.jobs.planning.small_store import NIGHT, conf_in, night_of

NAMED = {"salt": "SALT", "soap": "soap", "pinned": "pinned"}


def test_an_item_with_a_named_word_gets_no_lift(spark: SparkSession, store: Path) -> None:
    keys = {"not_lifted": {"words": ["SALT", "soap", "pinned", "win"]}, "exploration_slots": 1}
    night = night_of(spark, conf_in(store, policy="filtered", relevance_of="main", **keys))
    plan_exposure(night)
    planned = night.tables.read_date(ITEM_EXPOSURE, NIGHT).where("policy = 'filtered'")
    items = planned.toPandas().set_index("item_id")
    named = items["not_lifted_by"].dropna()
    assert named.to_dict() == NAMED
    assert not_lifted_count(planned) == ("items_not_lifted_count", "all", 3.0)
    assert (items.loc[named.index, "boost"] <= 0).all()
    assert (items.loc[named.index, "floor"] == 0).all()

    lists = night.tables.read_date(EXPOSURE_SCORES, NIGHT).where("policy = 'filtered'").toPandas()
    of_named = lists[lists["item_id"].isin(NAMED)]
    assert (lists["propensity"] < 1).any()
    assert (of_named["propensity"] == 1).all()
    # Neither the margin of salt nor the bid for soap counts.
    assert of_named["value"].tolist() == pytest.approx(of_named["relevance"].tolist())

    assert night.record.decisions["not lifted"] == "3 items (SALT 1, pinned 1, soap 1)"
    assert night.record.decisions["pins of items not lifted"] == "pinned"
    assert "; no rule lifts it, since its texts have 'SALT' of plan.not_lifted" in item_in_words(night, "salt")
