"""The protocol of the benchmark on a small table, and both stages on random data, where they cannot beat chance."""

from dataclasses import replace

import numpy as np
import pytest

from tests.benchmark.beauty import amazon_beauty, sides, stages
from tests.benchmark.beauty.protocol import Beauty, figures, ranks

# Shopper 0 bought 3, 1, 0; shopper 1 bought 0, 2.
SMALL = Beauty(
    np.array([0, 0, 0, 1, 1]), np.array([3, 1, 0, 0, 2]), np.array([2, 1, 0, 1, 0]), ["a", "b", "c", "d"],
    np.array(["2", "1", "0", "3"]),
)  # fmt: skip


def test_rows_before_a_cut_and_targets() -> None:
    user, item, order = SMALL.before(0)
    assert (user.tolist(), item.tolist(), order.tolist()) == ([0, 0, 1], [3, 1, 0], [-2, -1, -1])
    assert SMALL.target(0).tolist() == [0, 2]
    assert SMALL.target(2).tolist() == [3, -1]


def test_the_head_is_a_fifth_of_what_was_bought_in_training() -> None:
    items = np.repeat([4, 1, 2, 3, 0], [3, 2, 1, 1, 1])
    beauty = replace(SMALL, user=np.arange(8), item=items, back=np.full(8, 2), titles=["?"] * 7, draw=np.zeros(7))
    assert np.flatnonzero(beauty.head()).tolist() == [4]  # a fifth of the five items bought in training


def test_ties_count_against_the_target() -> None:
    scores = np.array([[3.0, 2.0, 2.0], [1.0, 5.0, -np.inf], [1.0, 2.0, 3.0]])
    assert ranks(scores, np.array([1, 1, -1])).tolist()[:2] == [2, 0]
    assert ranks(scores, np.array([1, 2, -1]))[1:].min() > 10**9  # the target is no candidate


def test_figures_of_head_and_tail() -> None:
    metrics = figures(np.array([0, 2, 10]), np.array([True, False, True]))
    # Gains 1, 1 / log2(4) and 0.
    assert metrics["all"] == pytest.approx((2 / 3, 0.5))
    assert metrics["head"] == pytest.approx((1.0, 0.5))
    assert metrics["tail"] == pytest.approx((0.5, 0.5))


def test_no_row_beats_chance_on_random_data(monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(0)
    users, items, listed = 600, 300, 10
    length = random.integers(5, 9, users)
    user, back = np.repeat(np.arange(users), length), np.concatenate([np.arange(n)[::-1] for n in length])
    item = np.concatenate([random.permutation(items)[:n] for n in length])
    titles = [f"brand{random.integers(9)} thing{random.integers(30)} no {number}" for number in range(items)]
    beauty = Beauty(user, item, back, titles, random.permutation(items).astype(str))
    vectors = np.linalg.qr(random.normal(size=(items, 8)))[0].astype(np.float32)
    monkeypatch.setattr(sides, "TYPES", 10)
    monkeypatch.setattr(stages, "CANDIDATES", 50)
    monkeypatch.setattr(amazon_beauty, "FUSION", replace(stages.FUSION, epochs=1, width=16, heads=2, layers=1))
    monkeypatch.setattr(amazon_beauty, "TREES", replace(stages.TREES, rounds=5, leaf_rows=5))
    known = sides.Titles.of(titles, list(dict.fromkeys(titles)), vectors / np.linalg.norm(vectors, axis=1)[:, None])
    rows = amazon_beauty.tested(beauty, known, cores=1)
    assert len(rows) == 6
    chance = listed / (items - length.mean() + 1)
    error = np.sqrt(chance / users)
    for name, row in rows.items():
        assert abs(row["all"][0] - chance) < 4 * error, name
