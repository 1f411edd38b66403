"""Pooled chances."""

from __future__ import annotations

import numpy as np

from model.catalogue.chance_pool import Pool

EVEN = np.array([0.5, 0.5])


def test_a_pool_is_the_normalised_product_of_powers_and_its_noise() -> None:
    """.8^1 .5^2 : .2^1 .5^2 = .8 : .2, and .8^2 : .2^2 = .64 : .04, so 16/17. With noise .9 * .8 + .1 * .5 = .77."""
    chances = np.log(np.array([[[0.8, 0.2]], [[0.5, 0.5]]], dtype=np.float32))
    np.testing.assert_allclose(Pool(np.array([1.0, 2.0]), 0.0, EVEN).chances(chances), [[0.8, 0.2]], rtol=1e-6)
    np.testing.assert_allclose(Pool(np.array([2.0, 0.0]), 0.0, EVEN).chances(chances), [[16 / 17, 1 / 17]], rtol=1e-6)
    np.testing.assert_allclose(Pool(np.array([1.0, 2.0]), 0.1, EVEN).chances(chances), [[0.77, 0.23]], rtol=1e-6)


def test_an_overconfident_classifier_is_right_as_often_as_the_pool_says() -> None:
    """It says .99 and is right in 3 of 4. The other classifier is noise and counts nothing."""
    random = np.random.default_rng(0)
    label = random.integers(0, 2, 20_000)
    says = np.where(np.arange(len(label)) % 4 == 0, 1 - label, label)
    sure = np.full((len(label), 2), 0.01)
    sure[np.arange(len(label)), says] = 0.99
    log_chances = np.log(np.stack([sure, random.dirichlet([1.0, 1.0], len(label))])).astype(np.float32)
    pool = Pool.fit(log_chances, label, EVEN)
    np.testing.assert_allclose(pool.chances(log_chances).max(axis=1).mean(), 0.75, atol=0.01)
    assert pool.weights[1] < 0.02


def test_labels_that_no_text_tells_are_noise_and_leave_doubtful_texts_as_they_are() -> None:
    """One label in ten is drawn at random; the chances .6 and .999 before that are right. .9 * .6 + .05 = .59."""
    random = np.random.default_rng(0)
    first = np.tile([0.6, 0.999], 20_000)
    label = np.where(random.random(len(first)) < first, 0, 1)
    label = np.where(random.random(len(first)) < 0.1, random.integers(0, 2, len(first)), label)
    log_chances = np.log(np.stack([first, 1.0 - first], axis=1)).astype(np.float32)[None]
    pool = Pool.fit(log_chances, label, EVEN)
    np.testing.assert_allclose(pool.noise, 0.1, atol=0.01)
    np.testing.assert_allclose(pool.chances(log_chances)[:2, 0], [0.59, 0.949], atol=0.01)


def test_a_few_rows_that_are_all_right_leave_a_doubt() -> None:
    sure = np.log(np.array([[[0.9, 0.1], [0.1, 0.9]]], dtype=np.float32))
    assert 0.5 < Pool.fit(sure, np.array([0, 1]), EVEN).chances(sure)[0, 0] < 0.95
