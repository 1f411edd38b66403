"""Who is planned for."""

from __future__ import annotations

from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from jobs.planning.shoppers.planned_shoppers import read_shoppers
from jobs.runtime.errors import ConfigurationError
from tests.jobs.planning.small_store import OPTED_OUT, conf_in, night_of


def test_shoppers_with_and_without_consent(spark: SparkSession, store: Path) -> None:
    shoppers = read_shoppers(night_of(spark, conf_in(store)))
    assert shoppers.part == 1.0
    assert [row.user_id for row in shoppers.opted_out.orderBy("user_id").collect()] == OPTED_OUT
    # 24 shoppers who come every other day.
    assert (shoppers.number, shoppers.opted_out_number, shoppers.opted_out_visits) == (24, 2, 1.0)
    assert shoppers.consenting.to_dict() == {"": 22}
    shoppers.close()


def test_segments_by_an_unknown_column_are_refused(spark: SparkSession, store: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"plan.shopper_segments: user_features has no column tribe"):
        read_shoppers(night_of(spark, conf_in(store, shopper_segments="tribe")))
