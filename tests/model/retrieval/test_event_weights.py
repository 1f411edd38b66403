"""Weights of event types: bounded, learnt from what is bought later, nothing for noise."""

from __future__ import annotations

import numpy as np
import pytest

from model.retrieval.event_weights import EventWeights, fitted_event_weights, saturated
from model.retrieval.shoppers import PURCHASE
from model.retrieval.signals import CART, NEGATIVE, VIEW


def test_a_hundred_views_do_not_drown_a_purchase() -> None:
    np.testing.assert_allclose(saturated(np.array([0, 1, 3, 100])), [0, 1, 1.5, 200 / 101])
    weights = EventWeights({PURCHASE: 1.0, VIEW: 0.4, CART: 0.6, NEGATIVE: -1.0})
    counts = {
        PURCHASE: np.array([1, 0, 0, 3, 1, 1]), VIEW: np.array([0, 100, 1, 0, 0, 0]),
        CART: np.array([0, 0, 1, 0, 0, 0]), NEGATIVE: np.array([0, 0, 0, 0, 1, 9]),
    }  # fmt: skip
    interest = weights.interest(counts)
    np.testing.assert_allclose(interest / np.log(2), [1, 0.4 * 200 / 101, 1.0, 2, 0, 0], atol=1e-12)
    assert interest[1] < interest[0]


def test_purchases_alone_are_the_preference_of_als() -> None:
    count = np.array([0.0, 1.0, 7.0])
    np.testing.assert_array_equal(EventWeights({PURCHASE: 1.0}).interest({PURCHASE: count}), np.log1p(count))


def test_a_type_without_a_weight_counts_nothing() -> None:
    counts = {PURCHASE: np.array([1.0]), VIEW: np.array([5.0])}
    np.testing.assert_allclose(EventWeights({PURCHASE: 1.0}).interest(counts), np.log(2))


@pytest.mark.parametrize(
    ("name", "weight"), [(PURCHASE, 0.5), (VIEW, 1.1), (VIEW, -0.1), (NEGATIVE, 0.1), (NEGATIVE, -2)]
)
def test_a_weight_out_of_its_bounds_is_named(name: str, weight: float) -> None:
    with pytest.raises(ValueError, match=f"weight of {name}"):
        EventWeights({name: weight})


def sample(rows: int, **effects: float) -> tuple[dict[str, np.ndarray], np.ndarray]:
    generator = np.random.default_rng(3)
    affinities = {name: np.log1p(generator.poisson(0.5, rows)) for name in effects}
    log_odds = -3.0 + sum(effect * affinities[name] for name, effect in effects.items())
    return affinities, (generator.random(rows) < 1 / (1 + np.exp(-log_odds))).astype(float)


def test_weights_are_relative_to_a_purchase_and_noise_gets_none() -> None:
    affinities, label = sample(40_000, purchase=1.0, cart=0.5, view=0.2, favourite=0.0, negative=-0.5)
    weights = fitted_event_weights(affinities, label).weights
    assert weights[PURCHASE] == 1.0
    assert weights[CART] == pytest.approx(0.5, abs=0.15)
    assert weights[VIEW] == pytest.approx(0.2, abs=0.15)
    assert weights["favourite"] == 0.0
    assert weights[NEGATIVE] == pytest.approx(-0.5, abs=0.2)


def test_wrong_signs_count_nothing_and_no_event_counts_more_than_a_purchase() -> None:
    affinities, label = sample(40_000, purchase=0.5, cart=2.0, view=-0.5, negative=0.5)
    weights = fitted_event_weights(affinities, label).weights
    assert weights == {PURCHASE: 1.0, CART: 1.0, VIEW: 0.0, NEGATIVE: 0.0}


def test_a_store_without_purchases_measures_in_its_strongest_event() -> None:
    affinities, label = sample(40_000, cart=1.0, view=0.5)
    weights = fitted_event_weights({PURCHASE: np.zeros(len(label)), **affinities}, label).weights
    assert weights[CART] == 1.0
    assert weights[VIEW] == pytest.approx(0.5, abs=0.15)


def test_where_nothing_is_known_purchases_alone_count() -> None:
    affinities, label = sample(300, purchase=0.0, view=0.0)
    assert fitted_event_weights(affinities, label).weights == {PURCHASE: 1.0}


def test_what_cannot_be_learnt_is_an_error() -> None:
    with pytest.raises(ValueError, match="affinity of purchases"):
        fitted_event_weights({VIEW: np.ones(2)}, np.array([0.0, 1.0]))
    with pytest.raises(ValueError, match="No pair was bought"):
        fitted_event_weights({PURCHASE: np.ones(2)}, np.zeros(2))
