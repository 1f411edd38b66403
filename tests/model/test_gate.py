import numpy as np
import pytest

from model.gate import compare, harmed, judge


def _recalls(users: int = 2000) -> np.ndarray:
    return np.random.default_rng(1).beta(1, 15, size=users)


def test_an_equal_model_passes() -> None:
    compared = compare(_recalls(), _recalls(), margin=0.05, samples=500, seed=2)
    assert compared.passed
    # The bound is that of 0.05 * mean(reference), which is near 0.05 / 16.
    assert compared.bound == pytest.approx(0.05 / 16, rel=0.1)


def test_a_worse_model_is_refused_and_one_within_the_margin_passes() -> None:
    assert not compare(0.8 * _recalls(), _recalls(), 0.05, 500, 2).passed
    assert compare(0.97 * _recalls(), _recalls(), 0.05, 500, 2).passed


def test_the_same_mean_from_few_shoppers_is_not_enough() -> None:
    random = np.random.default_rng(6)
    few = random.random(8)
    assert not compare(random.permutation(few), few, 0.05, 500, 2).passed


def test_recall_of_zero_on_both_sides_passes() -> None:
    assert compare(np.zeros(5), np.zeros(5), 0.05, 100, 2).passed


def test_it_needs_shoppers_and_pairs() -> None:
    with pytest.raises(ValueError, match="No shopper has a target"):
        compare(np.empty(0), np.empty(0), 0.05, 100, 2)
    with pytest.raises(ValueError, match="2 figures"):
        compare(np.zeros(2), np.zeros(3), 0.05, 100, 2)


def test_the_verdict_names_what_failed() -> None:
    good = compare(_recalls(), _recalls(), 0.05, 100, 2)
    bad = compare(0.5 * _recalls(), _recalls(), 0.05, 100, 2)
    assert judge({"tail_recall": good}, {}, 1.2, 0.25, 0.05).passed
    verdict = judge({"tail_recall": good, "recall": bad}, {}, 1.3, 0.25, 0.05)
    assert not verdict.passed
    assert [reason.split()[0] for reason in verdict.reasons] == ["recall", "calibration"]
    assert verdict.figures["gate_recall_challenger"] == pytest.approx(0.5 * verdict.figures["gate_recall_reference"])


def test_a_model_that_is_worse_in_one_segment_only_is_refused_by_its_name() -> None:
    # A twentieth of the shoppers loses half of its recall: the whole loses 2.5 % and passes.
    segment = np.arange(2000) < 100
    worse = np.where(segment, 0.5, 1.0) * _recalls()
    whole = compare(worse, _recalls(), 0.05, 500, 2)
    segments = {
        "few": compare(worse[segment], _recalls()[segment], 0.05, 500, 2),
        "others": compare(worse[~segment], _recalls()[~segment], 0.05, 500, 2),
    }
    assert whole.passed
    verdict = judge({"tail_recall": whole}, segments, 1.0, 0.25, 0.05)
    assert [reason.split()[0] for reason in verdict.reasons] == ["few"]
    assert verdict.figures["gate_few_p_harm"] == pytest.approx(1 / 501)


def test_chance_in_one_of_many_segments_is_not_harm() -> None:
    """Twenty segments of equal models with noise of their own: one of them alone would often fail at 5 %."""
    random = np.random.default_rng(3)
    for _ in range(5):
        noisy = {str(one): compare(random.random(60), random.random(60), 0.0, 1000, 2) for one in range(20)}
        assert harmed(noisy) == ()
    assert sum(one.p_harm < 0.05 for one in noisy.values()) < 4


def test_two_harmed_segments_are_both_found() -> None:
    random = np.random.default_rng(4)
    good, bad = random.random(200) + 1.0, random.random(200)
    shown = harmed({"a": compare(bad, good, 0.05, 500, 1), "b": compare(good, good, 0.05, 500, 1),
                    "c": compare(bad, good, 0.05, 500, 1)})  # fmt: skip
    assert shown == ("a", "c")
