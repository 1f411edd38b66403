"""Two nights of a small store: what was logged is held against the plan, and corrects the next one."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession

from features.contract import (
    CONSTRAINT_PRICES,
    EVENTS,
    EXPOSURE_ACCOUNT,
    EXPOSURE_CORRECTIONS,
    EXPOSURE_SCORES,
    ITEM_EXPOSURE,
    ITEMS,
    METRICS,
    RUNS,
)
from features.declarations import ITEM_FEATURES_TABLE
from jobs.account_exposure import account_exposure
from jobs.config.configuration import Config, load_config
from jobs.execution.manifest import run_step
from jobs.execution.night import Night, Record
from jobs.online.roll_backs import note_roll_back
from jobs.planning.rules.corrections import read_corrections
from jobs.runtime.storage import storage_of
from jobs.tables.warehouse import Warehouse
from tests.jobs.small_tables import filled

pytestmark = pytest.mark.slow
ROOT = Path(__file__).resolve().parents[2]
FIRST = date(2024, 5, 1)
RULE = ("cold", "segment = cold")
#        cold is to have 20 %; t is a tail item, c a cold one
PLANNED = {"t": 8000.0, "c": 2000.0}
GENEROUS = "account.most_exposures_a_day=1e9"
ARMS = "{usual: {share: 0.5, plan: {}}, bold: {share: 0.5, plan: {floors: {cold: {share: 0.4}}}}}"


def publish_nothing(_: Night) -> None:
    """A publish that is done, as `runs` has it."""


publish_nothing.__name__ = "publish"


def at(night: date, hour: int = 12) -> datetime:
    return datetime(night.year, night.month, night.day, hour, tzinfo=UTC)


class Store:
    """A warehouse with items, and nights that are planned, logged and accounted one by one."""

    def __init__(self, spark: SparkSession, folder: Path, *overrides: str) -> None:
        self.spark = spark
        self.conf: Config = load_config(
            ROOT / "conf/local.yaml",
            [f"warehouse={folder}", "plan.floors={cold: {column: segment, equals: cold, share: 0.2}}",
             "account.controller.noise=0.0", "plan.max_item_share=1.0", *overrides],
        )  # fmt: skip
        self.tables = Warehouse(spark, self.conf.warehouse)
        listed = {"listed_at": at(FIRST - timedelta(days=99)), "valid_from": at(FIRST - timedelta(days=99))}
        items = [{"item_id": item, "margin": 0.25, **listed} for item in PLANNED]
        self.tables.add(filled(spark, ITEMS, items), ITEMS)

    def plan(self, night: date, policy: str = "main") -> None:
        self.know(night)
        of_night: dict[str, Any] = {"as_of": night, "policy": policy, "placement": "tail_shelf"}
        segments = {"t": "tail", "c": "cold"}
        rows = [
            {
                **of_night,
                "item_id": item,
                "segment": segments[item],
                "allocated": planned,
                "cap": 1e9,
                "binding": "none",
            }
            for item, planned in PLANNED.items()
        ]
        lists = [
            {**of_night, "item_id": item, "user_id": f"u of {item}", "rank": 1, "propensity": 1.0} for item in PLANNED
        ]
        self.tables.add(filled(self.spark, ITEM_EXPOSURE, rows), ITEM_EXPOSURE)
        self.tables.add(filled(self.spark, EXPOSURE_SCORES, lists), EXPOSURE_SCORES)
        price = {**of_night, "constraint": RULE[0], "member": RULE[1], "bound": 2000.0, "used": 2000.0}
        self.tables.add(filled(self.spark, CONSTRAINT_PRICES, [price]), CONSTRAINT_PRICES)

    def know(self, night: date, of_c: str = "cold") -> None:
        rows = [
            {"as_of": night, "item_id": item, "segment": segment, "is_eligible": True}
            for item, segment in (("t", "tail"), ("c", of_c))
        ]
        self.tables.replace_date(filled(self.spark, ITEM_FEATURES_TABLE, rows), ITEM_FEATURES_TABLE, night)

    def log(
        self, night: date, policy: str | None = None, position: int = 1, of: date | None = None, **exposures: float
    ) -> None:
        """One row an item, which counts as so many exposures, and a purchase of c after it; of: night that it names."""
        self.tables.add(self.logged(night, policy, position, of, exposures), EVENTS)

    def logged(
        self, night: date, policy: str | None, position: int, of: date | None, exposures: Mapping[str, float]
    ) -> DataFrame:
        mine = policy or "u"
        of_night = {"event_date": night, "ingested_at": at(night, 14), "user_id": mine, "policy": policy}
        rows: list[dict[str, Any]] = [
            {**of_night, "event_id": f"{night}-{mine}-{item}", "item_id": item, "event_type": "exposure",
             "event_time": at(night), "placement": "tail_shelf", "position": position,
             "request_id": f"r-{night}-{mine}-{item}", "propensity": 1.0, "sample_weight": weight,
             "list_as_of": of}
            for item, weight in exposures.items()
        ]  # fmt: skip
        rows.append(
            {**of_night, "event_id": f"{night}-{mine}-bought", "item_id": "c", "event_type": "purchase",
             "event_time": at(night, 13), "price": Decimal("8"), "sample_weight": 1.0, "quantity": 1}
        )  # fmt: skip
        return filled(self.spark, EVENTS, rows)

    def published(self, night: date, hour: int) -> None:
        """A publish of the night that ended on its day at the hour and a half."""
        row = {"run_id": f"p-{night}", "step": "publish", "as_of": night, "started_at": at(night, hour),
               "seconds": 1800.0, "status": "done"}  # fmt: skip
        self.tables.add(filled(self.spark, RUNS, [row]), RUNS)

    def account(self, night: date, of_c: str = "cold") -> None:
        self.know(night, of_c)
        run_step(account_exposure, self.spark, self.conf, night, f"run-{night}")

    def correction(self, night: date, policy: str = "main") -> tuple[float | None, float, str]:
        rows = self.tables.read_date(EXPOSURE_CORRECTIONS, night).where(f"policy = '{policy}'")
        row = rows.where("constraint = 'cold'").collect()[0]
        return row["delivered_share"], row["correction"], row["reason"]


def test_nights_are_accounted_and_corrected(spark: SparkSession, tmp_path: Path) -> None:
    store = Store(spark, tmp_path, GENEROUS)
    second, third, fourth = (FIRST + timedelta(days=n) for n in (1, 2, 3))

    store.account(FIRST)  # nothing was planned before it
    assert store.tables.read(EXPOSURE_ACCOUNT).isEmpty()
    assert store.correction(FIRST) == (None, 0.0, "no exposure was logged, so the correction stays as it was")

    store.plan(FIRST)
    store.log(FIRST, t=9000.0, c=1000.0)  # 10 % instead of 20 %
    store.account(second)
    rows = {row["item_id"]: row for row in store.tables.read_date(EXPOSURE_ACCOUNT, FIRST).collect()}
    names = ("planned", "logged", "gap", "purchases", "revenue", "margin", "reason")
    assert [rows["c"][name] for name in names] == [
        2000.0, 1000.0, -1000.0, 1, Decimal(8), 2.0, "shown less often than planned",
    ]  # fmt: skip
    assert [rows["t"][name] for name in names[:4]] == [8000.0, 9000.0, 1000.0, 0]
    share, correction, reason = store.correction(second)
    assert (share, correction) == (pytest.approx(0.1), pytest.approx(0.25 * 0.5))  # gain times the relative error
    assert reason.startswith("less was delivered")
    night = Night(store.conf, second, "x", spark, store.tables, Record())
    assert read_corrections(night) == {RULE: pytest.approx(0.125)}

    store.plan(second)
    store.account(third)  # the second night's events are not there: the first one's are not taken in again
    assert store.correction(third)[1:] == (pytest.approx(0.125), f"the night of {FIRST} was already taken into account")
    silent = store.tables.read_date(EXPOSURE_ACCOUNT, second).collect()
    assert {(row["logged"], row["reason"]) for row in silent} == {
        (None, "the store logged no exposure of this placement")
    }

    store.log(second, t=8000.0, c=2000.0)  # they come late: the account of their night is recomputed
    store.plan(third)
    store.account(fourth)
    assert {row["logged"] for row in store.tables.read_date(EXPOSURE_ACCOUNT, second).collect()} == {8000.0, 2000.0}
    assert store.correction(fourth) == (pytest.approx(0.2), pytest.approx(0.125), "delivered as asked, within chance")
    before = store.tables.read(EXPOSURE_ACCOUNT).count()
    run_step(account_exposure, spark, store.conf, fourth, "again")
    assert store.tables.read(EXPOSURE_ACCOUNT).count() == before
    assert store.correction(fourth)[1] == pytest.approx(0.125)
    counts = store.tables.read_date(METRICS, fourth).where("name = 'delivery_counted_count'").collect()
    assert [row["value"] for row in counts] == [4.0]


def test_groups_have_the_members_of_the_measured_night(spark: SparkSession, tmp_path: Path) -> None:
    store = Store(spark, tmp_path, GENEROUS)
    store.plan(FIRST)
    store.log(FIRST, t=8000.0, c=2000.0)
    store.account(FIRST + timedelta(days=1), of_c="tail")  # c was bought, so it is no cold item any more
    assert store.correction(FIRST + timedelta(days=1))[:2] == (pytest.approx(0.2), 0.0)


@pytest.mark.parametrize("was_taken_back", [False, True])
def test_a_night_that_readers_do_not_have_is_held_against_nothing(
    spark: SparkSession, tmp_path: Path, was_taken_back: bool
) -> None:
    store = Store(spark, tmp_path, GENEROUS)
    second, third = (FIRST + timedelta(days=n) for n in (1, 2))
    store.plan(FIRST)
    run_step(publish_nothing, spark, store.conf, FIRST, "live")
    store.plan(second)  # and drift stopped it, or it was rolled back
    if was_taken_back:
        run_step(publish_nothing, spark, store.conf, second, "regretted")
        note_roll_back(storage_of(store.conf.warehouse), datetime.now(UTC), "regretted", "live")
    store.log(FIRST, t=8000.0, c=2000.0)
    store.log(second, t=8000.0, c=2000.0)
    store.account(third)
    rows = store.tables.read(EXPOSURE_ACCOUNT).collect()
    assert {(row["as_of"], row["item_id"], row["live_days"], row["logged"]) for row in rows} == {
        (FIRST, "t", 2, 16000.0), (FIRST, "c", 2, 4000.0),
    }  # fmt: skip


@pytest.mark.promise
def test_exposures_count_for_the_night_that_they_name_else_for_the_one_that_was_live(
    spark: SparkSession, tmp_path: Path
) -> None:
    store = Store(spark, tmp_path, GENEROUS)
    second, third = (FIRST + timedelta(days=n) for n in (1, 2))
    store.plan(FIRST)
    store.published(FIRST, 4)
    # A log of before exposures named their lists.
    names = [name for name in EVENTS.column_names if name.startswith("list_")]
    old = store.logged(FIRST, None, 1, None, {"t": 8000.0, "c": 2000.0}).drop(*names)
    old.write.format("delta").partitionBy(*EVENTS.partitioned_by).save(store.tables.path(EVENTS))
    store.account(second)
    rows = store.tables.read_date(EXPOSURE_ACCOUNT, FIRST).collect()
    planned = {"t": 8000.0 * 19.5 / 24, "c": 2000.0 * 19.5 / 24}
    assert {row["item_id"]: (row["planned"], row["logged"]) for row in rows} == {
        item: (pytest.approx(planned[item]), PLANNED[item]) for item in PLANNED
    }

    store.plan(second)
    store.published(second, 18)
    store.log(second, t=500.0, c=100.0)  # at noon: the lists of the first night
    store.log(second, "main", of=second, t=40.0, c=10.0)
    store.account(third)
    rows = store.tables.read(EXPOSURE_ACCOUNT).collect()
    assert {(row["as_of"], row["item_id"]): (row["planned"], row["logged"], row["live_days"]) for row in rows} == {
        (FIRST, "t"): (pytest.approx(8000 * 38 / 24), 8500.0, 2),
        (FIRST, "c"): (pytest.approx(2000 * 38 / 24), 2100.0, 2),
        (second, "t"): (pytest.approx(8000 * 5.5 / 24), 40.0, 0),
        (second, "c"): (pytest.approx(2000 * 5.5 / 24), 10.0, 0),
    }


def test_a_program_counts_for_nothing_and_is_named(spark: SparkSession, tmp_path: Path) -> None:
    store = Store(spark, tmp_path)
    store.plan(FIRST)
    store.log(FIRST, t=9000.0, c=1000.0)  # one shopper, 10,000 exposures a day
    store.account(FIRST + timedelta(days=1))
    rows = store.tables.read_date(METRICS, FIRST + timedelta(days=1)).collect()
    figures = {row["name"]: row["value"] for row in rows}
    assert (figures["delivery_bot_count"], figures["delivery_counted_count"]) == (2.0, 0.0)
    assert store.tables.read_date(EXPOSURE_ACCOUNT, FIRST).where("logged IS NOT NULL").isEmpty()


def test_every_arm_has_its_account_and_its_corrections(spark: SparkSession, tmp_path: Path) -> None:
    test = (f"experiment.{one}" for one in ("name=autumn", f"starts_on={FIRST}", f"arms={ARMS}"))
    store = Store(spark, tmp_path, GENEROUS, "account.position_weight_deviation=0.0", *test)
    second, third = (FIRST + timedelta(days=n) for n in (1, 2))
    for policy in ("main", "bold", "never_shown"):
        store.plan(FIRST, policy)
    store.log(FIRST, "main", t=8000.0, c=2000.0)
    store.log(FIRST, "bold", position=3, t=8000.0, c=2000.0)  # seen by .73 of those it was shown to
    store.account(second)
    rows = store.tables.read_date(EXPOSURE_ACCOUNT, FIRST).collect()
    assert {(row["policy"], row["item_id"]): (row["logged"], row["delivered"]) for row in rows} == {
        ("main", "t"): (8000.0, 8000.0), ("main", "c"): (2000.0, 2000.0),
        ("bold", "t"): (8000.0, pytest.approx(5840.0)), ("bold", "c"): (2000.0, pytest.approx(1460.0)),
    }  # fmt: skip
    assert {row["policy"]: row["purchases"] for row in rows if row["item_id"] == "c"} == {"main": 1, "bold": 1}
    assert store.correction(second)[:2] == (pytest.approx(0.2), 0.0)
    assert store.correction(second, "bold")[:2] == (pytest.approx(0.2), pytest.approx(0.25 * 0.5))  # asked: 40 %

    # The morning after the test is over its last day is accounted, by the log; nothing of it is corrected any more.
    store.conf = store.conf.model_copy(update={"experiment": store.conf.experiment.model_copy(update={"name": None})})
    store.plan(second, "bold")
    store.log(second, "bold", t=10.0, c=1.0)
    store.account(third)
    last = store.tables.read_date(EXPOSURE_ACCOUNT, second).where("policy = 'bold'").collect()
    assert {row["item_id"]: row["logged"] for row in last} == {"t": 10.0, "c": 1.0}
    assert {row["policy"] for row in store.tables.read_date(EXPOSURE_CORRECTIONS, third).collect()} == {"main"}
