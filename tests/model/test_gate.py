import numpy as np
import pytest

from model.gate import HARMED, HELD, TOO_FEW, Comparison, answers, compare, error_of_attempt, judge, least_discordant

ERROR = 0.05


def _recalls(users: int = 2000) -> np.ndarray:
    return np.random.default_rng(1).beta(1, 15, size=users)


def test_an_equal_model_passes() -> None:
    compared = compare(_recalls(), _recalls(), margin=0.05, error=ERROR, samples=500, seed=2)
    assert compared.held
    # The bound is that of 0.05 * mean(reference), which is near 0.05 / 16.
    assert compared.bound == pytest.approx(0.05 / 16, rel=0.1)


def test_a_worse_model_is_refused_and_one_within_the_margin_passes() -> None:
    assert not compare(0.8 * _recalls(), _recalls(), 0.05, ERROR, 500, 2).held
    assert compare(0.97 * _recalls(), _recalls(), 0.05, ERROR, 500, 2).held


def test_the_same_mean_from_few_shoppers_is_not_enough() -> None:
    random = np.random.default_rng(6)
    few = random.random(8)
    assert not compare(random.permutation(few), few, 0.05, ERROR, 500, 2).held


def test_models_that_find_nothing_are_not_shown_to_be_alike() -> None:
    nothing = compare(np.zeros(50), np.zeros(50), 0.05, ERROR, 100, 2)
    assert not nothing.held
    assert nothing.p_harm == 1.0
    # A margin of 1 accepts any loss.
    assert compare(np.zeros(50), np.zeros(50), 1.0, ERROR, 100, 2).held


def test_few_shoppers_found_alike_do_not_show_a_loss_below_the_margin() -> None:
    """.95^59 = .048: that a model with a loss of 5 % finds the items of 59 shoppers in a row has a chance below 5 %."""
    held = [compare(np.ones(found), np.ones(found), 0.05, ERROR, 20_000, 2).held for found in (30, 50, 80)]
    assert held == [False, False, True]


def test_it_needs_shoppers_and_pairs() -> None:
    with pytest.raises(ValueError, match="No shopper has a target"):
        compare(np.empty(0), np.empty(0), 0.05, ERROR, 100, 2)
    with pytest.raises(ValueError, match="2 figures"):
        compare(np.zeros(2), np.zeros(3), 0.05, ERROR, 100, 2)


def test_the_verdict_names_what_failed() -> None:
    good = compare(_recalls(), _recalls(), 0.05, ERROR, 100, 2)
    bad = compare(0.5 * _recalls(), _recalls(), 0.05, ERROR, 100, 2)
    assert judge({"tail_recall": good}, {}, 1.2, 0.25, 0.05).passed
    verdict = judge({"tail_recall": good, "recall": bad}, {}, 1.3, 0.25, 0.05)
    assert not verdict.passed
    assert [(reason.split()[0], reason.split()[-1]) for reason in verdict.reasons] == [
        ("recall", "(gate.margin)"), ("calibration", "(gate.max_calibration_slope_error)"),
    ]  # fmt: skip
    assert verdict.figures["gate_recall_challenger"] == pytest.approx(0.5 * verdict.figures["gate_recall_reference"])


def test_a_model_that_is_worse_in_one_segment_only_is_refused_by_its_name() -> None:
    # A twentieth of the shoppers loses half of its recall: the whole loses 2.5 % and passes.
    segment = np.arange(2000) < 100
    worse = np.where(segment, 0.5, 1.0) * _recalls()
    whole = compare(worse, _recalls(), 0.05, ERROR, 500, 2)
    segments = {
        "few": compare(worse[segment], _recalls()[segment], 0.05, ERROR, 500, 2),
        "others": compare(worse[~segment], _recalls()[~segment], 0.05, ERROR, 500, 2),
    }
    assert whole.held
    verdict = judge({"tail_recall": whole}, segments, 1.0, 0.25, 0.05)
    assert [reason.split()[0] for reason in verdict.reasons] == ["few"]
    assert verdict.figures["gate_few_p_harm"] == pytest.approx(1 / 501)
    assert verdict.answers == {"few": HARMED, "others": HELD}


def test_an_item_that_one_shopper_loses_shows_nothing() -> None:
    lost = compare(np.zeros(1), np.ones(1), 0.05, ERROR, 500, 2)
    assert lost.p_harm == pytest.approx(0.5)  # one sign of two
    assert answers({"one": lost}) == {"one": TOO_FEW}


def test_the_fewest_discordant_shoppers_that_can_show_harm() -> None:
    # 2^-5 = .031 is below .05, 2^-4 is not; next to ten others 2^-8 = .0039 is below .05 / 11.
    assert (least_discordant(1), least_discordant(11)) == (5, 8)

    def losing(shoppers: int) -> Comparison:
        alike = np.tile([0.0, 1.0], 50)
        return compare(np.append(alike, np.zeros(shoppers)), np.append(alike, np.ones(shoppers)), 0.0, ERROR, 500, 2)

    assert losing(5).p_harm == pytest.approx(2**-5)
    assert [answers({"alone": losing(shoppers)})["alone"] for shoppers in (4, 5)] == [TOO_FEW, HARMED]
    # What cannot show harm takes nothing from the others.
    assert answers({"few": losing(4), **{str(n): losing(0) for n in range(9)}, "many": losing(8)})["many"] == HARMED


def test_equal_models_are_refused_by_a_segment_of_one_shopper_never_and_of_many_rarely() -> None:
    random = np.random.default_rng(5)

    def refused(shoppers: int) -> float:
        pairs = [compare(*(random.random((2, shoppers)) < 0.5), 0.0, ERROR, 200, 2) for _ in range(400)]
        return float(np.mean([answers({"segment": pair})["segment"] == HARMED for pair in pairs]))

    assert refused(1) == 0.0
    assert refused(40) <= 0.05 + 2 * (0.05 * 0.95 / 400) ** 0.5


def test_the_test_against_the_margin_forgives_a_loss_within_it() -> None:
    # Each shopper loses 4 % of what the reference finds, all of them: a sure loss, and an allowed one.
    within = compare(0.96 * _recalls(), _recalls(), 0.05, ERROR, 500, 2)
    beyond = compare(0.9 * _recalls(), _recalls(), 0.05, ERROR, 500, 2)
    assert (within.p_harm, beyond.p_harm) == (1.0, pytest.approx(1 / 501))
    assert answers({"within": within, "beyond": beyond}) == {"within": HELD, "beyond": HARMED}


def test_a_first_attempt_and_its_retries_share_the_error() -> None:
    assert error_of_attempt(None, 28) == pytest.approx(0.025)
    assert error_of_attempt(7, 28) == pytest.approx(0.025 / 4)
    assert error_of_attempt(40, 28) == pytest.approx(0.025)
    for retry in (1, 7, 10, 28):
        within_a_horizon = error_of_attempt(None, 28) + (28 // retry) * error_of_attempt(retry, 28)
        assert within_a_horizon <= 0.05 + 1e-12


def test_a_smaller_error_asks_for_more() -> None:
    random = np.random.default_rng(8)
    new, old = random.random((2, 300)) < 0.5
    assert compare(new, old, 0.05, 0.025, 500, 2).bound < compare(new, old, 0.05, 0.05, 500, 2).bound


def test_chance_in_one_of_many_segments_is_not_harm() -> None:
    """Twenty segments of equal models with noise of their own: one of them alone would often fail at 5 %."""
    random = np.random.default_rng(3)
    for _ in range(5):
        noisy = {str(one): compare(random.random(60), random.random(60), 0.0, ERROR, 1000, 2) for one in range(20)}
        assert HARMED not in answers(noisy).values()
    assert sum(one.p_harm < 0.05 for one in noisy.values()) < 4


def test_two_harmed_segments_are_both_found() -> None:
    random = np.random.default_rng(4)
    good, bad = random.random(200) + 1.0, random.random(200)
    segments = {
        "a": compare(bad, good, 0.05, ERROR, 500, 1),
        "b": compare(good, good, 0.05, ERROR, 500, 1),
        "c": compare(bad, good, 0.05, ERROR, 500, 1),
    }
    assert answers(segments) == {"a": HARMED, "b": HELD, "c": HARMED}
