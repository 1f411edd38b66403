"""The gate on two nights of a small store: what it writes, what it names, when it stops."""

from __future__ import annotations

from pathlib import Path

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from features.contract import METRICS
from features.declarations import ITEM_FEATURES, ITEM_FEATURES_TABLE, USER_FEATURES
from jobs.quality.gate import pass_features
from jobs.runtime.errors import REFUSED, Refused
from tests.jobs.online.nights import FIRST, SECOND, config_in, night_of, rewrite, write_tables


@pytest.mark.slow
@pytest.mark.promise
def test_a_night_is_measured_and_a_rise_of_defaults_stops_it(spark: SparkSession, tmp_path: Path) -> None:
    conf = config_in(tmp_path)
    write_tables(spark, Path(conf.warehouse))
    first = night_of(spark, conf, FIRST)
    pass_features(first)
    assert first.record.decisions["item_features_compared_with"] == "no earlier night"
    rows = first.tables.read(METRICS).where(F.col("as_of") == F.lit(FIRST)).collect()
    shares = {row["segment"]: row["value"] for row in rows if row["name"] == "feature_default_share"}
    assert len(shares) == len(ITEM_FEATURES) + len(USER_FEATURES)
    assert shares["item_features.is_eligible"] == pytest.approx(1 / 3)  # gum
    assert shares["user_features.visit_days_28d"] == 0.0

    # On the second night nothing is eligible: from a third to all of three items.
    rewrite(spark, conf, ITEM_FEATURES_TABLE, f"as_of = DATE'{SECOND}'", is_eligible="false")
    second = night_of(spark, conf, SECOND)
    with pytest.raises(Refused, match=r"item_features.is_eligible: default_rise is 0.6667, the bar is 0.2") as refused:
        pass_features(second)
    assert refused.value.exit_code == REFUSED
    assert second.record.decisions["user_features_compared_with"] == str(FIRST)
    rows = second.tables.read(METRICS).where(F.col("as_of") == F.lit(SECOND)).collect()
    figures = {(row["name"], row["segment"]): row["value"] for row in rows}
    assert figures["feature_default_rise", "item_features.is_eligible"] == pytest.approx(2 / 3)
    assert figures["feature_drift", "item_features.price_mean_90d"] > 0.25  # 1 became 2; that only warns

    quality = conf.quality.model_copy(update={"exceptions": {"is_eligible": {"default_rise": 0.7}}})
    excepted = night_of(spark, conf.model_copy(update={"quality": quality}), SECOND)
    pass_features(excepted)
    assert excepted.record.rows["features_beyond_bar"] > 0
