"""The protocol of the panel's benchmark, with metrics computed by hand."""

import numpy as np
import pandas as pd
import pytest

from tests.benchmark.panel import Split, figures, held_out, of_households

CUT = "2017-12-01"


def lines(*rows: tuple[str, str, str]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["user_id", "item_id", "time"])
    return frame.assign(time=pd.to_datetime(frame.time, format="ISO8601"))


BEFORE = [("u1", "milk", "2017-11-01")] * 8 + [("u1", "tea", "2017-11-02"), ("u2", "salt", "2017-11-30 23:59:59")]


def test_head_and_targets() -> None:
    split = Split.of(
        lines(
            *BEFORE,
            ("u1", "milk", "2017-12-02"),  # of the head
            ("u1", "tea", "2017-12-02"),  # bought before
            ("u1", "salt", "2017-12-01"),
            ("u1", "salt", "2017-12-05"),  # once is enough
            ("u2", "rice", "2017-12-09"),  # never sold before
            ("u3", "rice", "2017-12-09"),  # an unknown household
        ),
        CUT,
    )
    assert split.head == {"milk"}
    assert set(split.targets.itertuples(index=False, name=None)) == {("u1", "salt"), ("u2", "rice")}


def test_an_item_enters_the_head_while_those_before_it_hold_less_than_the_share() -> None:
    assert Split.of(lines(*BEFORE[:7], *BEFORE[8:]), CUT).head == {"milk", "salt"}  # 7 of 9 lines; ties by id


def test_figures_by_hand() -> None:
    split = Split.of(lines(*BEFORE, ("u1", "salt", "2017-12-01"), ("u2", "rice", "2017-12-09")), CUT)
    ranking = pd.DataFrame(
        [("u1", "milk", 0.9), ("u1", "tea", 0.8), ("u1", "oil", 0.5), ("u1", "salt", 0.4), ("u2", "oil", 0.1)],
        columns=["user_id", "item_id", "score"],
    )
    metrics = figures(ranking, split)  # u1: milk and tea are dropped, so salt is second; u2: no hit
    assert (metrics["households"], metrics["targets"]) == (2, 2)
    assert (metrics["recall@100"], metrics["s.e."]) == pytest.approx((0.5, 0.5))
    assert metrics["hit@10"] == pytest.approx(0.5)
    assert metrics["ndcg@100"] == pytest.approx(0.5 / np.log2(3))


def test_targets_of_the_days_after_the_cut() -> None:
    later = [("u1", "salt", "2017-12-31 23:59:59"), ("u2", "rice", "2018-01-01")]
    split = Split.of(lines(*BEFORE, *later), CUT, days=31)
    assert set(split.targets.itertuples(index=False, name=None)) == {("u1", "salt")}


def test_a_fifth_of_the_households_is_held_out_whatever_the_others_are() -> None:
    ids = pd.Series([str(number) for number in range(1, 2501)])
    inside = held_out(ids)
    assert 0.17 < inside.mean() < 0.23
    assert held_out(ids[::-1]).sort_index().equals(inside)
    targets = pd.DataFrame({"user_id": ids, "item_id": "salt"})
    split = Split(targets[:0], set(), targets)
    apart = [set(of_households(split, which).targets.user_id) for which in ("held-out", "others")]
    assert apart == [set(ids[inside]), set(ids[~inside])]
    assert of_households(split, "all") is split
