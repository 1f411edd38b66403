"""Two policies from tables: the truth of a small store, and what is left out by name."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from model.policy_evaluation.comparison import Bars
from model.policy_evaluation.two_policies import Answer, Settings, two_policies
from tests.model.policy_evaluation.sorted_lists import TRUTH, Shopping, as_tables, sorted_lists

THETA = np.array([1.0, 0.6, 0.4, 0.3])
ITEMS, PLANNED = 8, 2
NONE = float("nan")


def settings(**changed: object) -> Settings:
    base = {
        "assumption": "position-based",
        "clip": 100.0,
        "bars": Bars(0.8, 50),
        "most_a_day": 1000,
        "position_weights": THETA,
        "deviation": 1.0,
    }
    return Settings(**{**base, **changed})  # type: ignore[arg-type]


def store(seed: int, users: int = 250, requests: int = 12) -> tuple[pd.DataFrame, dict[str, pd.DataFrame], float]:
    """A log of `main`: two items by their scores, two drawn at random of the other six, each with propensity 2 / 6.

    `new` shows the last drawable items first; only main's own two are never in it. The truth is that of `new`, in
    responses a request.
    """
    random = np.random.default_rng(seed)
    attraction = attraction_of(random, (users, ITEMS))
    relevance = np.clip(attraction * np.exp(random.normal(0, 0.3, attraction.shape)), 1e-3, 0.95)
    rows = []
    for user in range(users):
        for number in range(requests):
            drawn = PLANNED + random.permutation(ITEMS - PLANNED)[:PLANNED]
            for position, item in enumerate([0, 1, *drawn]):
                chance = THETA[position] * attraction[user, item]
                rows.append(
                    (f"{user}-{number}", str(user), str(item), 1, number, position + 1,
                     1.0 if position < PLANNED else PLANNED / (ITEMS - PLANNED), 1.0, "main",
                     float(random.random() < chance), relevance[user, item],
                     NONE if position < PLANNED else PLANNED)
                )  # fmt: skip
    of_new = [7, 6, 5, 4]
    lists = {
        "main": _lists([0, 1, 2, 3], relevance),
        "new": _lists(of_new, relevance),
        "other": _lists([0, 1, 2, 3], relevance).assign(item_id="of no list"),
    }
    exposures = with_strata(pd.DataFrame(rows, columns=COLUMNS), np.log(relevance).mean(axis=1))
    return exposures, lists, float((attraction[:, of_new] @ THETA).mean())


def with_strata(exposures: pd.DataFrame, level: np.ndarray) -> pd.DataFrame:
    """The exposures with stratum and listed_relevance, without boosts; level: float64 (shoppers)."""
    bins = np.floor(np.log(exposures["relevance"]) / 0.25).astype(int).astype(str)
    levels = np.floor(level[exposures["user_id"].astype(int)] / 0.1).astype(int)
    is_first = ~exposures.duplicated(["user_id", "item_id"])
    stratum = (bins + ":0:" + levels.astype(str)).where(is_first, None)
    return exposures.assign(stratum=stratum, listed_relevance=exposures["relevance"].where(is_first))


def attraction_of(random: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """How shoppers and items attract each other."""
    return np.clip(random.gamma(1.5, 0.1, shape), 0.005, 0.8)


COLUMNS = [
    "request_id", "user_id", "item_id", "as_of", "day", "position", "propensity", "sample_weight", "policy", "response",
    "relevance", "drawn_slots",
]  # fmt: skip


def _lists(items: list[int], relevance: np.ndarray) -> pd.DataFrame:
    users = len(relevance)
    rank = np.tile(np.arange(1, len(items) + 1), users)
    user = np.repeat(np.arange(users), len(items))
    item = np.tile(items, users)
    return pd.DataFrame(
        {"as_of": 1, "user_id": user.astype(str), "item_id": item.astype(str), "rank": rank,
         "relevance": relevance[user, item]}
    )  # fmt: skip


def test_a_policy_that_never_ran_is_evaluated_on_the_exploration_of_another() -> None:
    errors = []
    for seed in range(4):
        exposures, lists, truth = store(seed)
        answer = two_policies(exposures, lists, ("new", "main"), settings())
        new, main = answer.evaluations
        errors.append((new.doubly_robust.value - truth) / new.doubly_robust.standard_error)
        assert answer.logged_by == ("others", "main")
        assert new.overlap == pytest.approx(1.0, abs=0.15)
        assert main.doubly_robust.value == pytest.approx(exposures["response"].sum() / 3000)
        assert (main.overlap, main.largest_weight) == (pytest.approx(1.0), 1.0)
    # About standard normal; the examination is estimated from the same log.
    assert np.abs(errors).max() < 3


def test_item_position_has_no_overlap_where_places_never_meet() -> None:
    exposures, lists, _ = store(0, users=60)
    answer = two_policies(exposures, lists, ("new", "main"), settings(assumption="item-position"))
    # The log draws at positions 3 and 4 only: of new's examination 1 + .6 + .4 + .3 it covers .7.
    assert answer.evaluations[0].overlap == pytest.approx(0.7 / 2.3, abs=0.12)
    assert answer.comparison.verdict == "log insufficient"
    never = two_policies(exposures, lists, ("other", "main"), settings())
    assert never.comparison.verdict == "log insufficient"
    assert never.comparison.why == ("No overlap: other would show none of the 2880 logged exposures.",)


def test_a_drawn_item_that_is_certain_has_a_position_by_chance() -> None:
    """Two items, both in every list, in either order: the target's order was shown in half of the requests."""
    rows = []
    for request in range(400):
        in_order = request % 2 == 0
        for position in (1, 2):
            item = "ab"[(position - 1) if in_order else (2 - position)]
            # Only the target's order earns a response, at the first position, in a quarter of its requests.
            response = float(in_order and position == 1 and request % 8 == 0)
            rows.append((str(request), str(request // 10), item, 1, 1, position, 1.0, 1.0, "main", response, 0.5, 2.0))
    exposures = pd.DataFrame(rows, columns=COLUMNS).assign(stratum=None, listed_relevance=NONE)
    order = _lists([0, 1], np.full((40, 2), 0.5)).replace({"item_id": {"0": "a", "1": "b"}})
    item_position = settings(assumption="item-position")
    answer = two_policies(exposures, {"main": order, "new": order}, ("new", "main"), item_position)
    # 50 responses in the log's 400 requests, all of them in the 200 with the target's order.
    assert answer.evaluations[1].ips.value == pytest.approx(50 / 400)
    assert answer.evaluations[0].ips.value == pytest.approx(50 / 200)
    assert answer.evaluations[0].overlap == pytest.approx(1.0)
    of_no_list = exposures["request_id"] == "0"
    lost = exposures.assign(propensity=0.9, drawn_slots=np.where(of_no_list, NONE, 2.0))
    left = two_policies(lost, {"main": order, "new": order}, ("new", "main"), item_position).left_out
    assert left == {"requests with a drawn item whose list is not in exposure_scores": 1}


def test_the_examination_comes_from_the_log_where_it_can() -> None:
    exposures, lists, _ = store(1)
    answer: Answer = two_policies(exposures, lists, ("new", "main"), settings(position_weights=np.full(4, 0.5)))
    assert answer.from_log.all()
    assert answer.examination == pytest.approx(THETA, abs=0.12)
    alone = exposures[exposures["position"] == 1].assign(response=0.0)
    alone.loc[alone.index[::10], "response"] = 1.0
    assert two_policies(alone, lists, ("main", "main"), settings()).examination.tolist() == [1.0]


@pytest.mark.parametrize("world", [Shopping(0.7, shoppers=0.7), Shopping(0.7, item_error=0.5)])
def test_lists_turned_upside_down_earn_less_whatever_the_predictions_hold(world: Shopping) -> None:
    log = sorted_lists(world, 4_000, 3)
    exposures, lists = as_tables(log)
    too_steep = np.arange(1, 11) ** -0.6
    answer = two_policies(exposures, lists, ("new", "main"), settings(position_weights=too_steep))
    attraction = log.attraction.reshape(-1, 10)
    truth = float((attraction[:, ::-1] @ TRUTH).mean())
    new = answer.evaluations[0].doubly_robust
    assert new.interval()[0] < truth < new.interval()[1]
    assert new.value == pytest.approx(truth, rel=0.05)
    assert answer.comparison.verdict == "lower"
    # The log does not hold the examination exactly, and the interval says so.
    assert new.standard_error > 1.2 * replace(new, shared=np.zeros(0)).standard_error


def test_an_assumed_examination_that_is_used_as_it_is_adds_no_error() -> None:
    exposures, lists = as_tables(sorted_lists(Shopping(0.7), 500, 1))
    answer = two_policies(exposures, lists, ("new", "main"), settings(position_weights=TRUTH, deviation=0.0))
    assert answer.examination.tolist() == TRUTH.tolist()
    assert not answer.from_log.any()
    assert answer.evaluations[0].doubly_robust.shared.size == 0


def test_arms_of_a_test_need_no_list_of_the_other_arm() -> None:
    exposures, lists, _ = store(6, users=80)
    of_bold = exposures["user_id"].astype(int) % 2 == 1
    exposures.loc[of_bold, "policy"] = "bold"
    own = {name: rows.assign(user=rows["user_id"].astype(int) % 2) for name, rows in lists.items()}
    arms = {"main": own["main"][own["main"]["user"] == 0], "bold": own["main"][own["main"]["user"] == 1]}
    answer = two_policies(exposures, arms, ("bold", "main"), settings())
    assert (answer.left_out, answer.logged_by) == ({}, ("bold", "main"))
    assert [evaluation.requests for evaluation in answer.evaluations] == [40 * 12, 40 * 12]
    difference = answer.comparison.differences["doubly_robust"]
    alone = [evaluation.doubly_robust.standard_error for evaluation in answer.evaluations]
    # No shopper is in both arms, so the variances add up; 80 shoppers are counted where each arm has 40.
    assert difference.standard_error == pytest.approx(np.hypot(*np.array(alone)), rel=0.02)


def test_policies_that_took_turns_are_compared_on_days_of_both() -> None:
    exposures, lists, _ = store(6, users=80)
    exposures.loc[exposures["day"] < 6, "policy"] = "bold"
    both = {**lists, "bold": lists["main"]}
    with pytest.raises(ValueError, match="bold answered requests on 6 days and main on 6 others"):
        two_policies(exposures, both, ("bold", "main"), settings())
    exposures.loc[(exposures["day"] == 5) & (exposures["user_id"].astype(int) % 2 == 1), "policy"] = "main"
    answer = two_policies(exposures, both, ("bold", "main"), settings())
    assert [evaluation.requests for evaluation in answer.evaluations] == [40, 40]
    assert answer.left_out == {"requests of days on which only one of the two ran": 80 * 11}


def test_a_sampled_log_gives_the_same_estimates_a_request() -> None:
    exposures, lists, _ = store(4, users=60)
    full = two_policies(exposures, lists, ("new", "main"), settings(most_a_day=1e9))
    sampled = two_policies(exposures.assign(sample_weight=10.0), lists, ("new", "main"), settings(most_a_day=1e9))
    for weighted, evaluation in zip(sampled.evaluations, full.evaluations, strict=True):
        assert weighted.overlap == pytest.approx(evaluation.overlap)
        # The ridge of the response model counts for one response, which is less among ten times as many.
        assert weighted.doubly_robust.value == pytest.approx(evaluation.doubly_robust.value, rel=0.02)
        assert weighted.ips.value == pytest.approx(evaluation.ips.value)
        assert weighted.snips.value == pytest.approx(evaluation.snips.value)


def test_propensities_that_cannot_be_true_are_named() -> None:
    exposures, lists, _ = store(5)
    low = exposures.assign(propensity=exposures["propensity"] / 3)
    answer = two_policies(low, lists, ("new", "main"), settings(bars=Bars(0.8, 50)))
    assert answer.comparison.verdict == "log insufficient"
    assert "which is impossible: log the propensities" in answer.comparison.why[0]


def test_what_cannot_be_used_is_named() -> None:
    exposures, lists, _ = store(2, users=60)
    of_first = exposures["user_id"] == "0"
    exposures.loc[of_first, "policy"] = None
    exposures.loc[exposures["request_id"] == "1-0", "propensity"] = NONE
    exposures.loc[exposures["request_id"] == "2-0", "relevance"] = NONE
    lists["new"] = lists["new"][lists["new"]["user_id"] != "3"]
    answer = two_policies(exposures, lists, ("new", "main"), settings())
    assert answer.left_out == {
        "requests of shoppers for whom new had no list": 12,
        "exposures without a predicted relevance, taken as the lowest": 4,
        "requests with an exposure without propensity": 1,
    }
    assert answer.evaluations[1].requests == 60 * 12 - 12 - 12  # without those of no policy
    with pytest.raises(ValueError, match="left; 1 shoppers with an absurd number"):
        two_policies(exposures[of_first], lists, ("new", "main"), settings(most_a_day=3))
    with pytest.raises(ValueError, match="No response was logged"):
        two_policies(exposures.assign(response=0.0), lists, ("new", "main"), settings())
