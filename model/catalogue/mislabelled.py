"""Items that are probably in a wrong category, by confident learning."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from model.catalogue.categories import Chances


def category_bars(own: np.ndarray, label: np.ndarray, categories: int) -> np.ndarray:
    """[C] the mean chance of a category among the texts that have it; 2, which no chance reaches, where none has.

    own: [n] held-out chance of the category that a text has; label: [n] its number
    """
    size = np.bincount(label, minlength=categories)
    return np.where(size > 0, np.bincount(label, weights=own, minlength=categories) / np.maximum(size, 1), 2.0)


def likely_wrong(chances: Chances, label: np.ndarray, bars: np.ndarray, categories: Sequence[str]) -> pd.DataFrame:
    """row, category, likely_category, chance, own_chance: the texts that are likely in a wrong category, the most
    likely first.

    A text is one where the best category whose bar it reaches is another than its own and more likely. A category of
    which the model is unsure has a low bar for its own texts and so is accused of few errors (Northcutt, Jiang and
    Chuang, Confident Learning, 2021: the off-diagonal of the confident joint).

    chances: with `own`, by a model that did not learn from the text
    label: [n] number of the category that the text has; bars: see category_bars
    """
    if chances.own is None:
        raise ValueError("the chances of the texts' own categories are missing; pass `label` to CategoryModel.chances")
    rows = np.arange(len(label))
    confident = np.where(chances.chance >= bars[chances.category], chances.chance, -1.0)
    place = confident.argmax(axis=1)
    likely, chance = chances.category[rows, place], confident[rows, place]
    wrong = np.flatnonzero((likely != label) & (chance > chances.own))
    wrong = wrong[np.lexsort((wrong, chances.own[wrong] - chance[wrong]))]
    names = np.array(categories, dtype=object)
    return pd.DataFrame(
        {
            "row": wrong,
            "category": names[label[wrong]],
            "likely_category": names[likely[wrong]],
            "chance": chance[wrong],
            "own_chance": chances.own[wrong],
        }
    )
