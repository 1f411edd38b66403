"""The protocol of the benchmark of reviews on a small file."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.benchmark.reviews import balanced_accuracy, read_reviews, within


def test_balanced_accuracy_counts_both_classes_alike() -> None:
    is_bad = np.array([True, False, False, False])
    assert balanced_accuracy(is_bad, np.array([True, True, False, False])) == pytest.approx((1 + 2 / 3) / 2)


def test_each_text_is_on_one_side(tmp_path: Path) -> None:
    words = ["awful", "lovely"]
    rows = [
        {"cat": "a", "label": n % 2, "review": f"{words[n % 2]} thing number {chr(97 + n // 26)}{chr(97 + n % 26)}"}
        for n in range(400)
    ]
    rows += [rows[0], {"cat": "a", "label": 1, "review": " "}]
    pd.DataFrame(rows).to_parquet(tmp_path / "reviews.parquet")
    reviews = read_reviews(tmp_path / "reviews.parquet")
    assert len(reviews) == 400
    assert 0.1 < reviews["held_out"].mean() < 0.3
    assert within(reviews)["accuracy"] == 1.0
