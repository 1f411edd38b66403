"""The loss against numpy, and hard negatives against counting."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from model.text.contrastive import HardNegatives, log_q_loss


def test_the_loss_subtracts_log_q_and_leaves_equal_texts_out() -> None:
    """cosines        logits at temperature 0.5    minus log q, q = (.5, .25, .25); items 1 and 2 have one text
    1.0  0.0  0.6     2.0  0.0  1.2                2.693  1.386  2.586
    0.6  0.8  0.0     1.2  1.6  0.0                1.893  2.986  (out)
    0.0  1.0  0.8     0.0  2.0  1.6                0.693  (out)  2.986
    """
    users = np.array([[1.0, 0.0], [0.6, 0.8], [0.0, 1.0]])
    items = np.array([[1.0, 0.0], [0.0, 1.0], [0.6, 0.8]])
    q = np.array([0.5, 0.25, 0.25])
    logits = users @ items.T / 0.5 - np.log(q)
    logits[1, 2] = logits[2, 1] = -np.inf
    expected = np.mean([np.log(np.exp(row).sum()) - row[i] for i, row in enumerate(logits)])
    loss = log_q_loss(
        torch.tensor(users), torch.tensor(items), torch.tensor(np.log(q)), torch.tensor([7, 9, 9]), 0.5
    )  # fmt: skip
    assert loss.item() == pytest.approx(expected, abs=1e-12)


def test_a_popular_negative_costs_less_than_a_rare_one() -> None:
    """Equal cosines of 0: the loss of a row is log(sum_j 1/q_j) + log q_i, so the popular item is a weaker negative."""
    vectors, ids = torch.zeros(2, 3), torch.tensor([0, 1])
    loss = log_q_loss(vectors, vectors, torch.log(torch.tensor([0.8, 0.2])), ids, 1.0)
    # 1/.8 = 1.25, 1/.2 = 5, together 6.25: rows log(6.25/1.25) and log(6.25/5)
    assert loss.item() == pytest.approx((np.log(5.0) + np.log(1.25)) / 2, abs=1e-6)


def test_a_batch_of_one_text_has_no_negative() -> None:
    vectors = torch.nn.functional.normalize(torch.randn(3, 4), dim=1)
    assert log_q_loss(vectors, vectors, torch.zeros(3), torch.zeros(3), 0.1).item() == pytest.approx(0.0)


def test_further_negatives_and_weights() -> None:
    """Two shoppers, four columns, all cosines by hand; the third column has the text of the second positive.

    cosines                  logits at temperature 1, expected (1, 1, 1, 4)     loss                          weight
    1.0  0.0  0.0  0.6       1.0  0.0  0.0   0.6 - log 4                        log(e + 2 + e^.6 / 4) - 1     3
    0.0  1.0  1.0  0.8       0.0  1.0 (out)  0.8 - log 4                        log(e + 1 + e^.8 / 4) - 1     1
    """
    users = torch.tensor([[1.0, 0.0], [0.0, 1.0]], dtype=torch.float64)
    items = torch.tensor([[1.0, 0.0], [0.0, 1.0], [0.0, 1.0], [0.6, 0.8]], dtype=torch.float64)
    first = np.log(np.e + 2 + np.exp(0.6) / 4) - 1
    second = np.log(np.e + 1 + np.exp(0.8) / 4) - 1
    loss = log_q_loss(
        users, items, torch.log(torch.tensor([1.0, 1, 1, 4]).double()), torch.tensor([1, 2, 2, 3]), 1.0,
        torch.tensor([3.0, 1.0]).double(),
    )  # fmt: skip
    assert loss.item() == pytest.approx((3 * first + second) / 4, abs=1e-9)


# Pairs: texts 0 and 1 of category 0, text 2 of category 1, text 3 of none, text 4 of category 2, whose pool is itself.
# Pool: category 0 holds 0, 5, 6, 7, category 1 holds 2, 8, category 2 holds 4. Text 1 was not drawn into the pool.
HARD = {
    "text_ids": np.array([0, 1, 2, 3, 4]),
    "categories": np.array([0, 0, 1, -1, 2]),
    "pool_ids": np.array([0, 5, 6, 7, 2, 8, 4]),
    "pool_categories": np.array([0, 0, 0, 0, 1, 1, 2]),
}


@pytest.mark.parametrize(
    ("row", "allowed", "drawn"),
    [(0, {5, 6, 7}, 2), (1, {0, 5, 6, 7}, 2), (2, {8}, 1), (3, set(), 0), (4, set(), 0)],
)
def test_hard_negatives_are_other_texts_of_the_category(row: int, allowed: set[int], drawn: int) -> None:
    hard = HardNegatives(**HARD, count=2)
    seen = [hard.drawn(np.array([row]), np.random.default_rng(seed)).tolist() for seed in range(30)]
    assert all(len(one) == len(set(one)) == drawn for one in seen)
    assert {text for one in seen for text in one} == allowed


def test_how_often_a_text_is_expected() -> None:
    """Two a pair. Row 0 draws 2 of 3 (5, 6, 7), row 1 2 of 4 (0, 5, 6, 7), row 2 the only 8: text 5 is expected
    2/3 + 2/4 times, text 0 2/4 times, text 8 once, text 1, which is not in the pool, never."""
    hard = HardNegatives(**HARD, count=2)
    rows, columns = np.array([0, 1, 2]), np.array([5, 0, 8, 1])
    expected = hard.expected(rows, columns)
    assert expected == pytest.approx([2 / 3 + 2 / 4, 2 / 4, 1.0, 0.0])
    random = np.random.default_rng(0)
    drawn = np.concatenate([hard.drawn(rows, random) for _ in range(4000)])
    assert [(drawn == text).sum() / 4000 for text in columns] == pytest.approx(expected, abs=0.03)
