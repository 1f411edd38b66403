"""Position weights from a log in Spark, whose lists are sorted by each shopper's own relevance."""

from __future__ import annotations

from datetime import UTC, date, datetime

import numpy as np
import pytest
from pyspark.sql import SparkSession

from features.delivery.strata import shopper_levels, with_stratum
from jobs.config.configuration import load_config
from jobs.delivery.learned_weights import KnownWeights
from jobs.delivery.position_weights import position_weights
from tests.conftest import ROOT
from tests.model.policy_evaluation.sorted_lists import TRUTH

NIGHT, SHOPPERS, CANDIDATES, SLOTS = date(2024, 5, 1), 200, 20, 10
SHOWN_AT, CLICKED_AT = (datetime(2024, 5, 1, hour, tzinfo=UTC) for hour in (9, 10))
COUNT = 100_000.0  # of each exposure, so that answers are as many as expected


@pytest.mark.parametrize("kind", ["click", "purchase"])
def test_keen_shoppers_at_high_positions_are_not_taken_for_attention(spark: SparkSession, kind: str) -> None:
    random = np.random.default_rng(7)
    # Half of the shoppers come eight times as often, so that their chance to respond is predicted as much higher.
    visits = np.where(np.arange(SHOPPERS) % 2 == 0, 1.0, 0.125)[:, None]
    attraction = 0.03 * random.lognormal(0.0, 0.7, (SHOPPERS, CANDIDATES))
    attraction = -np.sort(-attraction, axis=1)
    relevance, exposures, clicks = [], [], []
    for user, item in np.ndindex(SHOPPERS, CANDIDATES):
        pair = (f"u{user}", f"i{(user + item) % 50}")
        relevance.append((NIGHT, "main", *pair, float(visits[user, 0] * attraction[user, item])))
        if item < SLOTS:
            exposures.append((NIGHT, "main", *pair, SHOWN_AT, item + 1, COUNT))
            answers = float(COUNT * TRUTH[item] * attraction[user, item])
            clicks.append((f"{user} {item}", *pair, CLICKED_AT, answers, kind))
    pairs = spark.createDataFrame(
        relevance, "as_of date, policy string, user_id string, item_id string, relevance double"
    )
    shown = spark.createDataFrame(
        exposures,
        "as_of date, policy string, user_id string, item_id string, event_time timestamp, position int, "
        "sample_weight double",
    )
    responses = spark.createDataFrame(
        clicks,
        "event_id string, user_id string, item_id string, event_time timestamp, sample_weight double, "
        "event_type string",
    )
    lists = pairs.withColumn("score", pairs["relevance"])
    prior = np.arange(1, SLOTS + 1) ** -0.6
    conf = load_config(ROOT / "conf/local.yaml", [f"plan.position_weights={prior.tolist()}"])
    known = KnownWeights(prior, conf.account.position_weight_deviation)
    weights = position_weights(conf, with_stratum(shown, lists, shopper_levels(pairs)), responses, known)
    assert weights.learned == pytest.approx(dict(enumerate(TRUTH, start=1)), abs=1e-6)
    assert weights.used == pytest.approx(TRUTH, abs=0.01)
    assert weights.deviation[0] == 0 < max(weights.deviation) < 0.01
