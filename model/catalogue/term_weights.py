"""What a word says about its text, from the words that stand near it in the catalogue.

A word such as 'organic' stands near any word, one such as 'yoghurt' near words of its own: its neighbours are
distributed unlike all neighbours (relative entropy of co-occurrence: Wartena, Brussee and Slakhorst, 2010). A word of
few texts is unlike the others by chance alone, which the expected value of the entropy corrects (Miller, 1955) and the
logarithm of the texts with the word discounts: a category has many words, a brand few.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import pairwise

import numpy as np
import pandas as pd

from model.catalogue.words import base_form, phrases

WINDOW = 5  # a word is near the next so many words of its text
LEAST_TEXTS = 2  # a word of one text says nothing of the catalogue
LEAST_PAIRS = 3  # texts in which two words follow each other, to be a fixed pair
TEXTS, NEAR, NEXT = "texts", "near", "next"
COUNTS = ("kind", "word", "other", "count")


def counts_of(texts: Iterable[str]) -> pd.DataFrame:
    """kind, word, other, count: sums over texts, which add up over any division of the texts.

    kind: TEXTS: texts with the word (other is ''); NEAR: times `other` is near the word, of both orders; NEXT: texts in
    which `other` follows the word within a phrase
    """
    with_word, near, following = Counter[str](), Counter[tuple[str, str]](), Counter[tuple[str, str]]()
    for text in texts:
        runs = [[base_form(word) for word in run] for run in phrases(text)]
        words = [word for run in runs for word in run]
        with_word.update(set(words))
        following.update({pair for run in runs for pair in pairwise(run)})
        near.update(_near(words))
    rows = [(TEXTS, word, "", count) for word, count in with_word.items()]
    rows += [(NEAR, word, other, count) for (word, other), count in near.items()]
    rows += [(NEXT, word, other, count) for (word, other), count in following.items()]
    return pd.DataFrame(rows, columns=COUNTS)


def _near(words: list[str]) -> Iterator[tuple[str, str]]:
    for place, word in enumerate(words):
        for other in words[place + 1 : place + 1 + WINDOW]:
            if other != word:
                yield word, other
                yield other, word


def informative(texts: np.ndarray, near: np.ndarray, entropy: np.ndarray, others: np.ndarray) -> np.ndarray:
    """float64 >= 0: the weight of words.

    texts: texts with the word; near: times that any word is near it; others: distinct words near it
    entropy: sum over these of p ln(p / q) in nats, p the share of `near`, q that of all words near any word
    """
    by_chance = np.maximum(others - 1, 0) / np.maximum(2 * near, 1)
    return np.round(np.maximum(entropy - by_chance, 0.0) * np.log1p(texts), 6)


def cohesion(together: np.ndarray, first: np.ndarray, second: np.ndarray, texts: int) -> np.ndarray:
    """float64 in [-1, 1]: normalised pointwise mutual information of two words that follow each other (Bouma, 2009).

    together, first, second: texts with both in a row, with the first, with the second word; texts: all texts
    """
    share = together / texts
    return np.round(np.log(share * texts * texts / (first * second)) / np.maximum(-np.log(share), 1e-12), 6)


def term_weights(texts: Iterable[str]) -> dict[str, float]:
    """The weight of each word of at least LEAST_TEXTS texts, and by 'word word' the cohesion of pairs in a row."""
    held = list(texts)
    counts = counts_of(held)
    of_kind = {kind: counts[counts["kind"] == kind] for kind in (TEXTS, NEAR, NEXT)}
    with_word = of_kind[TEXTS].set_index("word")["count"]
    near = of_kind[NEAR]
    all_near = near.groupby("word")["count"].sum()
    share = near["count"] / near["word"].map(all_near)
    near = near.assign(part=share * np.log(share / (near["other"].map(all_near) / all_near.sum())))
    entropy = near.groupby("word")["part"].agg(["sum", "size"]).reindex(with_word.index, fill_value=0)
    known = with_word[with_word >= LEAST_TEXTS].index
    weights = informative(
        with_word[known].to_numpy(float), all_near.reindex(known, fill_value=0).to_numpy(float),
        entropy.loc[known, "sum"].to_numpy(float), entropy.loc[known, "size"].to_numpy(float),
    )  # fmt: skip
    pairs = of_kind[NEXT].query("count >= @LEAST_PAIRS")
    bound = cohesion(
        pairs["count"].to_numpy(float), pairs["word"].map(with_word).to_numpy(float),
        pairs["other"].map(with_word).to_numpy(float), max(len(held), 2),
    )  # fmt: skip
    return dict(zip(known, weights.tolist(), strict=True)) | dict(
        zip(pairs["word"] + " " + pairs["other"], bound.tolist(), strict=True)
    )
