"""Surges of bad reviews and their words."""

from __future__ import annotations

import numpy as np

from model.reviews.surge import driving_words, surging


def test_only_what_chance_does_not_explain_is_a_surge() -> None:
    bad, reviews = np.array([5.0, 5.0, 50.0]), np.array([5.0, 40.0, 400.0])
    assert surging(bad, reviews, np.array([0.1, 0.1, 0.1]), items=10).tolist() == [True, False, False]
    # Among a million items five of five happen by chance.
    assert not surging(bad, reviews, np.array([0.1, 0.1, 0.1]), items=1_000_000).any()


def test_false_alarms_are_as_rare_as_said() -> None:
    draw = np.random.default_rng(0)
    alarms = [
        surging(draw.binomial(30, 0.2, 500).astype(float), np.full(500, 30.0), np.full(500, 0.2), 500).any()
        for _ in range(400)
    ]
    assert np.mean(alarms) < 0.03


def test_words_of_a_surge_are_those_that_others_lack() -> None:
    own = [f"<b>Battery</b> leaked, the lid is fine {n}" for n in range(9)] + ["battery " * 1000, "Ann Lee", ""]
    others = ["the lid is fine and closes"] * 40 + ["battery is strong"]
    assert driving_words(own, others, 5) == ["battery", "leaked"]
    assert driving_words([], others, 5) == []
    assert driving_words(["电池漏液了"] * 5, ["质量很好"] * 30, 3)[0] in ("电池", "漏液")
