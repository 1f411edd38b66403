"""Which night readers saw at a moment, from the ends of publishes and from roll-backs, and whose lists a log shows."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession

from features.contract import EXPOSURE_SCORES, RUNS
from jobs.config.configuration import load_config
from jobs.delivery.live_periods import LivePeriod, live_days, live_periods, plan_runs, shown_since, with_night
from jobs.online.roll_backs import note_roll_back
from jobs.tables.warehouse import Warehouse
from tests.jobs.small_tables import filled

FIRST, SECOND, THIRD, FOURTH = (date(2024, 5, day) for day in (1, 2, 3, 4))
PLAN = load_config(Path(__file__).resolve().parents[3] / "conf/local.yaml").plan


def at(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2024, 5, day, hour, minute, tzinfo=UTC)


def done(tables: Warehouse, step: str, *runs: tuple[date, str, datetime]) -> None:
    """Half-hour runs of a step: night, run, start."""
    rows = [
        {"run_id": run, "step": step, "as_of": night, "started_at": start, "seconds": 1800.0, "status": "done"}
        for night, run, start in runs
    ]
    tables.add(filled(tables.spark, RUNS, rows), RUNS)


def planned(tables: Warehouse, night: date, run: str, start: datetime) -> None:
    """Lists of the night, by a run that took half an hour."""
    row: dict[str, Any] = {"as_of": night, "run_id": run, "policy": PLAN.policy, "placement": PLAN.placement}
    entry = filled(tables.spark, EXPOSURE_SCORES, [{**row, "propensity": 1.0}])
    tables.replace_date(entry, EXPOSURE_SCORES, night)
    done(tables, "plan_exposure", (night, run, start))


def periods_of(tables: Warehouse, nights: list[date], until: date) -> list[LivePeriod]:
    return live_periods(tables, nights, plan_runs(tables, PLAN, nights), PLAN.policy, until)


@pytest.fixture
def tables(spark: SparkSession, tmp_path: Path) -> Warehouse:
    return Warehouse(spark, str(tmp_path))


def test_exposures_before_the_publish_of_a_day_belong_to_the_night_before(tables: Warehouse) -> None:
    done(tables, "publish", (FIRST, "a", at(1, 4)), (SECOND, "b", at(2, 4)))  # live half an hour later
    periods = periods_of(tables, [FIRST, SECOND], THIRD)
    assert periods == [LivePeriod(FIRST, at(1, 4, 30), at(2, 4, 30)), LivePeriod(SECOND, at(2, 4, 30), at(3, 0))]
    assert live_days(periods) == pytest.approx({FIRST: 1.0, SECOND: 19.5 / 24})
    # The last of the nights alone: its morning is the night's before.
    assert periods_of(tables, [SECOND], THIRD) == [
        LivePeriod(FIRST, at(2, 0), at(2, 4, 30)),
        LivePeriod(SECOND, at(2, 4, 30), at(3, 0)),
    ]


def test_an_exposure_belongs_to_the_night_that_it_names_else_to_the_one_that_was_live(tables: Warehouse) -> None:
    planned(tables, SECOND, "plan", at(2, 1))
    done(tables, "publish", (FIRST, "a", at(1, 4)), (SECOND, "b", at(2, 4)), (THIRD, "c", at(3, 4)))
    note_roll_back(tables.files, at(3, 10), "c", "b")
    nights = [SECOND]
    runs = plan_runs(tables, PLAN, nights)
    moments = [
        (1, at(2, 4), None, None),  # of the first night, which is not accounted any more
        (2, at(2, 5), None, None),
        (3, at(2, 4), SECOND, "plan"),
        (4, at(3, 5), SECOND, "plan"),  # the client had not read the registry since the flip
        (5, at(3, 5), None, None),  # of the night that was rolled back
        (6, at(2, 5), THIRD, "x"),
        (7, at(2, 5), SECOND, "earlier plan"),
        (8, at(2, 5), FIRST, "x"),
        (9, at(3, 11), None, None),
        (10, at(2, 5), SECOND, None),
    ]
    exposures = tables.spark.createDataFrame(
        moments, "n int, event_time timestamp, list_as_of date, list_run_id string"
    )
    of_night = with_night(exposures, nights, runs, live_periods(tables, nights, runs, PLAN.policy, FOURTH))
    assert of_night.columns == [*exposures.columns, "as_of"]
    assert {row["n"]: row["as_of"] for row in of_night.collect()} == {
        2: SECOND, 3: SECOND, 4: SECOND, 5: None, 6: None, 7: None, 9: SECOND, 10: SECOND,
    }  # fmt: skip


def test_exposures_since_a_night_are_those_of_its_lists_and_later_ones_stored_or_not(tables: Warehouse) -> None:
    done(tables, "publish", (FIRST, "a", at(1, 4)), (SECOND, "b", at(2, 4)), (THIRD, "c", at(3, 4)))
    note_roll_back(tables.files, at(3, 10), "c", "b")
    moments = [
        (1, at(2, 4), None, None),
        (2, at(2, 5), None, None),
        (3, at(2, 4), SECOND, "a plan that was replaced"),
        (4, at(2, 5), FIRST, "x"),
        (5, at(3, 5), None, None),  # of the night that was rolled back
    ]
    exposures = tables.spark.createDataFrame(
        moments, "n int, event_time timestamp, list_as_of date, list_run_id string"
    )
    since = shown_since(exposures, SECOND, live_periods(tables, [SECOND, THIRD], (), PLAN.policy, FOURTH))
    assert since.columns == exposures.columns
    assert {row["n"] for row in since.collect()} == {2, 3, 5}


def test_lists_that_were_planned_again_are_compared_with_no_plan(tables: Warehouse) -> None:
    planned(tables, FIRST, "early", at(1, 2))
    done(tables, "publish", (FIRST, "a", at(1, 4)))
    planned(tables, FIRST, "late", at(1, 11))
    assert periods_of(tables, [FIRST], SECOND) == [LivePeriod(None, at(1, 4, 30), at(2, 0))]
    done(tables, "publish", (FIRST, "b", at(1, 12)))
    periods = periods_of(tables, [FIRST], SECOND)
    assert periods == [LivePeriod(None, at(1, 4, 30), at(1, 12, 30)), LivePeriod(FIRST, at(1, 12, 30), at(2, 0))]
    assert live_days(periods) == pytest.approx({FIRST: 11.5 / 24})


def test_a_roll_back_makes_the_night_before_live_again(tables: Warehouse) -> None:
    done(tables, "publish", (FIRST, "a", at(1, 4)), (SECOND, "b", at(2, 4)))
    note_roll_back(tables.files, at(2, 10, 30), "b", "a")
    periods = periods_of(tables, [FIRST], THIRD)
    assert [period.as_of for period in periods] == [FIRST, SECOND, FIRST]
    assert live_days(periods) == pytest.approx({FIRST: 1 + 13.5 / 24, SECOND: 6 / 24})


def test_nights_of_a_replayed_past_and_of_a_store_that_never_published_are_live_from_midnight(
    tables: Warehouse,
) -> None:
    by_date = [LivePeriod(FIRST, at(1, 0), at(3, 0)), LivePeriod(THIRD, at(3, 0), at(4, 0))]
    assert periods_of(tables, [FIRST, THIRD], FOURTH) == by_date
    later = datetime(2026, 11, 1, tzinfo=UTC)
    done(tables, "publish", *((night, f"run {night}", later) for night in (FIRST, SECOND, THIRD)))
    assert periods_of(tables, [FIRST, THIRD], FOURTH) == by_date  # the second is not among the live ones
