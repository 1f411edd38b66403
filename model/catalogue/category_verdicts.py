"""What the chances of categories say of a text: its most likely category, and whether its own is likely wrong."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from model.catalogue.categories import CategoryModel, Chances
from model.catalogue.mislabelled import likely_wrong
from model.catalogue.plain_text import plain_text
from model.text.tfidf import words

MOST_READ = 1_000  # characters: the encoder reads fewer, and the words of a long description are no product's name
NO_LABEL = -1


def text_without_category(title: str, brand: str, description: str) -> str:
    """The plain text from which a category is predicted: the title, and in a second line brand and description."""
    rest = ". ".join(plain for text in (brand, description) if (plain := plain_text(text).strip()))
    return f"{plain_text(title).strip()}\n{rest}".strip()[:MOST_READ]


def has_word(text: str) -> bool:
    """Whether a text has a word, without which nothing can be said of it."""
    return next(words(text), None) is not None


def verdicts(
    model: CategoryModel, chances: Chances, texts: Sequence[str], label: np.ndarray, bars: np.ndarray
) -> pd.DataFrame:
    """category_best, chance, category_instead, chance_instead, chance_own of each text, NULL as None or NaN.

    chance is calibrated, 0 of a text without a word. category_instead is set where the text's own category is likely
    wrong; the last two chances say how likely either is, both before the calibration of the best one.

    chances: with `own`, by models that did not learn from the texts; label: [n] number of the text's category, NO_LABEL
    where it has none or one that the model does not know; bars: [C], see category_bars
    """
    count = len(texts)
    is_said = np.array([has_word(text) for text in texts], dtype=bool)
    top = chances.chance[:, 0]
    best = [
        model.categories[place] if said else None for place, said in zip(chances.category[:, 0], is_said, strict=True)
    ]
    instead = np.full(count, None, dtype=object)
    chance_instead, chance_own = np.full(count, np.nan), np.full(count, np.nan)
    rows = np.flatnonzero(is_said & (label != NO_LABEL))
    assert chances.own is not None
    labelled = Chances(chances.category[rows], chances.chance[rows], chances.own[rows])
    wrong = likely_wrong(labelled, label[rows], bars, model.categories)
    places = rows[wrong["row"].to_numpy(dtype=np.int64)]
    instead[places] = wrong["likely_category"].to_numpy(dtype=object)
    chance_instead[places], chance_own[places] = wrong["chance"], wrong["own_chance"]
    calibrated = top if model.confidence is None else model.confidence(top)
    return pd.DataFrame(
        {
            "category_best": best,
            "chance": np.where(is_said, calibrated, 0.0),
            "category_instead": instead,
            "chance_instead": chance_instead,
            "chance_own": chance_own,
        }
    )
