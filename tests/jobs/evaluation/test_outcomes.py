"""Outcomes added up on the executors equal those computed from all rows of shoppers and days."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, cast

import numpy as np
import pandas as pd
import pytest
import yaml
from pyspark.sql import DataFrame, Row, SparkSession
from pyspark.sql import functions as F

from features.contract import EVENTS, EXPOSURE_SCORES, RUNS, USERS
from features.contract.table import Table
from features.declarations import ITEM_FEATURES_TABLE, USER_FEATURES_TABLE
from features.evaluation.outcomes import METRICS
from jobs.config.configuration import Config, load_config
from jobs.evaluation.outcomes import PRIMARY, Outcomes, read_outcomes
from jobs.experiments.arms import assigned
from jobs.runtime.errors import LongtailError
from jobs.runtime.storage import storage_of
from jobs.tables.warehouse import Warehouse
from model.experiments.analysis import effect
from model.phrases import phrases
from tests.jobs.small_tables import filled
from tests.model.experiments.row_wise import row_wise_effect

FIRST, BEFORE, DAYS, SHOPPERS = date(2017, 12, 1), 7, 4, 90
SHOPPER_IDS = [f"u{number:02}" for number in range(SHOPPERS)]
OPTED_OUT, NEW = SHOPPER_IDS[:5], SHOPPER_IDS[-3:]
TOWNS = [None, "Oslo", "Rome"]


class Frames:
    """Tables in memory, of a store without roll-backs."""

    def __init__(self, spark: SparkSession, rows: dict[Table, list[dict[str, Any]]], folder: Path) -> None:
        self.frames = {table.name: filled(spark, table, of_table) for table, of_table in rows.items()}
        self.files = storage_of(str(folder))

    def read(self, table: Table) -> DataFrame:
        return self.frames[table.name]

    read_or_empty = read

    def collected(self, rows: DataFrame, *_: object) -> list[Row]:
        return rows.collect()

    def read_date(self, table: Table, as_of: date) -> DataFrame:
        return self.read(table).where(F.col("as_of") == F.lit(as_of))


def at(hour: int) -> datetime:
    """On the first day of the test."""
    return datetime.combine(FIRST, time(hour), UTC)


@pytest.fixture(scope="module")
def conf(tmp_path_factory: pytest.TempPathFactory) -> Config:
    folder = tmp_path_factory.mktemp("outcomes")
    arms = {name: {"share": share, "plan": {}} for name, share in (("usual", 0.5), ("bold", 0.5))}
    test = {"name": "autumn", "starts_on": FIRST, "arms": arms, "before_days": BEFORE, "segment_attributes": ["town"]}
    path = folder / "conf.yaml"
    path.write_text(
        yaml.safe_dump(
            {"warehouse": str(folder / "warehouse"), "source": {"kind": "complete_journey"}, "experiment": test},
            sort_keys=False,
        )
    )
    return load_config(path)


@pytest.fixture(scope="module")
def events() -> pd.DataFrame:
    """Purchases of 80 shoppers from before the window until after it, some of items without a segment."""
    random = np.random.default_rng(3)
    n = 1_500
    return pd.DataFrame({
        "user_id": random.choice(SHOPPER_IDS[:80], n),
        "item_id": random.choice(["head", "tail", "new"], n),
        "day": random.integers(-BEFORE - 2, DAYS + 2, n),
        "price": random.integers(1, 900, n) / 100,
        "sample_weight": random.choice([1.0, 2.5], n),
    })  # fmt: skip


@pytest.fixture(scope="module")
def outcomes(
    spark: SparkSession, conf: Config, events: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory
) -> Outcomes:
    purchases = [
        {**row, "event_type": "purchase", "event_date": FIRST + timedelta(days=row.pop("day")),
         "price": Decimal(str(row["price"]))}
        for row in events.to_dict("records")
    ]  # fmt: skip
    shown = {"item_id": "tail", "event_type": "exposure", "event_date": FIRST, "placement": "tail_shelf"}
    in_arms = [
        (SHOPPER_IDS[0], "main"),
        *((user, "main") for user in SHOPPER_IDS[5:25]),
        *[(SHOPPER_IDS[5], "bold")] * 2,
    ]
    exposures = [
        *({**shown, "user_id": user, "policy": policy, "event_time": at(8)} for user, policy in in_arms),
        # Every shopper saw the list of the night before, until the publish or from a client that had not noticed it.
        *({**shown, "user_id": user, "policy": "main", "event_time": at(2)} for user in SHOPPER_IDS[5:40]),
        *({**shown, "user_id": user, "policy": "main", "event_time": at(5), "list_as_of": FIRST - timedelta(days=1),
           "list_run_id": "x"} for user in SHOPPER_IDS[40:45]),
    ]  # fmt: skip
    lists = [
        {"as_of": FIRST, "policy": "main", "placement": "tail_shelf", "user_id": user, "reason": reason}
        for user, reason in [(SHOPPER_IDS[0], phrases().shared_list), (SHOPPER_IDS[7], "x"), (SHOPPER_IDS[8], "x")]
    ]
    tables = Frames(spark, {
        USERS: [
            {"user_id": user, "signed_up_at": datetime(2018 if user in NEW else 2017, 1, 1),
             "attributes": {"town": TOWNS[number % 3]} if number % 3 else {}}
            for number, user in enumerate(SHOPPER_IDS)
        ],
        USER_FEATURES_TABLE: [
            {"as_of": FIRST, "user_id": user, "consent_personalisation": user not in OPTED_OUT} for user in SHOPPER_IDS
        ],
        ITEM_FEATURES_TABLE: [{"as_of": FIRST, "item_id": name, "segment": name} for name in ("head", "tail")],
        EVENTS: purchases + exposures,
        EXPOSURE_SCORES: lists,
        RUNS: [{"step": "publish", "as_of": FIRST, "started_at": at(4), "seconds": 60.0, "status": "done"}],
    }, tmp_path_factory.mktemp("files"))  # fmt: skip
    return read_outcomes(cast(Warehouse, tables), conf, FIRST, FIRST + timedelta(days=DAYS))


@pytest.fixture(scope="module")
def row_wise(events: pd.DataFrame) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """By metric float64 (known shoppers, days of before and of the test), and the shoppers' numbers."""
    known = np.array([n for n, user in enumerate(SHOPPER_IDS) if user not in (*OPTED_OUT, *NEW)])
    by_day = {name: np.zeros((SHOPPERS, BEFORE + DAYS)) for name in METRICS}
    for row in events.itertuples():
        day, user = row.day + BEFORE, SHOPPER_IDS.index(row.user_id)
        if 0 <= day < BEFORE + DAYS:
            by_day["head_purchases" if row.item_id == "head" else "tail_purchases"][user, day] += row.sample_weight
            by_day["revenue"][user, day] += row.price * row.sample_weight
    return {name: values[known] for name, values in by_day.items()}, known


def test_effects_equal_those_of_all_rows(
    outcomes: Outcomes, conf: Config, row_wise: tuple[dict[str, np.ndarray], np.ndarray]
) -> None:
    by_day, known = row_wise
    assert outcomes.shoppers == len(known) == 82
    treated = assigned(conf, [SHOPPER_IDS[n] for n in known]) == "bold"
    before = np.stack([values[:, :BEFORE].mean(axis=1) for values in by_day.values()], axis=1)
    lines = before[:, 0] + before[:, 1]
    third = np.searchsorted(np.quantile(lines, [1 / 3, 2 / 3]), lines, side="left")
    segments = {
        ("activity", name): third == n for n, name in enumerate(("few purchases", "some purchases", "many purchases"))
    }
    segments |= {("town", name or "unknown"): known % 3 == n for n, name in enumerate(TOWNS)}
    pairs = [(name, outcomes.of_arms(name, "usual", "bold"), np.full(len(known), True)) for name in METRICS]
    assert list(outcomes.segments_of("usual", "bold")) == [
        *(("activity", name) for name in ("few purchases", "many purchases", "some purchases")),
        *(("town", name) for name in ("Oslo", "Rome", "unknown")),
    ]
    pairs += [(PRIMARY, arms, segments[key]) for key, arms in outcomes.segments_of("usual", "bold").items()]
    for name, arms, at in pairs:
        assert arms is not None
        expected = row_wise_effect(by_day[name][at, BEFORE:], before[at], treated[at], 0.1, 0.05)
        measured = effect(*arms, 0.1, 0.05)
        assert measured.shoppers == expected.shoppers
        for figure in ("control", "treated", "difference", "variance", "low", "high", "p", "variance_kept"):
            assert getattr(measured, figure) == pytest.approx(getattr(expected, figure), rel=1e-9)
    for number, name in enumerate(METRICS):
        assert outcomes.mean_before(name) == pytest.approx(before[:, number].mean(), rel=1e-9)


def test_shoppers_with_lists_and_exposures_are_counted_by_arm_from_the_first_publish_on(
    outcomes: Outcomes, conf: Config
) -> None:
    assert outcomes.listed == {"usual": 2, "bold": 0}
    arm = dict(zip(SHOPPER_IDS, assigned(conf, SHOPPER_IDS).tolist(), strict=True))
    seen = SHOPPER_IDS[5:25]  # without the one who had the shared list
    assert outcomes.seen == {name: sum(arm[user] == name for user in seen) for name in ("usual", "bold")}
    assert outcomes.shown == 20
    assert outcomes.crossed == len({SHOPPER_IDS[5], *(user for user in seen if arm[user] == "bold")})


def test_a_test_without_shoppers_is_an_error(spark: SparkSession, conf: Config, tmp_path: Path) -> None:
    tables = Frames(spark, {USERS: [], USER_FEATURES_TABLE: [], ITEM_FEATURES_TABLE: [], EVENTS: []}, tmp_path)
    with pytest.raises(LongtailError, match="No shopper signed up before 2017-12-01"):
        read_outcomes(cast(Warehouse, tables), conf, FIRST, FIRST + timedelta(days=1))
