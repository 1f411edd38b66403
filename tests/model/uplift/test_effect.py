"""The effect of being shown on logs whose truth is known, and where the log says little."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from model.uplift.caused import caused_share
from model.uplift.demand import cross_fitted_demand, fitted_demand
from model.uplift.effect import fitted_effect
from model.uplift.model import UpliftModel, fitted_uplift, planned_response
from model.uplift.units import PairInputs, Units

ITEMS = 40


def log(units: int, seed: int = 1) -> tuple[Units, np.ndarray, np.ndarray]:
    """Units, and of each the true effect of a view and the chance without exposure.

    Even items would be bought anyway: four fifths of f come without exposure, of odd items a tenth.
    """
    random = np.random.default_rng(seed)
    item, user = random.integers(ITEMS, size=units), random.integers(units // 10, size=units)
    f = 0.05 * random.lognormal(0.0, 0.5, units)
    organic = f * np.where(item % 2 == 0, 0.8, 0.1)
    effect = f - organic
    propensity = random.uniform(0.1, 0.3, units)
    drawn, dose = random.random(units) < propensity, random.uniform(0.4, 1.0, units)
    response = random.random(units) < organic + drawn * dose * effect
    inputs = PairInputs(f, item, random.normal(size=(units, 2)))
    ones = np.ones(units)
    return Units(inputs, user, drawn, propensity, ones, dose, response.astype(float)), effect, organic


def names(items: int = ITEMS) -> np.ndarray:
    return np.array([f"i{n:02}" for n in range(items)], dtype=object)


@pytest.fixture(scope="module")
def large() -> tuple[Units, np.ndarray, np.ndarray, UpliftModel]:
    units, effect, organic = log(200_000)
    return units, effect, organic, fitted_uplift(units, names(), ("a", "b"), 7, 1)


def test_the_effect_and_the_demand_are_those_of_the_truth(
    large: tuple[Units, np.ndarray, np.ndarray, UpliftModel],
) -> None:
    units, effect, organic, model = large
    prediction = model.predict(units.inputs)
    for kind in (0, 1):
        mine = units.inputs.item % 2 == kind
        assert prediction.demand[mine].mean() == pytest.approx(organic[mine].mean(), abs=0.001)
        assert prediction.effect[mine].mean() == pytest.approx(effect[mine].mean(), abs=0.005)
    assert abs(prediction.effect - effect).mean() < 0.005
    assert abs(units.inputs.relevance - effect).mean() > 0.02
    assert 0 < prediction.error.mean() < 0.005


def test_the_errors_are_those_of_repeated_logs() -> None:
    pairs = PairInputs(np.array([0.05, 0.05]), np.array([0, 1]), np.zeros((2, 2)))
    effects, errors = [], []
    for seed in range(30):
        prediction = fitted_uplift(log(8_000, 100 + seed)[0], names(), ("a", "b"), 7, 1).predict(pairs)
        effects.append(prediction.effect)
        errors.append(prediction.error)
    spread, stated = np.std(effects, axis=0), np.mean(errors, axis=0)
    # The prior shrinks the spread below the posterior's error; a part of the spread is that of the demand.
    assert np.all(spread < 1.3 * stated)
    assert np.all(spread > 0.3 * stated)


def test_a_log_that_says_little_leaves_f() -> None:
    units, _, _ = log(200_000)
    prediction = fitted_uplift(units.take(np.arange(60)), names(), ("a", "b"), 7, 1).predict(units.inputs)
    of_f = prediction.effect / units.inputs.relevance
    assert abs(of_f - 1).mean() < 0.5
    assert (prediction.error / units.inputs.relevance).mean() > 0.4
    none = replace(units, drawn=np.zeros(len(units), dtype=bool))
    nothing = fitted_effect(none, np.zeros(len(units)))
    effect, error = nothing.of_view(units.inputs, np.zeros(len(units)))
    assert effect == pytest.approx(units.inputs.relevance)
    assert (error / units.inputs.relevance).min() == pytest.approx(0.5, abs=1e-6)


def test_a_wrong_demand_is_corrected_by_what_was_not_drawn(
    large: tuple[Units, np.ndarray, np.ndarray, UpliftModel],
) -> None:
    units, effect, organic, _ = large
    right, wrong = fitted_effect(units, organic), fitted_effect(units, np.zeros(len(units)))
    assert right.of_view(units.inputs, organic)[0].mean() == pytest.approx(effect.mean(), abs=0.0025)
    # Without the correction the demand, .5 of the effect's size a view, would count as caused.
    assert wrong.of_view(units.inputs, np.zeros(len(units)))[0].mean() == pytest.approx(effect.mean(), abs=0.0025)


def test_the_share_that_was_caused_by_hand() -> None:
    """Two of four drawn units responded. Of 4 others, drawn with .2 and each standing for 4, one responded: odds 1.

    Caused: 2 - 1 x (4 x .2 / .8) = 1 of 2.
    """
    drawn = np.array([True] * 4 + [False] * 4)
    units = Units(
        PairInputs(np.full(8, 0.1), np.zeros(8, dtype=int), np.zeros((8, 0))), np.arange(8), drawn, np.full(8, 0.2),
        np.where(drawn, 1.0, 4.0), np.ones(8), np.array([1.0, 1, 0, 0, 1, 0, 0, 0]),
    )  # fmt: skip
    assert units.odds.tolist() == [1.0] * 8
    caused = caused_share(units, np.zeros(8))
    assert caused is not None
    assert (caused.units, caused.responses, caused.share) == (4, 2.0, 0.5)
    assert caused.low < 0.5 < caused.high
    # A demand that is predicted right takes the same off, with less noise: drawn .25 each, others 1 - .25 x 4 = 0.
    predicted = caused_share(units, np.full(8, 0.25))
    assert predicted is not None
    assert predicted.share == 0.5
    assert predicted.high - predicted.low < caused.high - caused.low
    assert caused_share(replace(units, response=np.zeros(8)), np.zeros(8)) is None


def test_the_interval_of_the_share_holds_the_truth() -> None:
    covered = []
    for seed in range(40):
        units, effect, organic = log(6_000, 500 + seed)
        caused = caused_share(units, cross_fitted_demand(units, ITEMS, 7, 1))
        assert caused is not None
        drawn = units.drawn
        by_exposure = (units.dose * effect)[drawn].sum()
        covered.append(caused.low <= by_exposure / (by_exposure + organic[drawn].sum()) <= caused.high)
    assert np.mean(covered) >= 0.85  # .95 less three standard errors over 40 logs


def test_an_unknown_item_has_the_demand_of_all_items() -> None:
    units, _, _ = log(50_000)
    demand = fitted_demand(units, np.ones(len(units), dtype=bool), ITEMS, 7, 1)
    pairs = PairInputs(np.full(ITEMS + 1, 0.05), np.append(np.arange(ITEMS), -1), np.zeros((ITEMS + 1, 2)))
    expected = demand.expected(pairs, 1)
    even, odd, unknown = expected[:-1:2].mean(), expected[1:-1:2].mean(), expected[-1]
    assert (even, odd) == pytest.approx((0.04, 0.005), rel=0.35)
    assert odd < unknown < even


def test_a_saved_model_predicts_the_same(
    large: tuple[Units, np.ndarray, np.ndarray, UpliftModel], tmp_path_factory: pytest.TempPathFactory
) -> None:
    units, _, _, model = large
    folder = tmp_path_factory.mktemp("uplift")
    model.save(folder)
    again = UpliftModel.load(folder)
    pairs = units.inputs.take(np.arange(500))
    for ours, theirs in zip(vars(model.predict(pairs)).values(), vars(again.predict(pairs)).values(), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-12)
    assert again.caused == model.caused
    assert again.feature_names == ("a", "b")
    (folder / "trees.txt").unlink()
    with pytest.raises(ValueError, match=r"has no trees.txt"):
        UpliftModel.load(folder)


def test_a_plan_counts_between_f_and_the_effect() -> None:
    f, effect = np.array([0.2, 0.2, 0.1]), np.array([0.1, -0.3, 0.1])
    assert planned_response(f, effect, 0.0).tolist() == f.tolist()
    assert planned_response(f, effect, 1.0).tolist() == pytest.approx([0.1, 0.0, 0.1])
    assert planned_response(f, effect, 0.5).tolist() == pytest.approx([0.15, 0.0, 0.1])


def test_impossible_units_are_named() -> None:
    units, _, _ = log(100)
    with pytest.raises(ValueError, match="between 0 and 1"):
        replace(units, propensity=np.ones(100))
    with pytest.raises(ValueError, match="dose"):
        replace(units, dose=np.zeros(100))
