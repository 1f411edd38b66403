"""Off-policy estimates: arithmetic by hand, the truth on average, clipping, overlap."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from model.policy_evaluation.comparison import Bars, compared, in_words, shortcomings
from model.policy_evaluation.estimates import Estimate, Evaluation, TargetLists, degrees_of_freedom, evaluated
from model.policy_evaluation.log import LoggedExposures
from model.policy_evaluation.response_model import ResponseModel, fitted
from tests.model.policy_evaluation.storefronts import Storefront, storefront

BARS = Bars(least_overlap=0.9, least_effective_size=50)


def small() -> tuple[LoggedExposures, TargetLists, ResponseModel]:
    """Two shoppers, a request each, two positions; the model says .1 examined responses an exposure."""
    log = LoggedExposures(
        request=np.array([0, 0, 1, 1]),
        user=np.array([0, 0, 1, 1]),
        position=np.array([0, 1, 0, 1]),
        propensity=np.array([0.5, 0.25, 1.0, 0.5]),
        response=np.array([1.0, 0.0, 0.0, 1.0]),
        weight=np.ones(4),
        relevance=np.full(4, 0.1),
        request_user=np.array([0, 1]),
    )
    target = TargetLists(
        request=np.array([0, 0, 1, 1]),
        position=np.array([0, 1, 0, 1]),
        probability=np.ones(4),
        relevance=np.full(4, 0.1),
        at_same=np.array([1.0, 0.0, 1.0, 0.0]),
        anywhere=np.array([1.0, 0.0, 1.0, 1.0]),
        place=np.array([0, 0, 0, 0]),
    )
    return log, target, ResponseModel(np.array([[0.0, 1.0]] * 5), np.array([1.0, 0.5]))


def test_item_position_by_hand() -> None:
    log, target, model = small()
    evaluation = evaluated(log, target, model, "item-position", clip=100.0)
    # weights 1/.5, 0, 1/1, 0; IPS (2 x 1) / 2 requests
    assert evaluation.ips.value == pytest.approx(1.0)
    # weighed examination 2 x 1 + 1 x 1 = 3, the target's own 2 x 1.5 = 3, so SNIPS = 2 / 3 x 3 / 2
    assert (evaluation.overlap, evaluation.snips.value) == (pytest.approx(1.0), pytest.approx(1.0))
    # predicted 2 x (.1 + .05); weighed rests 2 x (1 - .1) + 1 x (0 - .1) = 1.7; (0.3 + 1.7) / 2
    assert evaluation.doubly_robust.value == pytest.approx(1.0)
    # deviations by shopper of IPS: (2 - 1) / 2 and (0 - 1) / 2; variance 2 / 1 x (.25 + .25)
    assert evaluation.ips.standard_error == pytest.approx(1.0)
    assert evaluation.effective_size == pytest.approx(9 / 5)
    assert evaluation.weighed == 2


def test_position_based_uses_an_item_seen_elsewhere() -> None:
    log, target, model = small()
    evaluation = evaluated(log, target, model, "position-based", clip=100.0)
    # the last exposure was at position 2 (examined .5) with propensity .5; the target shows it first: 1 x 1 / (.5 x .5)
    assert evaluation.largest_weight == pytest.approx(4.0)
    assert evaluation.ips.value == pytest.approx((2 + 4) / 2)


def test_clipping_bounds_the_weights_and_is_reported() -> None:
    log, target, model = small()
    evaluation = evaluated(log, target, model, "position-based", clip=2.0)
    assert evaluation.ips.value == pytest.approx((2 + 2) / 2)
    # examined weight 2 x 1 + 1 x 1 + 4 x .5 = 5 before, 2 + 1 + 2 x .5 = 4 after
    assert evaluation.clipped == pytest.approx(1 / 5)


def test_the_same_policy_is_estimated_by_its_mean() -> None:
    log, _, model = small()
    own = TargetLists(
        log.request, log.position, np.ones(4), log.relevance, log.propensity, log.propensity, log.position
    )
    evaluation = evaluated(log, own, model, "item-position", clip=100.0)
    assert (evaluation.ips.value, evaluation.doubly_robust.value) == (pytest.approx(1.0), pytest.approx(1.0))
    assert (evaluation.effective_size, evaluation.overlap) == (pytest.approx(4.0), pytest.approx(1.0))


def test_degrees_of_freedom_by_hand() -> None:
    # Squares 100 and 99 ones: sum 199, of squares 10,099; 2 x 199^2 / (10,099 - 199^2 / 100)
    few = np.append(10.0, np.ones(99))
    assert degrees_of_freedom(few) == pytest.approx(2 * 199**2 / (10_099 - 396.01))
    # Kurtosis 420 / 20 / 3^2 = 2.3 of 20 deviations: 2 n / (2.3 - 1) is above n - 1.
    assert degrees_of_freedom(np.repeat([1.0, -3.0], [15, 5])) == 19.0
    assert degrees_of_freedom(np.ones(20)) == 19.0
    # Shoppers without a request do not count.
    assert degrees_of_freedom(np.append(np.ones(5), np.zeros(95))) == 4.0
    low, high = Estimate(0.0, few).interval()
    assert high == pytest.approx(2.3 * (100 / 99 * 199) ** 0.5, rel=3e-3)  # t of 8.2 degrees of freedom
    assert low == -high
    # An error that all shoppers share adds its variance, which is known: of 1e6, t is about normal.
    assert Estimate(0.0, few, np.array([600.0, 800.0])).interval()[1] == pytest.approx(1_960, rel=1e-3)
    first, second = Estimate(3.0, few, np.array([2.0, 0.0])), Estimate(1.0, np.zeros(0), np.array([1.0]))
    assert first.minus(second).shared.tolist() == [1.0, 0.0]


def test_normal_deviations_have_nearly_as_many_degrees_of_freedom_as_shoppers() -> None:
    random = np.random.default_rng(3)
    freedom = [degrees_of_freedom(random.normal(size=400)) for _ in range(200)]
    # The variance of a normal sample has n - 1; two thirds of it would be 267.
    assert np.mean(freedom) == pytest.approx(399, rel=0.1)


def test_the_lower_bound_of_the_overlap_has_to_reach_the_bar() -> None:
    log, target, model = small()
    evaluation = evaluated(log, target, model, "item-position", clip=100.0)
    wide = replace(evaluation, overlap=0.95, overlap_error=0.1, effective_size=1000.0)
    (reason,) = shortcomings("new", wide, BARS)
    # .95 - 1.645 x .1 = .79
    assert reason.startswith("The log covers 95% of what new would show, by its uncertainty at least 79%; 90% are")
    assert shortcomings("new", replace(wide, overlap_error=0.02), BARS) == []  # .95 - .03 = .92


def test_on_average_the_estimates_are_the_truth() -> None:
    shop = storefront()
    truth = shop.value(shop.target)
    errors: dict[str, list[float]] = {"ips": [], "snips": [], "doubly_robust": []}
    for seed in range(30):
        evaluation = of_target(shop, seed)
        for name, seen in errors.items():
            seen.append(getattr(evaluation, name).value - truth)
    for seen in errors.values():
        assert abs(np.mean(seen)) < 3 * np.std(seen) / np.sqrt(len(seen))
    # What the model predicts adds no variance of the weights.
    assert np.std(errors["doubly_robust"]) < np.std(errors["ips"])
    assert truth > 1.3 * shop.value(shop.logging)


def of_target(shop: Storefront, seed: int) -> Evaluation:
    log, item = shop.logged(seed)
    return evaluated(log, shop.lists(log, item, shop.target), fitted(log, shop.theta), "item-position", 50.0)


def test_the_model_finds_scale_and_slope() -> None:
    random = np.random.default_rng(1)
    n = 40_000
    relevance, position = random.uniform(0.01, 0.9, n), random.integers(0, 2, n)
    theta = np.array([1.0, 0.4])
    mean = theta[position] * 0.3 * relevance**1.5
    log = LoggedExposures(
        np.arange(n), np.arange(n) % 500, position, np.ones(n), random.poisson(mean).astype(float), np.ones(n),
        relevance, np.arange(n) % 500,
    )  # fmt: skip
    model = fitted(log, theta)
    assert np.exp(model.coefficients[:, 0]) == pytest.approx(0.3, rel=0.1)
    assert model.coefficients[:, 1] == pytest.approx(1.5, abs=0.15)
    with pytest.raises(ValueError, match="No response"):
        fitted(LoggedExposures(*(getattr(log, name) if name != "response" else np.zeros(n) for name in (
            "request", "user", "position", "propensity", "response", "weight", "relevance", "request_user"
        ))), theta)  # fmt: skip


def test_no_overlap_is_reported_and_never_a_silent_zero() -> None:
    log, target, model = small()
    never = TargetLists(
        target.request, target.position, target.probability, target.relevance, np.zeros(4), np.zeros(4), target.place
    )
    other = evaluated(log, never, model, "item-position", clip=100.0)
    own = evaluated(log, target, model, "item-position", clip=100.0)
    assert np.isnan(other.snips.value)
    comparison = compared(("new", "main"), (other, own), BARS)
    assert comparison.verdict == "log insufficient"
    assert comparison.why[0] == "No overlap: new would show none of the 4 logged exposures."
    report = in_words(("new", "main"), (other, own), comparison, "item-position", "purchases")
    assert "The log does not suffice to compare new with main" in report
    assert "assumption: item-position" in report


def test_half_an_overlap_and_few_exposures_are_named() -> None:
    shop = storefront(users=60)
    half = shop.target.copy()
    half[:, :, ::2] = 0
    blind = Storefront(
        shop.attraction, shop.predicted, shop.theta, shop.rate, half / half.sum(axis=2, keepdims=True), shop.target
    )
    evaluation = of_target(blind, 0)
    reasons = compared(("target", "target"), (evaluation, evaluation), Bars(0.9, 1e6)).why
    assert 0.3 < evaluation.overlap < 0.7
    assert any("the rest is known from the response model alone" in reason for reason in reasons)
    assert any("exposures, 1000000 are required" in reason for reason in reasons)


def test_a_clear_difference_is_found_and_pairs_of_shoppers_sharpen_it() -> None:
    shop = storefront(users=600, visits=10)
    log, item = shop.logged(4)
    model = fitted(log, shop.theta)
    target = evaluated(log, shop.lists(log, item, shop.target), model, "item-position", 50.0)
    own = evaluated(log, shop.lists(log, item, shop.logging), model, "item-position", 50.0)
    comparison = compared(("target", "logging"), (target, own), BARS)
    assert comparison.verdict == "higher"
    difference = comparison.differences["doubly_robust"]
    truth = shop.value(shop.target) - shop.value(shop.logging)
    assert difference.low < truth < difference.high
    apart = np.hypot(target.doubly_robust.standard_error, own.doubly_robust.standard_error)
    assert difference.standard_error < apart
    assert compared(("logging", "target"), (own, target), BARS).verdict == "lower"
    assert compared(("a", "b"), (own, own), BARS).verdict == "no difference shown"
