"""item_potential of the small store, a floor that names one of its columns, and what the page and show say of it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from features.contract import CONSTRAINT_PRICES, ITEM_EXPOSURE, ITEM_POTENTIAL, RUNS
from jobs.config.configuration import Config, load_config
from jobs.config.experiment import Experiment
from jobs.execution.manifest import run_step
from jobs.execution.night import Night
from jobs.measure_potential import measure_potential
from jobs.plan_exposure import plan_exposure
from jobs.report.night_tables import Reading
from jobs.report.page.numbers import amount
from jobs.report.page.parts import Table, Words
from jobs.report.sections.hidden_gems import hidden_gems
from jobs.runtime.errors import LongtailError
from jobs.show import item_in_words
from jobs.tables.warehouse import Warehouse
from tests.jobs.planning.small_store import NIGHT, conf_file, conf_in, night_of, write_store

GEMS = {"gems": {"column": "potential_gap", "at_least": 1.0, "share": 0.3}}


@pytest.fixture(scope="module")
def folder(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store of its own: other tests plan theirs as if the night had no item_potential."""
    folder = tmp_path_factory.mktemp("gems")
    write_store(spark, folder)
    return folder


def conf_with(folder: Path, **plan: object) -> Config:
    """The store's configuration, with the potential of items measured."""
    return load_config(conf_file(folder, **plan), ["potential.shoppers=100"])


def potential(spark: SparkSession, folder: Path, **plan: object) -> pd.DataFrame:
    conf = conf_with(folder, **plan)
    run_step(measure_potential, spark, conf, NIGHT, "measured")
    return Warehouse(spark, conf.warehouse).read_date(ITEM_POTENTIAL, NIGHT).toPandas().set_index("item_id")


def test_a_plan_that_names_what_was_not_measured_is_refused_and_the_page_says_nothing(
    spark: SparkSession, folder: Path
) -> None:
    night = night_of(spark, conf_with(folder, floors=GEMS))
    with pytest.raises(
        LongtailError,
        match=r"item_potential, which has no rows for 2017-12-01 and policy main.*Run measure_potential for 2017-12-01",
    ):
        plan_exposure(night)
    [block] = hidden_gems(Reading(night.tables, conf_in(folder), NIGHT)).blocks
    assert isinstance(block, Words)
    assert block.sentences == ("Not measured for 2017-12-01: potential.shoppers is 0.",)


def test_every_eligible_item_has_its_potential(spark: SparkSession, folder: Path) -> None:
    of_item = potential(spark, folder)
    # 22 of 24 shoppers consent; each visits on half of the days. Their relevance is 0.20 + n / 1000, n from 0 to 21.
    tea = of_item.loc["tea"]
    assert (tea.audience_count, tea.audience_visits) == (22, 11.0)
    assert tea.potential_responses == pytest.approx(0.5 * (22 * 0.20 + 231 / 1000))
    # No earlier night was accounted.
    assert (tea.received_exposures, tea.received_responses) == (0.0, 0.0)
    assert tea.potential_gap == pytest.approx(tea.potential_responses)
    assert len(of_item) == 9
    run = Warehouse(spark, str(folder / "warehouse")).read(RUNS).where("step = 'measure_potential'").first()
    assert run is not None
    assert run.rows == {"items": 9, "with_audience": 9}


def test_only_shoppers_at_or_above_the_bar_are_an_audience(spark: SparkSession, folder: Path) -> None:
    of_item = potential(spark, folder, relevance_bar=0.215)
    # n from 15 to 21.
    assert of_item.loc["tea", "audience_count"] == 7
    assert of_item.loc["tea", "potential_responses"] == pytest.approx(0.5 * (7 * 0.20 + 126 / 1000))
    assert of_item.loc["wines", ["audience_count", "potential_responses", "potential_gap"]].tolist() == [0.0, 0.0, 0.0]


def test_a_floor_names_a_column_and_page_and_show_explain_it(spark: SparkSession, folder: Path) -> None:
    of_item = potential(spark, folder)
    night = night_of(spark, conf_with(folder, floors={**GEMS, "cold": {"share": 0.0}, "new_items": {"share": 0.0}}))
    plan_exposure(night)
    planned = night.tables.read_date(ITEM_EXPOSURE, NIGHT).toPandas().set_index("item_id")
    # banned and wine have a large potential as well, and may not be shown.
    gems = planned.index.intersection(of_item.index[of_item.potential_gap >= 1.0])
    assert sorted(gems) == ["best", "jam", "salt", "soap", "tea"]
    row = night.tables.read_date(CONSTRAINT_PRICES, NIGHT).where("constraint = 'gems'").first()
    assert row is not None
    assert row.member == "potential_gap >= 1"
    assert row.used == pytest.approx(planned.loc[gems, "allocated"].sum(), abs=1e-6)

    table = largest_gaps(night)
    # Of the items that the plan may show, the part of 11 visits a day that tonight's exposures leave; one gets all 11.
    left = planned[["allocated"]].join(of_item)
    left = left.assign(gap=left.potential_responses * (1 - left.allocated / 11.0)).sort_values("gap", ascending=False)
    assert [cells[1] for cells in table.rows] == list(left.index[left.gap > 0])
    assert (left.gap <= 0).any()
    rows = {cells[1]: cells for cells in table.rows}
    # 0.5 x 22 x (0.30 + 0.0105) = 3.42.
    assert rows["best"][:6] == ("Best", "best", "tail", "3.42", "22", "0")
    assert rows["best"][6:] == (amount(left.allocated["best"]), amount(left.gap["best"]))

    shown = item_in_words(night, "best")
    assert (
        "Potential: 3.42 expected responses a day if the best 22 of its 22 candidate shoppers saw it on every visit; "
        "it had 0 exposures a day, which leaves a gap of 3.42"
    ) in shown

    # In a test, an arm of its own shows each product half of what is missing: half of the gap stays.
    missing = F.greatest(11.0 - F.col("allocated"), F.lit(0.0))
    bold = night.tables.read_date(ITEM_EXPOSURE, NIGHT).withColumns({"policy": F.lit("bold"), "allocated": missing / 2})
    night.tables.replace_date(bold, ITEM_EXPOSURE, NIGHT, "policy = 'bold'")
    arms = {"control": {"share": 0.6, "plan": {}}, "bold": {"share": 0.4, "plan": {}}}
    test = {"name": "bolder", "starts_on": NIGHT, "arms": arms}
    experiment = Experiment.model_validate(night.conf.experiment.model_dump() | test)
    in_test = replace(night, conf=night.conf.model_copy(update={"experiment": experiment}))
    of_best = {cells[1]: cells for cells in largest_gaps(in_test).rows}["best"]
    assert of_best[6:] == (amount((11.0 + left.allocated["best"]) / 2), amount(left.gap["best"] / 2))


def largest_gaps(night: Night) -> Table:
    [table] = hidden_gems(Reading(night.tables, night.conf, NIGHT)).blocks
    assert isinstance(table, Table)
    return table
