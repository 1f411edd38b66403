"""What the lists of policies cause, in a store whose truth is known."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest

from model.policy_evaluation.comparison import Bars, compared
from model.policy_evaluation.estimates import Evaluation
from model.uplift.model import Prediction
from model.uplift.policies import PolicyLists, incremental_response, models_of_folds, predicted_by_others
from model.uplift.units import PairInputs, Units

USERS, ITEMS, PLACES, ALTERNATIVES = 400, 30, 2, 6
VIEWED = np.array([1.0, 0.6])


@dataclass(frozen=True)
class Store:
    """f, organic, effect: float64 (users, items); units: of one draw; user, item: of these; requests: float64 (users)

    Half of the items sell without exposure. A hidden taste, which neither f nor a feature shows, moves every effect.
    """

    f: np.ndarray
    organic: np.ndarray
    effect: np.ndarray
    units: Units
    item: np.ndarray
    requests: np.ndarray

    def lists(self, score: np.ndarray) -> tuple[PolicyLists, float]:
        """Lists of the two best items by a score, and what they truly cause a request."""
        best = np.argsort(-score, axis=1)[:, :PLACES]
        user, rank = np.repeat(np.arange(USERS), PLACES), np.tile(np.arange(PLACES), USERS)
        item = best.ravel()
        views = self.requests[user] * VIEWED[rank]
        place = np.full((USERS, ITEMS), -1)
        place[user, item] = rank
        of_unit = place[self.units.user, self.item]
        inputs = PairInputs(self.f[user, item], item, np.zeros((len(user), 0)))
        unit_views = np.where(of_unit >= 0, self.requests[self.units.user] * VIEWED[of_unit], 0.0)
        lists = PolicyLists(inputs, user, views, (of_unit >= 0).astype(np.float64), unit_views)
        return lists, float(views @ self.effect[user, item] / self.requests.sum())


def store(seed: int) -> Store:
    """Every shopper comes once to four times, and sees each item with a probability of .1 to .4 at a drawn place."""
    random = np.random.default_rng(seed)
    f = np.clip(0.03 * random.lognormal(0, 0.5, (USERS, ITEMS)), 0.0, 0.2)
    anyway = np.where(np.arange(ITEMS) % 2, 0.1, 0.8)
    organic = f * anyway
    effect = f * (1 - anyway) * random.choice([0.3, 1.7], (USERS, ITEMS))
    requests = random.integers(1, 5, USERS).astype(np.float64)
    propensity = random.uniform(0.1, 0.4, (USERS, ITEMS))
    drawn = random.random((USERS, ITEMS)) < propensity
    dose = 0.5 * requests
    chance = organic + drawn * dose[:, None] * effect
    response = (random.random((USERS, ITEMS)) < chance).astype(np.float64)
    # Of those that were not drawn a sample is recorded.
    order = np.where(drawn, 2.0, random.random((USERS, ITEMS)))
    recorded = drawn | (np.argsort(np.argsort(order, axis=1), axis=1) < ALTERNATIVES)
    user, item = np.nonzero(recorded)
    weight = np.where(drawn, 1.0, (~drawn).sum(axis=1, keepdims=True) / ALTERNATIVES)
    values = (drawn, propensity, weight, np.broadcast_to(dose[:, None], drawn.shape), response)
    inputs = PairInputs(f[user, item], item, np.zeros((len(user), 0)))
    units = Units(inputs, user, *(value[user, item] for value in values))
    return Store(f, organic, effect, units, item, requests)


def zeros(number: int) -> Prediction:
    return Prediction(*np.zeros((3, number)))


def evaluated(shop: Store, lists: PolicyLists, of_units: Prediction, effect: np.ndarray) -> Evaluation:
    return incremental_response(shop.units, of_units, lists, effect, shop.requests, clip=100.0)


def test_the_estimate_by_hand() -> None:
    """Two shoppers with one request each; the policy shows each one pair at a place that is viewed with .5.

    The first was drawn with 1/4 and bought, the second was not, represents 3 pairs and was bought: propensity 1/4.
    The draw gave one view, the policy gives half a one. Predicted: demand .1, effect .2.
    First: model .5 x .2 = .1, rest .5 x 4 x (1 - .1 - .2) = 1.4.
    Second: model .1, rest -.5 x 3 x 4/3 x (1 - .1) = -1.8.
    """
    inputs = PairInputs(np.full(2, 0.3), np.zeros(2, dtype=int), np.zeros((2, 0)))
    units = Units(
        inputs, np.arange(2), np.array([True, False]), np.full(2, 0.25), np.array([1.0, 3.0]), np.ones(2), np.ones(2)
    )
    lists = PolicyLists(inputs, np.arange(2), np.full(2, 0.5), np.ones(2), np.full(2, 0.5))
    predicted = Prediction(np.full(2, 0.1), np.full(2, 0.2), np.zeros(2))
    evaluation = incremental_response(units, predicted, lists, predicted.effect, np.ones(2), clip=100.0)
    assert evaluation.doubly_robust.value == pytest.approx((0.1 + 1.4 + 0.1 - 1.8) / 2)
    assert evaluation.doubly_robust.influence == pytest.approx([(1.5 + 0.1) / 2, (-1.7 + 0.1) / 2])
    assert evaluation.ips.value == pytest.approx((0.5 * 4 - 0.5 * 3 * 4 / 3) / 2)
    # A view of a drawn pair brought 1, of the other the demand was 1 as well: nothing is caused.
    assert evaluation.snips.value == pytest.approx(0.0)
    # One pair of two was recorded by its draw, one for three.
    assert evaluation.overlap == pytest.approx((0.5 + 3 * 0.5) / 1.0)
    clipped = incremental_response(units, predicted, lists, predicted.effect, np.ones(2), clip=2.0)
    assert clipped.doubly_robust.value == pytest.approx((0.1 + 0.5 * 2 * 0.7 + 0.1 - 1.8) / 2)
    assert (clipped.clipped, clipped.largest_weight) == (0.5, 4.0)
    with pytest.raises(ValueError, match="record more nights"):
        incremental_response(replace(units, response=np.zeros(2)), predicted, lists, np.zeros(2), np.ones(2), 2.0)


def test_wrong_predictions_are_corrected_and_the_interval_holds_the_truth() -> None:
    """Without any model the draws alone bring the mean to the truth; without the draws it would be 0."""
    errors, covered, of_f_less = [], [], []
    for seed in range(200):
        shop = store(seed)
        by_f, of_f = shop.lists(shop.f)
        by_effect, of_effect = shop.lists(shop.effect)
        none = zeros(len(shop.units))
        first, second = (evaluated(shop, lists, none, np.zeros(len(lists.user))) for lists in (by_effect, by_f))
        difference = compared(("effect", "f"), (first, second), Bars(0.9, 10)).differences["doubly_robust"]
        errors.append((first.doubly_robust.value - of_effect, difference.value - (of_effect - of_f)))
        low, high = first.doubly_robust.interval()
        covered.append((low <= of_effect <= high, difference.low <= of_effect - of_f <= difference.high))
        of_f_less.append(of_effect - of_f)
    mean, error = np.mean(errors, axis=0), np.std(errors, axis=0) / len(errors) ** 0.5
    assert np.all(abs(mean) < 3 * error)
    assert np.mean(of_f_less) > 10 * error[1]
    assert np.all(np.mean(covered, axis=0) >= 0.95 - 3 * (0.05 * 0.95 / len(covered)) ** 0.5)
    assert np.all(np.mean(covered, axis=0) < 1.0)


def test_models_of_other_shoppers_narrow_the_interval() -> None:
    names = np.array([f"i{n:02}" for n in range(ITEMS)], dtype=object)
    held, narrower = [], []
    for seed in range(12):
        shop = store(1_000 + seed)
        lists, truth = shop.lists(shop.effect)
        models = models_of_folds(shop.units, names, (), 7, 1)
        of_units = predicted_by_others(models, shop.units.inputs, shop.units.user)
        effect = predicted_by_others(models, lists.inputs, lists.user).effect
        estimate = evaluated(shop, lists, of_units, effect).doubly_robust
        none = evaluated(shop, lists, zeros(len(shop.units)), np.zeros(len(lists.user))).doubly_robust
        low, high = estimate.interval()
        held.append(low <= truth <= high)
        narrower.append(estimate.standard_error / none.standard_error)
    assert np.mean(held) >= 0.75
    assert np.mean(narrower) < 1.0


def test_a_shopper_is_predicted_from_others_alone() -> None:
    names = np.array([f"i{n:02}" for n in range(ITEMS)], dtype=object)
    shop = store(3)
    of_user = shop.units.user == 7
    changed = replace(shop.units, response=np.where(of_user, 1.0, shop.units.response))
    before, after = (
        predicted_by_others(models_of_folds(units, names, (), 7, 1), units.inputs, units.user)
        for units in (shop.units, changed)
    )
    np.testing.assert_array_equal(before.effect[of_user], after.effect[of_user])
    np.testing.assert_array_equal(before.demand[of_user], after.demand[of_user])
    others = shop.units.user == 8
    assert not np.array_equal(before.effect[others], after.effect[others])


def test_the_overlap_is_the_share_of_views_that_could_have_been_drawn() -> None:
    shop = store(5)
    every, _ = shop.lists(shop.f)
    none = zeros(len(shop.units))
    complete = evaluated(shop, every, none, np.zeros(len(every.user)))
    assert complete.overlap == pytest.approx(1.0, abs=4 * complete.overlap_error)
    assert 0 < complete.overlap_error < 0.1
    # Of the first ten items the draw could have shown none.
    known = shop.item >= 10
    part = replace(shop, units=shop.units.take(known), item=shop.item[known])
    lists, _ = part.lists(shop.f)
    best = np.argsort(-shop.f, axis=1)[:, :PLACES]
    views = shop.requests[:, None] * VIEWED
    evaluation = evaluated(part, lists, zeros(known.sum()), np.zeros(len(lists.user)))
    share = views[best >= 10].sum() / views.sum()
    assert evaluation.overlap == pytest.approx(share, abs=4 * evaluation.overlap_error)
    comparison = compared(("part", "part"), (evaluation, evaluation), Bars(0.9, 10))
    assert comparison.verdict == "log insufficient"
    assert "The log covers" in comparison.why[0]


def test_a_policy_is_evaluated_on_its_own_draw_by_its_propensities() -> None:
    """Its drawn places bring the mean effect of its pairs by propensity, which is what they were drawn with."""
    errors = []
    for seed in range(100):
        shop = store(2_000 + seed)
        units, drawn = shop.units, shop.units.drawn
        lists = PolicyLists(
            units.inputs.take(drawn), units.user[drawn], units.dose[drawn], units.propensity, units.dose
        )
        none = zeros(len(units))
        evaluation = evaluated(shop, lists, none, np.zeros(drawn.sum()))
        truth = units.dose[drawn] @ shop.effect[units.user[drawn], shop.item[drawn]] / shop.requests.sum()
        errors.append(evaluation.doubly_robust.value - truth)
        assert evaluation.largest_weight == pytest.approx(1.0)
    assert abs(np.mean(errors)) < 3 * np.std(errors) / len(errors) ** 0.5
    assert evaluation.overlap == pytest.approx(1.0, abs=4 * evaluation.overlap_error)
