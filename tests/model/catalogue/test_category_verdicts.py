"""What chances of categories say of texts, of bad ones too."""

from __future__ import annotations

import numpy as np
import pytest

from model.catalogue import category_network
from model.catalogue.categories import CategoryModel, fit_categories
from model.catalogue.category_verdicts import MOST_READ, NO_LABEL, has_word, text_without_category, verdicts
from model.catalogue.mislabelled import category_bars
from tests.model.catalogue.test_categories import names, store, vectors

BAD = {
    "": False, "\x00\x01\u200b": False, "<br>": False, "\U0001f600": False, "tea": True, "word " * 10_000: True,
    "\u7eff\u8336 \u0447\u0430\u0439 tea \u0634\u0627\u064a": True, "<b>plum</b> &amp; pear": True,
}  # fmt: skip


@pytest.fixture(scope="module")
def model() -> CategoryModel:
    texts, categories = store()
    return fit_categories(texts, vectors(texts), categories, names(sorted(set(categories))), seed=1).model


def test_the_title_is_the_first_line_and_the_category_no_part() -> None:
    assert text_without_category(" Oat\nbread ", "Acme", "<p>Fresh</p>") == "Oat bread\nAcme. . Fresh ."
    assert text_without_category("Oat bread", "", "") == "Oat bread"
    assert text_without_category("", "", "") == ""


@pytest.mark.parametrize(("title", "said"), BAD.items())
def test_bad_texts_are_read_or_say_nothing(model: CategoryModel, title: str, said: bool) -> None:
    text = text_without_category(title, "", "")
    assert len(text) <= MOST_READ
    assert has_word(text) == said
    chances = model.chances([text], vectors([text]), np.zeros(1, dtype=np.int64))
    [row] = verdicts(model, chances, [text], np.array([NO_LABEL]), np.ones(2)).to_dict("records")
    assert (row["category_best"] is not None) == said
    assert 0.0 <= row["chance"] <= 1.0
    assert (row["chance"] > 0.0) == said
    assert row["category_instead"] is None
    assert np.isnan(row["chance_own"])


def test_a_text_in_the_category_of_others_is_likely_wrong(model: CategoryModel) -> None:
    texts, label = ["red apple", "shiny apple", "!"], np.array([0, 1, 1])
    rows = verdicts(model, model.chances(texts, vectors(texts), label), texts, label, np.array([0.6, 0.6]))
    assert rows["category_instead"].tolist() == [None, "Fruit", None]
    assert rows.loc[1, "chance_instead"] > 0.6 > rows.loc[1, "chance_own"]
    assert rows["chance_own"].isna().tolist() == [True, False, True]


def test_no_text_has_no_verdict(model: CategoryModel) -> None:
    none = np.zeros(0, dtype=np.int64)
    assert verdicts(model, model.chances([], vectors([]), none), [], none, np.ones(2)).empty


@pytest.mark.slow
def test_five_thousand_categories_of_one_text_each(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(category_network, "_EPOCHS", 1)
    monkeypatch.setattr(category_network, "_LEAST_STEPS", 1)
    categories = [f"kind{number}" for number in range(5_000)]
    texts = [f"thing{number} of kind{number}" for number in range(5_000)]
    fitted = fit_categories(texts, vectors(texts), categories, names(categories), seed=1)
    label = np.array([fitted.model.categories.index(f"kind{number}") for number in (7, 4321)])
    asked = ["new kind7", "other kind4321"]
    assert fitted.held_out.own is not None
    every = np.array([fitted.model.categories.index(category) for category in categories])
    bars = category_bars(fitted.held_out.own, every, 5_000)
    rows = verdicts(fitted.model, fitted.model.chances(asked, vectors(asked), label), asked, label, bars)
    assert rows["category_best"].tolist() == ["kind7", "kind4321"]
    assert rows["category_instead"].isna().all()
