"""Categories of texts."""

from __future__ import annotations

import zlib
from pathlib import Path

import numpy as np
import pytest

from model.catalogue.categories import BEST, CategoryModel, FittedCategories, fit_categories, spoken

KINDS = {"Fruit": ["apple", "pear", "plum", "cherry"], "Home > Furniture": ["chair", "table", "desk", "shelf"]}
ADJECTIVES = ("red", "green", "big", "small", "old", "new", "fine", "plain")


def vectors(texts: list[str], size: int = 16) -> np.ndarray:
    """Unit vectors that say nothing, the same for equal texts."""
    rows = [np.random.default_rng(zlib.crc32(text.encode("utf-8", "replace"))).normal(size=size) for text in texts]
    matrix = np.array(rows, dtype=np.float32).reshape(len(texts), size)
    return matrix / np.maximum(np.linalg.norm(matrix, axis=1, keepdims=True), 1e-9)


def names(categories: list[str]) -> dict[str, np.ndarray]:
    return {category: vectors([spoken(category)])[0] for category in categories}


def store() -> tuple[list[str], list[str]]:
    rows = [(f"{a} {thing}", kind) for a in ADJECTIVES for kind, things in KINDS.items() for thing in things]
    return [text for text, _ in rows], [kind for _, kind in rows]


def fit(texts: list[str], categories: list[str]) -> FittedCategories:
    return fit_categories(texts, vectors(texts), categories, names(sorted(set(categories))), seed=1)


@pytest.fixture(scope="module")
def fitted() -> FittedCategories:
    return fit(*store())


def test_a_word_of_one_category_decides_and_texts_without_a_word_stay_without(fitted: FittedCategories) -> None:
    texts = ["shiny apple", "wobbly desk", "", " \x00\u200b!", "<br>"]
    predicted, chance = fitted.model.predict(texts, vectors(texts), bar=0.7)
    assert predicted[:4] == ["Fruit", "Home > Furniture", None, None]
    assert (chance[:2] >= 0.7).all()
    assert (chance[2:4] == 0.0).all()


def test_below_the_bar_there_is_no_category(fitted: FittedCategories) -> None:
    texts = ["quite something else"]
    predicted, chance = fitted.model.predict(texts, vectors(texts), bar=0.999)
    assert predicted == [None]
    assert 0.5 <= chance[0] < 0.999


def test_chances_are_of_the_best_first_and_sum_to_one(fitted: FittedCategories) -> None:
    texts = ["red apple", "\u6d17\u53d1\u6c34 shampoo \U0001f9f4", "word " * 10_000]
    chances = fitted.model.chances(texts, vectors(texts), np.array([0, 0, 1]))
    assert chances.category.shape == (3, 2)
    np.testing.assert_allclose(chances.chance.sum(axis=1), 1.0, rtol=1e-5)
    assert (chances.chance[:, 0] >= chances.chance[:, 1]).all()
    assert chances.own is not None
    np.testing.assert_allclose(chances.own, np.where(chances.category[:, 0] == [0, 0, 1], *chances.chance.T), rtol=1e-6)


def test_no_text_gives_no_row(fitted: FittedCategories) -> None:
    assert fitted.model.predict([], vectors([]), 0.5)[0] == []
    assert fitted.model.chances([], vectors([]), np.zeros(0, dtype=int)).chance.shape == (0, 2)


def test_held_out_chances_are_of_models_that_did_not_learn_the_text() -> None:
    """'odd' is the only text of its word, and in the category of the others' opposite: its own chance stays small."""
    texts, categories = store()
    held_out = fit([*texts, "red apple pear"], [*categories, "Home > Furniture"]).held_out
    assert held_out.own is not None
    assert held_out.own[-1] < 0.3
    assert held_out.own[:-1].mean() > 0.7


def test_the_same_texts_give_the_same_model_whatever_torch_uses(fitted: FittedCategories) -> None:
    again = fit(*store())
    texts = ["red apple", "some thing"]
    first, second = (one.model.chances(texts, vectors(texts)).chance for one in (fitted, again))
    np.testing.assert_array_equal(first, second)


def test_a_model_is_read_as_it_was_written(fitted: FittedCategories, tmp_path: Path) -> None:
    fitted.model.save(tmp_path / "model.npz")
    texts = ["red apple", "some thing"]
    np.testing.assert_array_equal(
        CategoryModel.load(tmp_path / "model.npz").chances(texts, vectors(texts)).chance,
        fitted.model.chances(texts, vectors(texts)).chance,
    )


def test_one_category_is_certain() -> None:
    model = fit(["red apple", "green pear"], ["Fruit", "Fruit"]).model
    assert model.predict(["a chair", ""], vectors(["a chair", ""]), 0.5)[0] == ["Fruit", None]


def test_texts_without_a_common_word_leave_the_vectors() -> None:
    model = fit(["alpha", "", "beta"], ["x", "y", "z"]).model
    chances = model.chances(["gamma"], vectors(["gamma"]))
    assert np.isfinite(chances.chance).all()
    assert chances.chance.sum() == pytest.approx(1.0)


def test_more_categories_than_are_reported() -> None:
    categories = [f"kind{number}" for number in range(40)]
    texts = [f"thing{number} {word}" for number in range(40) for word in ("one", "two")]
    model = fit(texts, [category for category in categories for _ in range(2)]).model
    chances = model.chances(["thing7 three"], vectors(["thing7 three"]))
    assert chances.category.shape == (1, BEST)
    assert model.categories[chances.category[0, 0]] == "kind7"


def test_a_path_is_spoken_without_signs() -> None:
    assert spoken("Home_Garden > Beds / Sheets") == "Home Garden Beds Sheets"
