"""A plan under other settings against the plan in the tables."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from features.contract import CONSTRAINT_PRICES, EXPOSURE_SCORES, FALLBACK_LISTS, ITEM_EXPOSURE
from jobs.config.configuration import load_config
from jobs.execution.night import Night
from jobs.report.plan_difference import difference_in_words
from jobs.runtime.errors import ConfigurationError, LongtailError
from jobs.what_if import what_if
from tests.jobs.planning.small_store import NIGHT, conf_file


def test_what_if_prints_the_difference_and_writes_nothing(spark: SparkSession, planned: Night, store: Path) -> None:
    path = conf_file(store)
    conf = load_config(path)
    changes = ["plan.floors.cold.share=0", "plan.sponsors={cape: {bid: 0.5, budget: 6}}", "plan.max_item_share=0.9"]
    tables = (EXPOSURE_SCORES, ITEM_EXPOSURE, CONSTRAINT_PRICES, FALLBACK_LISTS)
    before = [planned.tables.version(table) for table in tables]
    text = difference_in_words(what_if(spark, conf, load_config(path, changes), NIGHT, "run", changes))
    assert [planned.tables.version(table) for table in tables] == before
    assert "nothing is written" in text
    assert "expected responses" in text
    used = planned.tables.read_date(CONSTRAINT_PRICES, NIGHT).where("policy = 'main' AND constraint = 'budget'").first()
    assert used is not None
    [bids] = [line.split() for line in text.splitlines() if line.startswith("expected revenue of bids")]
    assert bids[4] == f"{0.5 * used['used']:.2f}"
    assert bids[6] == "0.00"  # without its floor the sponsored item is in no list
    assert "Names that match no item\n  plan.merchandising: unknown" in text
    assert "cold (segment = cold): " in text
    assert "budget (cape): " in text
    assert "(bound 12, gets " in text
    best = next(line for line in text.splitlines() if line.startswith("  best "))
    assert "Best" in best
    with pytest.raises(LongtailError, match="outside plan"):
        what_if(spark, conf, load_config(path, ["seed=3"]), NIGHT, "run", ["seed=3"])
    with pytest.raises(ConfigurationError, match=r"plan.floors.cold.shares is not a key"):
        load_config(path, ["plan.floors.cold.shares=0.1"])


def test_a_sample_is_planned_with_and_without_the_change(spark: SparkSession, planned: Night, store: Path) -> None:
    path, change = conf_file(store), ["plan.floors.cold.share=0"]
    conf = load_config(path)
    difference = what_if(spark, conf, load_config(path, change), NIGHT, "run", change, 0.5)
    assert "sums over a sample of 50 % of the shoppers" in difference.heading
    shoppers = int(re.findall(r"of (\d+) shoppers", difference.moved)[0])
    assert 4 <= shoppers <= 18
    rules = {cost.rule: cost for cost in difference.rules}
    cold, budget = rules["cold (segment = cold)"], rules["budget (cape)"].live
    assert ("bound 0," in cold.live, "bound 0," in cold.other) == (False, True)
    bound = float(re.findall(r"bound ([\d.]+)", budget)[0])
    assert bound == pytest.approx(0.6 / 0.5 * shoppers / 24, rel=0.02)  # all shoppers visit equally often
    with pytest.raises(LongtailError, match="no shopper in a sample"):
        what_if(spark, conf, conf, NIGHT, "run", [], 1e-9)
