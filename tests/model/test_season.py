"""The season of made-up stores: the level of the chances with last year known and unknown, and none where none is."""

from __future__ import annotations

import numpy as np
import pytest

from model.calibration import CalibrationReport, Calibrator, Outcomes
from model.season import NO_SEASON, Season, WeeklyResponses, Window, season_of

HORIZON, SHOPPERS, ITEMS = 28, 1_200, 60
PAST, COMING = (Window(-84, -56), Window(-56, -28)), Window(0, HORIZON)
OCTOBER = -24  # days from the peak of the season, at the end of November, to the night


class Store:
    """Shoppers with tastes, who buy an item once at most, at a rate that follows the season and weeks of chance."""

    def __init__(self, seed: int, days: int, height: float) -> None:
        random = np.random.default_rng(seed)
        taste = random.normal(-7.2, 1.2, (SHOPPERS, ITEMS)) + random.normal(0, 0.6, (SHOPPERS, 1))
        self.logits = taste + random.normal(0, 0.3, taste.shape)
        day = np.arange(-days, HORIZON)
        chance = random.normal(0.0, 0.03, len(day) // 7 + 1)[np.arange(len(day)) // 7]
        self.level = height * np.cos(2 * np.pi * (day + OCTOBER) / 364) + chance
        # The time to the first purchase is exponential in the cumulated rate.
        wait = random.exponential(size=(len(PAST) + 1, *taste.shape))
        rate = np.exp(taste)
        windows = (*PAST, COMING)
        self.responded = [
            rate * np.exp(self.level[w.begin + days : w.end + days]).sum() > wait[n] for n, w in enumerate(windows)
        ]
        counts = np.ones(self.logits.shape)
        self.calibrator = Calibrator.fit([Outcomes(self.logits, bought, counts) for bought in self.responded[:-1]])
        self.weekly = random.poisson(rate.sum() * np.exp(self.level[:days]).reshape(-1, 7).sum(axis=1)).astype(float)

    def season(self) -> Season:
        history = WeeklyResponses(self.weekly, np.full(len(self.weekly), float(SHOPPERS)))
        return season_of(history, PAST, COMING)

    def in_the_large(self, season: float) -> float:
        """How wrong the level of the coming horizon is, in log-odds, by a calibrator of the past periods."""
        chances = self.calibrator.probability(self.logits, season).ravel()
        return CalibrationReport.of(chances, self.responded[-1].ravel(), np.ones(chances.size)).in_the_large


@pytest.mark.parametrize(
    ("known_days", "most"),
    [(2 * 364, 0.10), (364 + 112, 0.10), (210, 0.20)],
    ids=["two years", "last year", "this year"],
)
def test_the_level_of_a_seasonal_store(known_days: int, most: float) -> None:
    stores = [Store(seed, known_days, 0.45) for seed in range(6)]
    without = np.array([store.in_the_large(0.0) for store in stores])
    assert without.mean() == pytest.approx(0.32, abs=0.06)  # as a gift shop's November after its late summer
    seasons = [store.season() for store in stores]
    off = np.array([store.in_the_large(season.shift) for store, season in zip(stores, seasons, strict=True)])
    assert abs(off).max() <= most, off
    deviation = np.sqrt(np.mean([season.deviation**2 for season in seasons]))
    assert np.sqrt(np.mean(off**2)) < 2.0 * deviation


def test_a_store_without_season_keeps_its_level() -> None:
    shifts = [Store(seed, 399, 0.0).season().shift for seed in range(6)]
    assert np.abs(shifts).max() < 0.04
    assert abs(np.mean(shifts)) < 0.02


def test_a_difference_that_chance_explains_is_shrunk() -> None:
    weekly = np.random.default_rng(3).poisson(20, 70).astype(float)
    weekly[-4:] = 26.0  # 30 % more than the mean in four weeks: 2.7 standard deviations of chance
    few = season_of(WeeklyResponses(weekly, np.full(70, 50.0)), PAST, COMING)
    many = season_of(WeeklyResponses(100 * weekly, np.full(70, 50.0)), PAST, COMING)
    steady = np.where(np.arange(70) < 66, 2_000.0, 2_600.0)
    clear = season_of(WeeklyResponses(steady, np.full(70, 50.0)), PAST, COMING)
    assert few.shift < 0.6 * np.log(1.3)
    assert clear.shift == pytest.approx(np.log(1.3), abs=0.08)
    assert many.shift < clear.shift  # what it varies by from week to week is the noise
    assert few.deviation > 0.03


def test_the_number_of_shoppers_is_no_season() -> None:
    shoppers = np.linspace(100, 1_000, 80)
    grown = season_of(WeeklyResponses(2 * shoppers, shoppers), PAST, COMING)
    assert grown.shift == pytest.approx(0.0, abs=0.01)
    assert season_of(WeeklyResponses(np.full(80, 300.0), np.zeros(80)), PAST, COMING) == NO_SEASON
    assert season_of(WeeklyResponses(np.zeros(80), shoppers), PAST, COMING) == NO_SEASON
    assert season_of(WeeklyResponses(np.zeros(0), np.zeros(0)), PAST, COMING) == NO_SEASON


def test_a_horizon_of_parts_of_weeks() -> None:
    # Last year 10 days from the date on were bought e times as much, and this year is as last year.
    day = np.arange(-2 * 364, 10)
    high = (day % 364) < 10
    weekly = np.exp(np.where(high, 1.0, 0.0))[: 2 * 364].reshape(-1, 7).sum(axis=1) * 1_000
    season = season_of(WeeklyResponses(weekly, np.ones(104)), (Window(-40, -30),), Window(0, 10))
    assert season.shift == pytest.approx(1.0, abs=0.25)
