"""Position bias: the arithmetic, recovery of the truth, and what no log identifies."""

from __future__ import annotations

import numpy as np
import pytest

from model.policy_evaluation.position_bias import (
    LIKENESS,
    counted,
    examination_of,
    position_bias,
    weights_of_positions,
)
from tests.model.policy_evaluation.sorted_lists import TRUTH, Shopping, sorted_lists


def test_counts_that_fit_the_model_are_explained_exactly() -> None:
    # attraction .2 and .1; the second position is examined half as often: 100 x .2 = 20, 100 x .2 x .5 = 10, ...
    shown = np.array([[100.0, 100.0], [200.0, 400.0]])
    answered = np.array([[20.0, 10.0], [20.0, 20.0]])
    bias = position_bias(shown, answered)
    assert bias.examination == pytest.approx([1.0, 0.5], abs=1e-6)
    assert bias.attraction == pytest.approx([0.2, 0.1], abs=1e-6)


def test_better_items_at_the_top_are_not_taken_for_examination() -> None:
    # The first position holds the attractive stratum nine times in ten; both positions are examined alike.
    shown = np.array([[900.0, 100.0], [100.0, 900.0]])
    answered = shown * np.array([[0.3], [0.02]])
    by_count = answered.sum(axis=0) / shown.sum(axis=0)
    assert by_count[1] / by_count[0] < 0.2
    assert position_bias(shown, answered).examination == pytest.approx([1.0, 1.0], abs=1e-6)


def test_a_position_that_nothing_links_to_the_first_is_not_identified() -> None:
    shown = np.array([[50.0, 50.0, 0.0], [0.0, 0.0, 80.0], [10.0, 0.0, 10.0]])
    answered = np.array([[10.0, 5.0, 0.0], [0.0, 0.0, 8.0], [0.0, 0.0, 0.0]])  # the last stratum has no response
    bias = position_bias(shown, answered)
    assert np.isnan(bias.examination).tolist() == [False, False, True]
    assert np.isnan(bias.attraction).tolist() == [False, True, True]


def test_exposures_that_were_all_answered_are_certain() -> None:
    bias = position_bias(np.array([[10.0, 10.0], [40.0, 20.0]]), np.array([[10.0, 10.0], [20.0, 10.0]]))
    assert bias.examination == pytest.approx([1.0, 1.0])
    assert bias.attraction == pytest.approx([1.0, 0.5])


def test_no_response_is_an_error_that_says_so() -> None:
    with pytest.raises(ValueError, match="has a response"):
        position_bias(np.ones((2, 2)), np.zeros((2, 2)))
    with pytest.raises(ValueError, match="nothing was shown"):
        position_bias(np.zeros((1, 2)), np.full((1, 2), 2.0))


def test_the_truth_lies_within_its_stated_error() -> None:
    random = np.random.default_rng(3)
    theta, gamma = np.array([1.0, 0.7, 0.45, 0.3]), np.linspace(0.01, 0.2, 20)
    shown = random.integers(200, 2000, (20, 4)).astype(float)
    misses = []
    for _ in range(60):
        answered = random.binomial(shown.astype(int), np.outer(gamma, theta)).astype(float)
        bias = position_bias(shown, answered)
        misses.append((np.log(bias.examination[1:]) - np.log(theta[1:])) / bias.standard_error[1:])
    assert np.abs(np.mean(misses, axis=0)).max() < 0.5  # 60 draws: standard error of the mean .13
    assert np.std(misses) == pytest.approx(1.0, abs=0.2)


def test_exposures_are_counted_by_stratum_and_position() -> None:
    shown, answered = counted(
        np.array([0, 0, 1]), np.array([0, 1, 1]), np.array([1, 0, 1]), np.array([1.0, 2.0, 3.0]), 2
    )
    assert shown.tolist() == [[1.0, 2.0], [0.0, 3.0]]
    assert answered.tolist() == [[1.0, 0.0], [0.0, 3.0]]


PRIOR = np.arange(1, 11) ** -0.6  # .25 at the last position


@pytest.mark.parametrize("shoppers", [pytest.param(0.0, marks=pytest.mark.slow), 0.7])
@pytest.mark.parametrize("spread", [0.0, pytest.param(0.3, marks=pytest.mark.slow), 0.7])
def test_lists_sorted_by_each_shoppers_relevance_show_the_true_attention(spread: float, shoppers: float) -> None:
    logs = [sorted_lists(Shopping(spread, shoppers), 20_000, seed).as_learnt() for seed in range(12)]
    shown, answered = (np.concatenate(parts) for parts in zip(*logs, strict=True))
    assert position_bias(shown, answered).examination == pytest.approx(TRUTH, abs=0.03)
    assert weights_of_positions(shown, answered, PRIOR, 0.2) == pytest.approx(TRUTH, abs=0.03)


def test_few_logs_move_the_weights_from_the_prior_towards_the_truth_and_not_beyond_it() -> None:
    logs = [sorted_lists(Shopping(0.7), 100, seed).as_learnt() for seed in range(100)]
    used = np.array([weights_of_positions(*log, PRIOR, 0.2) for log in logs])
    mean = used.mean(axis=0)
    assert np.all((mean[1:] > PRIOR[1:] - 0.01) & (mean[1:] < TRUTH[1:]))
    assert np.abs(mean - PRIOR).max() < 0.1
    assert np.abs(used - TRUTH).mean() < np.abs(PRIOR - TRUTH).mean()
    true_prior = np.mean([weights_of_positions(*log, TRUTH, 0.2) for log in logs], axis=0)
    assert true_prior == pytest.approx(TRUTH, abs=0.02)


def test_the_log_moves_the_assumption_as_far_as_it_is_certain() -> None:
    assumed = np.array([0.9, 0.45, 0.3, 0.2])
    # The log identifies the second position well, the third as well as the prior of about 1 / .2 ** 2 answers does.
    shown = np.array([[1e9, 1e9, 0.0], [1e9, 0.0, 102.0]])
    used = weights_of_positions(shown, np.array([[1e9, 0.5e9, 0.0], [1e9, 0.0, 17.0]]), assumed, 0.2)
    assert used[:2] == pytest.approx([0.9, 0.9 * 0.5])
    assert 0.9 * 17 / 102 < used[2] < 0.3
    assert used[3] == pytest.approx(0.2 * (used[2] / 0.3) ** LIKENESS)  # the log does not hold it
    unanswered = weights_of_positions(shown, np.array([[1e9, 0.5e9, 0.0], [1e9, 0.0, 0.0]]), assumed, 0.2)
    assert 0.0 < unanswered[2] < used[2]
    alone = weights_of_positions(shown, np.array([[1e9, 0.8e9, 0.0], [0.0, 0.0, 0.0]]), assumed, 0.2, likeness=0.0)
    assert alone == pytest.approx([0.9, 0.9 * 0.8, 0.3, 0.2])
    assert weights_of_positions(shown, shown, assumed, 0.0) == pytest.approx(assumed)
    assert weights_of_positions(np.zeros((0, 4)), np.zeros((0, 4)), assumed, 0.2) == pytest.approx(assumed)


def test_a_position_without_answers_is_not_examined() -> None:
    bias = position_bias(np.array([[1000.0, 1000.0, 1000.0]]), np.array([[100.0, 0.0, 50.0]]))
    assert bias.examination == pytest.approx([1.0, 0.0, 0.5], abs=1e-6)
    assert bias.standard_error.tolist() == [0.0, np.inf, pytest.approx(np.sqrt(1 / 100 + 1 / 50))]
    with pytest.raises(ValueError, match="first position has a response"):
        position_bias(np.array([[1000.0, 1000.0]]), np.array([[0.0, 50.0]]))


def test_weights_known_by_position_stay_where_they_are_known_well() -> None:
    assumed, deviation = np.array([1.0, 0.8, 0.7]), np.array([0.0, 0.2, 0.01])
    shown, answered = np.full((1, 3), 1000.0), np.array([[100.0, 80.0, 40.0]])
    alike = examination_of(shown, answered, assumed, np.full(3, 0.2)).weights
    assert alike == pytest.approx(examination_of(shown, answered, assumed, 0.2).weights)
    by_position = examination_of(shown, answered, assumed, deviation, likeness=0.0)
    assert abs(by_position.weights[2] - 0.7) < 0.02 < abs(alike[2] - 0.7)
    assert by_position.deviation[0] == 0 < by_position.deviation[2] < 0.01 < by_position.deviation[1] < 0.2
