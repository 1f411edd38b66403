"""Position weights are those learned from the log, and never rise further down."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import pytest
from pyspark.sql import SparkSession

from features.contract import METRICS
from features.contract.metrics import (
    POSITION_WEIGHT_CONFIGURED,
    POSITION_WEIGHT_DEVIATION,
    POSITION_WEIGHT_USED,
)
from jobs.config.configuration import load_config
from jobs.delivery.learned_weights import weights_known_before, with_learned_weights
from jobs.execution.night import Night, Record
from jobs.tables.warehouse import Warehouse
from tests.conftest import ROOT
from tests.jobs.small_tables import filled

pytestmark = pytest.mark.slow
NIGHT, OTHER, PARTLY = date(2024, 5, 4), date(2024, 5, 3), date(2024, 5, 2)
USED_ON = {NIGHT: [1.0, 0.7, 0.75, 0.4], OTHER: [1.0, 0.9, 0.8, 0.7], PARTLY: [1.0, 0.2]}


def test_learned_weights_are_used_where_every_slot_has_one(spark: SparkSession, tmp_path: Path) -> None:
    weights_of_four = "plan.position_weights=[1.0, 0.8, 0.7, 0.6]"
    conf = load_config(ROOT / "conf/local.yaml", [f"warehouse={tmp_path}", "plan.slots=4", weights_of_four])
    tables = Warehouse(spark, conf.warehouse)

    def weights(as_of: date) -> tuple[float, ...]:
        return with_learned_weights(Night(conf, as_of, "x", spark, tables, Record())).conf.plan.position_weights

    assert weights(NIGHT) == (1.0, 0.8, 0.7, 0.6)  # nothing was logged before
    rows = [
        {"as_of": day, "name": POSITION_WEIGHT_USED, "segment": str(place), "value": value}
        for day, values in USED_ON.items()
        for place, value in enumerate(values, start=1)
    ]
    tables.add(filled(spark, METRICS, rows), METRICS)
    assert weights(NIGHT) == (1.0, 0.7, 0.7, 0.4)
    assert weights(OTHER) == (1.0, 0.9, 0.8, 0.7)
    assert weights(PARTLY) == (1.0, 0.8, 0.7, 0.6)


def test_a_log_adds_to_what_earlier_exposures_taught(spark: SparkSession, tmp_path: Path) -> None:
    configured, used, deviation = [1.0, 0.8, 0.7, 0.6], [1.0, 0.9, 0.8, 0.7], [0.0, 0.12, 0.4, 0.01]
    settings = [f"warehouse={tmp_path}", "plan.slots=4", "account.position_weight_deviation=0.2"]
    conf = load_config(ROOT / "conf/local.yaml", [*settings, f"plan.position_weights={configured}"])
    tables = Warehouse(spark, conf.warehouse)
    values = {POSITION_WEIGHT_DEVIATION: deviation, POSITION_WEIGHT_CONFIGURED: configured}
    of_nights = {OTHER: {**values, POSITION_WEIGHT_USED: used}, NIGHT: {**values, POSITION_WEIGHT_USED: configured}}
    rows = [
        {"as_of": day, "name": name, "segment": str(place), "value": value}
        for day, of_night in of_nights.items()
        for name, of_name in of_night.items()
        for place, value in enumerate(of_name, start=1)
    ]
    tables.add(filled(spark, METRICS, rows), METRICS)
    known = weights_known_before(tables, conf, OTHER)  # not those of NIGHT, which saw the log from OTHER on
    assert known.weights.tolist() == used
    assert known.deviation == pytest.approx([0.05, np.hypot(0.12, 0.05), 0.2, np.hypot(0.01, 0.05)])
    nothing = weights_known_before(tables, conf, PARTLY)
    assert (nothing.weights.tolist(), nothing.deviation) == (configured, 0.2)
    moved = load_config(ROOT / "conf/local.yaml", [*settings, "plan.position_weights=[1.0, 0.5, 0.4, 0.3]"])
    assert weights_known_before(tables, moved, OTHER).weights.tolist() == [1.0, 0.5, 0.4, 0.3]
