"""Weekly responses of known shoppers from the tables, and the season of a date from them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from pyspark.sql import SparkSession

from features.contract import DAILY_PAIR, DAILY_USER, METRICS, USERS
from jobs.config.configuration import load_config
from jobs.execution.night import Night, Record
from jobs.relevance.season import season_at, weekly_responses, write_season
from jobs.tables.warehouse import Warehouse
from model.season import NO_SEASON, Season, WeeklyResponses, Window, season_of
from tests.conftest import ROOT
from tests.jobs.small_tables import filled

pytestmark = pytest.mark.slow  # Delta writes
NIGHT, SHOPPERS, YEARS = date(2024, 11, 1), 20, 2


def night(spark: SparkSession, folder: Path, *overrides: str) -> Night:
    conf = load_config(ROOT / "conf/local.yaml", [f"warehouse={folder}", *overrides])
    return Night(conf, NIGHT, "x", spark, Warehouse(spark, conf.warehouse), Record())


def bought(days_ago: int, user: str, new: int, items: int | None = None) -> dict[str, object]:
    return {
        "day": NIGHT - timedelta(days=days_ago), "user_id": user, "new_items_count": new,
        "items_count": new if items is None else items, "stores": [],
    }  # fmt: skip


def fill(spark: SparkSession, folder: Path, signed_up: dict[str, int], rows: list[dict[str, object]]) -> Warehouse:
    tables = Warehouse(spark, str(folder))
    users = [
        {"user_id": user, "signed_up_at": datetime(2024, 11, 1, 23, 59, tzinfo=UTC) - timedelta(days=days)}
        for user, days in signed_up.items()
    ]
    tables.add(filled(spark, USERS, users), USERS)
    tables.add(filled(spark, DAILY_USER, rows), DAILY_USER)
    return tables


def test_a_week_counts_who_was_known_before_it(spark: SparkSession, tmp_path: Path) -> None:
    fill(
        spark, tmp_path, {"old": 15, "young": 8, "newest": 1, "tomorrow": -1},
        [
            bought(0, "old", 100),  # of the night itself
            bought(1, "old", 2, 5), bought(7, "old", 1), bought(8, "old", 4), bought(14, "old", 8),
            bought(1, "young", 16),  # signed up on the day before this week
            bought(8, "young", 32), bought(1, "newest", 64),  # in the week of the first day
        ],
    )  # fmt: skip
    weeks = weekly_responses(night(spark, tmp_path), NIGHT)
    assert (weeks.responses.tolist(), weeks.shoppers.tolist()) == ([12.0, 19.0], [1.0, 2.0])
    with_known = weekly_responses(night(spark, tmp_path, "candidates.exclude_bought=false"), NIGHT)
    assert with_known.responses.tolist() == [12.0, 22.0]
    earlier = weekly_responses(night(spark, tmp_path), NIGHT - timedelta(days=7))
    assert (earlier.responses.tolist(), earlier.shoppers.tolist()) == ([12.0], [1.0])


def test_a_week_of_another_target_counts_its_responses(spark: SparkSession, tmp_path: Path) -> None:
    tables = fill(spark, tmp_path, {"old": 15}, [bought(1, "old", 50)])
    pairs = [
        {"day": NIGHT - timedelta(days=ago), "user_id": "old", "item_id": item, "views_weight": 1.0}
        for ago, item in ((1, "a"), (2, "b"), (9, "b"), (10, "c"), (12, "d"))
    ]
    tables.add(filled(spark, DAILY_PAIR, pairs), DAILY_PAIR)
    weeks = weekly_responses(night(spark, tmp_path, "relevance.target=view"), NIGHT)
    assert weeks.responses.tolist() == [3.0, 1.0]
    every = night(spark, tmp_path, "relevance.target=view", "candidates.exclude_bought=false")
    assert weekly_responses(every, NIGHT).responses.tolist() == [3.0, 2.0]


def test_the_season_of_a_date_is_that_of_its_weeks(spark: SparkSession, tmp_path: Path) -> None:
    weeks = YEARS * 52
    amounts = np.rint(60 * np.exp(0.5 * np.cos(2 * np.pi * (np.arange(weeks) - weeks - 3) / 52))).astype(int)
    rows = [bought(7 * (weeks - week) - 3, "s1", int(amount)) for week, amount in enumerate(amounts)]
    tables = fill(spark, tmp_path, {f"s{number}": 7 * weeks + 1 for number in range(SHOPPERS)}, rows)
    past = [(NIGHT - timedelta(days=84), NIGHT - timedelta(days=29))]
    of_night = night(spark, tmp_path)
    season = season_at(of_night, NIGHT, past)
    history = WeeklyResponses(amounts.astype(float), np.full(weeks, float(SHOPPERS)))
    assert season == season_of(history, [Window(-84, -28)], Window(0, 28))
    assert season.shift == pytest.approx(0.29, abs=0.1)
    assert season_at(of_night, NIGHT, []) == NO_SEASON
    assert season_at(night(spark, tmp_path, "relevance.season=false"), NIGHT, past) == NO_SEASON
    per_exposure = night(spark, tmp_path, "relevance.per=exposure", "relevance.attribution_days=7")
    assert season_at(per_exposure, NIGHT, past) == season_of(history, [Window(-84, -28)], Window(0, 7))
    for written in (Season(0.9, 0.3), Season(0.25, 0.125)):
        write_season(of_night, written)
    figures = tables.read(METRICS).select("as_of", "name", "segment", "value").orderBy("name").collect()
    assert [tuple(row) for row in figures] == [
        (NIGHT, "season_deviation", "all", 0.125), (NIGHT, "season_shift", "all", 0.25)
    ]  # fmt: skip
