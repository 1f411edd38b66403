"""What shoppers of a night get, by an attribute."""

from __future__ import annotations

from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from features.contract import EXPOSURE_SCORES, USERS
from jobs.execution.night import Night
from jobs.quality.shopper_health import figures_of_shoppers
from tests.jobs.planning import small_store
from tests.jobs.planning.small_store import NIGHT, OPTED_OUT, conf_in, night_of
from tests.jobs.small_tables import filled

OLDER = small_store.USERS[:12]


def test_lists_of_shoppers_by_an_attribute(planned: Night, spark: SparkSession, store: Path) -> None:
    conf = conf_in(store)
    assert figures_of_shoppers(night_of(spark, conf)) == []
    rows = [
        {"user_id": user, "attributes": {"age": "65+" if user in OLDER else "35-44"}, "consent_personalisation": True}
        for user in small_store.USERS
    ]
    planned.tables.replace(filled(spark, USERS, rows), USERS, where=None)
    report = conf.report.model_copy(update={"shopper_attributes": ("age",), "least_shoppers": 10})
    figures = figures_of_shoppers(night_of(spark, conf.model_copy(update={"report": report})))
    by_name = {(name.removeprefix("shopper_group_"), segment): value for name, segment, value in figures}
    assert {segment: value for (name, segment), value in by_name.items() if name == "count"} == {
        "all": 22.0, "age=65+": 12.0, "age=35-44": 10.0,
    }  # fmt: skip

    lists = planned.tables.read_date(EXPOSURE_SCORES, NIGHT).where("policy = 'main'").toPandas()
    lists = lists[~lists["user_id"].isin(OPTED_OUT)]
    of_older = lists[lists["user_id"].isin(OLDER)]
    by_user = of_older.groupby("user_id")
    assert by_name["listed_share", "age=65+"] == pytest.approx(by_user.ngroups / 12)
    assert by_name["relevance_mean", "age=65+"] == pytest.approx(by_user["relevance"].mean().mean())
    assert by_name["boost_mean", "age=65+"] == pytest.approx(by_user["boost"].mean().mean())
    is_tail = (of_older["item_id"] != "soap").groupby(of_older["user_id"])
    assert by_name["tail_share", "age=65+"] == pytest.approx(is_tail.mean().mean())
    responses = of_older["relevance"] * of_older["rank"].map({1: 1.0, 2: 0.8, 3: 0.6}) * 0.5
    assert by_name["responses_mean", "age=65+"] == pytest.approx(responses.sum() / 12)
