import numpy as np
import pytest

from model.gate import judge, non_inferiority


def _recalls(users: int = 2000) -> np.ndarray:
    return np.random.default_rng(1).beta(1, 15, size=users)


def test_an_equal_model_passes() -> None:
    compared = non_inferiority(_recalls(), _recalls(), margin=0.05, samples=500, seed=2)
    assert compared.passed
    # The bound is that of 0.05 * mean(reference), which is near 0.05 / 16.
    assert compared.bound == pytest.approx(0.05 / 16, rel=0.1)


def test_a_worse_model_is_refused_and_one_within_the_margin_passes() -> None:
    assert not non_inferiority(0.8 * _recalls(), _recalls(), 0.05, 500, 2).passed
    assert non_inferiority(0.97 * _recalls(), _recalls(), 0.05, 500, 2).passed


def test_the_same_mean_from_few_shoppers_is_not_enough() -> None:
    random = np.random.default_rng(6)
    few = random.random(8)
    assert not non_inferiority(random.permutation(few), few, 0.05, 500, 2).passed


def test_nothing_found_by_either_passes() -> None:
    assert non_inferiority(np.zeros(5), np.zeros(5), 0.05, 100, 2).passed


def test_it_needs_shoppers_and_pairs() -> None:
    with pytest.raises(ValueError, match="No shopper has a target"):
        non_inferiority(np.empty(0), np.empty(0), 0.05, 100, 2)
    with pytest.raises(ValueError, match="2 figures"):
        non_inferiority(np.zeros(2), np.zeros(3), 0.05, 100, 2)


def test_the_verdict_names_what_failed() -> None:
    good = non_inferiority(_recalls(), _recalls(), 0.05, 100, 2)
    bad = non_inferiority(0.5 * _recalls(), _recalls(), 0.05, 100, 2)
    assert judge({"tail_recall": good}, 1.2, 0.25, 0.05).passed
    verdict = judge({"tail_recall": good, "recall": bad}, 1.3, 0.25, 0.05)
    assert not verdict.passed
    assert [reason.split()[0] for reason in verdict.reasons] == ["recall", "calibration"]
    assert verdict.figures["gate_recall_challenger"] == pytest.approx(0.5 * verdict.figures["gate_recall_reference"])
