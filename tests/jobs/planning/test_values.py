"""A plan by the values of several responses: the better sum of chances enters, whatever the target alone says."""

from __future__ import annotations

from pathlib import Path

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from features.contract import EXPOSURE_SCORES, RELEVANCE
from jobs.config.configuration import Config
from jobs.execution.night import Night
from jobs.plan_exposure import plan_exposure
from jobs.runtime.errors import LongtailError
from tests.jobs.planning.small_store import NIGHT, USERS, conf_in, night_of, write_store

VALUES = {"purchase": 1.0, "click": 0.5}
CLICKED, BOUGHT = "salt", "best"  # chances of a purchase 0.16 and 0.30
FREE = {
    "slots": 2, "position_weights": [1.0, 0.6], "max_item_share": 1.0, "caps": {}, "stock": {"column": None},
    "sponsors": {},
    "floors": {"cold": {"share": 0.0}, "new_items": {"share": 0.0}}, "frequency": {"times": None},
    "worth": {"margin_column": None, "margin_weight": 0.0, "bid_weight": 0.0}, "merchandising": None,
}  # fmt: skip


@pytest.fixture(scope="module")
def folder(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("values")
    write_store(spark, folder)
    return folder


def with_chances(spark: SparkSession, folder: Path, known: str = "true") -> None:
    """Gives each pair of relevance a chance of a click: 0.9 of CLICKED, 0.1 of others; NULL where not `known`."""
    tables = night_of(spark, conf_in(folder)).tables
    rows = tables.read(RELEVANCE).drop("chances")
    click = F.when(F.col("item_id") == CLICKED, 0.9).otherwise(0.1)
    chances = F.create_map(F.lit("purchase"), F.col("relevance"), F.lit("click"), click)
    frame = rows.withColumn("chances", F.when(F.expr(known), chances)).localCheckpoint()
    tables.replace(frame.select(*RELEVANCE.column_names), RELEVANCE, where=None)


def valued(conf: Config) -> Config:
    relevance = conf.relevance.model_copy(update={"values": VALUES})
    return conf.model_copy(update={"relevance": relevance})


def planned(spark: SparkSession, conf: Config) -> Night:
    night = night_of(spark, conf)
    plan_exposure(night)
    return night


def firsts(night: Night) -> dict[str, tuple[float, float]]:
    """By item the largest relevance and score of its personal entries that lead a list."""
    rows = night.tables.read_date(EXPOSURE_SCORES, NIGHT).where(
        (F.col("rank") == 1) & F.col("user_id").isin(USERS[2:22])
    )
    leading = rows.groupBy("item_id").agg(F.max("relevance").alias("relevance"), F.max("value").alias("value"))
    return {row["item_id"]: (row["relevance"], row["value"]) for row in leading.collect()}


def test_the_plan_takes_the_better_sum(spark: SparkSession, folder: Path) -> None:
    with_chances(spark, folder)
    night = planned(spark, valued(conf_in(folder, **FREE, sensitive_categories=["Alcohol", "Home"])))
    by_values = firsts(night)
    assert by_values.keys() == {CLICKED}
    relevance, value = by_values[CLICKED]
    assert relevance == pytest.approx(0.181)  # of u21: still the chance of a purchase
    assert value == pytest.approx(0.181 + 0.5 * 0.9)
    assert night.record.decisions["objective"] == "purchase 1, click 0.5"


def test_without_other_chances_the_target_counts_alone(spark: SparkSession, folder: Path) -> None:
    with_chances(spark, folder, known="false")
    night = planned(spark, valued(conf_in(folder, **FREE, sensitive_categories=["Alcohol", "Home"])))
    assert firsts(night).keys() == {BOUGHT}
    assert night.record.decisions["objective"] == "purchase 1"


def test_pairs_without_the_chances_of_others_are_refused(spark: SparkSession, folder: Path) -> None:
    with_chances(spark, folder, known="item_id <> 'tea'")
    with pytest.raises(
        LongtailError, match=r"24 of 216 pairs of relevance have no chance of each of relevance\.values"
    ):
        planned(spark, valued(conf_in(folder, **FREE)))
