"""The chance that a review is negative, on made-up reviews."""

import numpy as np
import pytest

from model.reviews.sentiment import Sentiment, learn

GOOD, BAD = ("very good", "works well", "love it", "很好"), ("broken", "awful smell", "not good", "太差了")
THINGS = ("box", "lamp", "颜色", "shirt", "phone", "cup", "book", "door")


def reviews(number: int, seed: int = 0, noise: float = 0.0) -> tuple[list[str], np.ndarray]:
    draw = np.random.default_rng(seed)
    is_bad = np.arange(number) % 3 == 0
    said = is_bad ^ (draw.random(number) < noise)
    texts = [
        f"the {draw.choice(THINGS)} {draw.choice(BAD if bad else GOOD)} {draw.choice(THINGS)} {draw.integers(9)}"
        for bad in said
    ]
    return texts, is_bad


@pytest.fixture(scope="module")
def model() -> Sentiment:
    return learn(*reviews(900))


def test_new_sentences_of_known_words_are_told_apart(model: Sentiment) -> None:
    texts, is_bad = reviews(300, seed=1)
    assert (model.is_bad(texts) == is_bad).mean() > 0.99
    assert model.chance(["not good"])[0] > 0.5 > model.chance(["very good"])[0]


def test_chances_are_calibrated_where_stars_are_noisy() -> None:
    model = learn(*reviews(1500, noise=0.2))
    texts, is_bad = reviews(1500, seed=2, noise=0.2)
    chance = model.chance(texts)
    assert abs(chance.mean() - is_bad.mean()) < 0.03
    # Of reviews that sound bad, 1/3 * .8 / (1/3 * .8 + 2/3 * .2) = 2/3 are; of the others 1/9.
    says_bad = model.is_bad(texts)
    assert abs(chance[says_bad].mean() - 2 / 3) < 0.06
    assert abs(chance[~says_bad].mean() - 1 / 9) < 0.06


def test_a_text_without_known_terms_has_no_opinion(model: Sentiment) -> None:
    assert np.isnan(model.chance(["", None, "\x00", "Ж", "<br>"])).all()
    assert np.isnan(model.chance([])).shape == (0,)


def test_repeats_weigh_as_little_as_markup(model: Sentiment) -> None:
    once, markup = model.chance(["awful smell awful smell", "<p>awful&nbsp;smell</p> awful smell"])
    assert once == pytest.approx(markup)
    assert model.chance(["awful smell " * 1000])[0] > 0.5


def test_words_of_another_category_are_learnt_from_reviews_without_stars() -> None:
    texts, is_bad = reviews(900)
    draw = np.random.default_rng(3)
    bad = np.arange(400) % 2 == 0
    others = [
        f"{draw.choice(BAD if is_bad else GOOD)} plot {'tedious' if is_bad else 'gripping'} {draw.choice(THINGS)}"
        for is_bad in bad
    ]
    without, using = learn(texts, is_bad), learn(texts, is_bad, others)
    assert without.log_odds(["tedious"])[0] - without.log_odds(["gripping"])[0] < 0.5
    assert using.log_odds(["tedious"])[0] - using.log_odds(["gripping"])[0] > 1


def test_the_same_reviews_give_the_same_model(model: Sentiment) -> None:
    again = learn(*reviews(900))
    assert np.array_equal(again.terms, model.terms)
    assert np.array_equal(again.weight, model.weight)


def test_too_few_bad_reviews_teach_nothing() -> None:
    texts, is_bad = reviews(57)  # 19 bad ones
    with pytest.raises(ValueError, match="19 good or bad reviews"):
        learn(texts, is_bad)
