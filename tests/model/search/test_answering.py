"""Which stored answer fits a question, and how well."""

from __future__ import annotations

import numpy as np
import pytest

from model.search.answering import AnswerIndex
from model.search.demand import coverage
from model.search.queries import terms

QUESTIONS = ["How do I store a ladder?", "Which bulb fits the lamp?", "How long is the warranty?"]
ANSWERS = ["Lay it flat in a dry room.", "An E27 bulb.", "Two years on every ladder."]


@pytest.fixture(scope="module")
def index() -> AnswerIndex:
    return AnswerIndex(QUESTIONS, ANSWERS, np.eye(3, dtype=np.float32))


def test_the_score_is_the_mean_of_cosine_and_covered_words(index: AnswerIndex) -> None:
    asked = "which bulb fits the lamp"
    best = index.best(asked, np.array([0.0, 0.6, 0.8], dtype=np.float32))
    assert best is not None
    assert best.row == 1
    assert best.score == pytest.approx((0.6 + 1.0) / 2)
    without_words = index.best("xyzzy", np.array([1.0, 0.0, 0.0], dtype=np.float32))
    assert without_words is not None
    assert (without_words.row, without_words.score) == (0, pytest.approx(0.5))


def test_words_of_the_answer_count_and_rare_ones_count_more(index: AnswerIndex) -> None:
    nothing = np.zeros(3, dtype=np.float32)
    dry = index.best("dry room", nothing)
    assert dry is not None
    assert (dry.row, dry.score) == (0, pytest.approx(0.5))
    # Two of the three texts have the ladder, one the warranty.
    both = index.best("ladder warranty bulb", nothing)
    assert both is not None
    assert both.row == 2


def test_nothing_fits_what_shares_neither_word_nor_direction(index: AnswerIndex) -> None:
    assert index.best("xyzzy", np.zeros(3, dtype=np.float32)) is None


def test_a_query_without_words_is_covered_by_nothing() -> None:
    covered = coverage((), [terms("a lamp")], {"lamp": 1}, 1)
    assert covered.words == []
    assert covered.share.tolist() == [0.0]
    assert coverage(tuple(terms("lamp")), [], {"lamp": 1}, 1).share.tolist() == []
