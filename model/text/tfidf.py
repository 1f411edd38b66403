"""TF-IDF of words and of groups of characters."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

import numpy as np
import pandas as pd
from scipy import sparse

from model.text.scripts import UNSPACED

CHARACTERS = 4
_WORD = re.compile(r"[^\W_]+")
# Scripts without spaces between words: there two neighbouring characters are a term.
_UNSPACED = re.compile(rf"[{UNSPACED}]+")


def words(text: str) -> Iterator[str]:
    """Words in lower case, each pair of neighbouring ones, and pairs of characters where a script has no spaces."""
    before = ""
    for match in _WORD.finditer(text.lower()):
        word = match.group()
        yield word
        if before:
            yield f"{before} {word}"
        before = word
        for run in _UNSPACED.findall(word):
            yield from (run[place : place + 2] for place in range(len(run) - 1) if len(word) > 2)


def character_grams(text: str) -> Iterator[str]:
    """All CHARACTERS letters and digits in a row of each word in lower case, a space before and after it included."""
    for match in _WORD.finditer(text.lower()):
        yield from grams_of(match.group(), CHARACTERS)


def grams_of(word: str, size: int) -> Iterator[str]:
    """All `size` characters in a row of a word, a space before and after it included."""
    padded = f" {word} "
    for place in range(max(len(padded) - size + 1, 1)):
        yield padded[place : place + size]


def tfidf(texts: Sequence[str], terms: Callable[[str], Iterator[str]], most_texts: int) -> sparse.csr_matrix:
    """[t, terms] unit rows of (1 + log count) * log(t / texts with the term); an empty text has an empty row.

    Terms of one text link nothing and those of more than `most_texts` link everything; both are left out, which
    bounds the similarities of all texts to the number of their terms times `most_texts`.
    """
    split = [list(terms(text)) for text in texts]
    row = np.repeat(np.arange(len(split)), [len(of_text) for of_text in split])
    column, vocabulary = pd.factorize(np.array([term for of_text in split for term in of_text], dtype=object))
    counts = sparse.csr_matrix(
        (np.ones(len(row), dtype=np.float32), (row, column)), shape=(len(split), max(len(vocabulary), 1))
    )
    counts.sum_duplicates()
    frequency = np.bincount(counts.indices, minlength=counts.shape[1])
    counts = counts[:, (frequency > 1) & (frequency <= most_texts)]
    idf = np.log(len(split) / np.maximum(frequency[(frequency > 1) & (frequency <= most_texts)], 1))
    counts.data = ((1.0 + np.log(counts.data)) * idf[counts.indices]).astype(np.float32)
    norm = np.sqrt(np.asarray(counts.multiply(counts).sum(axis=1)).ravel())
    return (sparse.diags(1.0 / np.maximum(norm, 1e-9)) @ counts).tocsr().astype(np.float32)
