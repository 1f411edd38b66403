"""Visits predicted from earlier visits: rates above one a day, habits of the weekday, and later days' level."""

from __future__ import annotations

import numpy as np
import pytest

from model.exposure.visit_model import CALIBRATED_DAYS, HISTORY_DAYS, NEEDED_DAYS, VisitModel, fit_visit_model

SHOPPERS, WEEKDAY = 3_000, 4


def fitted(visits: np.ndarray, known: np.ndarray | None = None) -> tuple[VisitModel, np.ndarray]:
    known = np.full(len(visits), 400.0) if known is None else known
    model = fit_visit_model(visits, known, WEEKDAY, 7)
    assert model is not None
    return model, model.predict(visits[:, -HISTORY_DAYS:], known, WEEKDAY)


def test_fifths_of_shoppers_have_their_share_of_the_visits() -> None:
    random = np.random.default_rng(1)
    rate = np.clip(random.gamma(0.8, 1.2, SHOPPERS), 0.02, 6.0)
    visits = random.poisson(rate[:, None], (SHOPPERS, NEEDED_DAYS))
    _, expected = fitted(visits)
    by_days = ((visits[:, -28:] > 0).sum(axis=1) + 1) / 30

    def worst(estimate: np.ndarray) -> float:
        fifths = np.array_split(np.argsort(by_days, kind="stable"), 5)
        shares = [estimate[t].sum() / estimate.sum() / (rate[t].sum() / rate.sum()) for t in fifths]
        return float(np.abs(np.array(shares) - 1).max())

    # A floor fills the lists of shoppers who are alike by the estimate; their part of all visits has to be right.
    assert worst(by_days) > 0.4
    assert worst(expected) < 0.1
    assert expected.sum() == pytest.approx(rate.sum(), rel=0.03)


def test_recency_trend_and_weekday_count() -> None:
    random = np.random.default_rng(2)
    back = np.arange(NEEDED_DAYS, 0, -1)
    kind = np.arange(SHOPPERS) % 3
    level = np.full((SHOPPERS, NEEDED_DAYS), 0.5)
    of_weekday = (WEEKDAY - back) % 7 == WEEKDAY
    level[kind == 1] = np.where(of_weekday, 3.5, 0.0)  # once a week, on the weekday of the night, as often in all
    stopped = random.integers(0, 120, SHOPPERS)  # the third kind comes no more since so many days
    level[kind == 2] = np.where(back[None, :] <= stopped[kind == 2][:, None], 0.0, 1.0)
    _, expected = fitted(random.poisson(level))
    assert expected[kind == 0].mean() == pytest.approx(0.5, abs=0.1)
    assert expected[kind == 1].mean() == pytest.approx(3.5, abs=0.5)
    gone = (kind == 2) & (stopped > 30)
    assert expected[gone].mean() < 0.03
    assert expected[(kind == 2) & (stopped == 0)].mean() > 0.7


def test_the_level_is_that_of_the_later_days() -> None:
    random = np.random.default_rng(3)
    rate = random.gamma(2.0, 0.3, SHOPPERS)
    level = np.ones(NEEDED_DAYS)
    level[-CALIBRATED_DAYS:] = 1.5
    _, expected = fitted(random.poisson(rate[:, None] * level))
    assert expected.sum() == pytest.approx(1.5 * rate.sum(), rel=0.12)


def test_new_shoppers_have_the_rate_of_all_and_few_visits_make_no_model() -> None:
    random = np.random.default_rng(4)
    visits = random.poisson(0.5, (SHOPPERS, NEEDED_DAYS))
    known = np.where(np.arange(SHOPPERS) < 1_000, 400.0, 2.0 + np.arange(SHOPPERS) % 90)
    back = np.arange(NEEDED_DAYS, 0, -1)
    visits[back[None, :] >= known[:, None]] = 0
    _, expected = fitted(visits, known)
    assert expected[known <= 5].mean() == pytest.approx(0.5, rel=0.15)
    assert fit_visit_model(visits[:5], known[:5], WEEKDAY, 7) is None
    visits[:, -CALIBRATED_DAYS:] = 0
    assert fit_visit_model(visits, known, WEEKDAY, 7) is None
    model, _ = fitted(random.poisson(0.5, (SHOPPERS, NEEDED_DAYS)))
    assert model.predict(np.zeros((0, HISTORY_DAYS)), np.zeros(0), WEEKDAY).shape == (0,)
