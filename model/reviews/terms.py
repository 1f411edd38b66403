"""Terms of reviews in any script: groups of characters, words and pairs of words, as 64-bit hashes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import numpy as np
from scipy import sparse

from model.text.scripts import UNSPACED

CHARACTERS = 4  # most characters of a group
LEAST_REVIEWS = 3  # a term of fewer reviews is not learnt
_CHARACTERS_AT_ONCE = 2_000_000
_STEP = np.uint64(0x9E3779B97F4A7C15)
_WORD, _PAIR = np.uint64(0xD6E8FEB86659FD93), np.uint64(0xA0761D6478BD642F)
# In scripts without spaces groups of characters replace words.
_UNSPACED = re.compile(f"[{UNSPACED}]")


def term_counts(texts: Sequence[str]) -> Iterator[tuple[np.ndarray, sparse.csr_matrix]]:
    """For each block of texts in order: uint64 (terms), their hashes in rising order, and counts [block, terms].

    texts: cleaned. A hash is the same in every run and on every machine. Two terms share one with a chance of 2^-64.
    """
    for block in _blocks(texts):
        row, term = _terms(block)
        hashes, column = np.unique(term, return_inverse=True)
        counts = sparse.csr_matrix(
            (np.ones(len(row), dtype=np.float32), (row, column)), shape=(len(block), len(hashes)), dtype=np.float32
        )
        counts.sum_duplicates()
        yield hashes, counts


def vocabulary(blocks: Sequence[tuple[np.ndarray, sparse.csr_matrix]]) -> np.ndarray:
    """uint64, rising: the terms of at least LEAST_REVIEWS reviews."""
    if not blocks:
        return np.zeros(0, dtype=np.uint64)
    known, place = np.unique(np.concatenate([hashes for hashes, _ in blocks]), return_inverse=True)
    reviews = np.bincount(place, np.concatenate([_reviews_of(counts) for _, counts in blocks]), minlength=len(known))
    return known[reviews >= LEAST_REVIEWS]


def counts_of(blocks: Sequence[tuple[np.ndarray, sparse.csr_matrix]], terms: np.ndarray) -> sparse.csr_matrix:
    """Counts [texts, terms] of the terms of a vocabulary, float32; other terms are left out."""
    if not blocks:
        return sparse.csr_matrix((0, len(terms)), dtype=np.float32)
    return sparse.vstack([_of_terms(hashes, counts, terms) for hashes, counts in blocks], format="csr")


def _of_terms(hashes: np.ndarray, counts: sparse.csr_matrix, terms: np.ndarray) -> sparse.csr_matrix:
    place = np.searchsorted(terms, hashes)
    known = place < len(terms)
    known[known] = terms[place[known]] == hashes[known]
    own = counts[:, np.flatnonzero(known)]
    return sparse.csr_matrix((own.data, place[known][own.indices], own.indptr), shape=(counts.shape[0], len(terms)))


def _reviews_of(counts: sparse.csr_matrix) -> np.ndarray:
    return np.bincount(counts.indices, minlength=counts.shape[1])


def _blocks(texts: Sequence[str]) -> Iterator[list[str]]:
    block: list[str] = []
    characters = 0
    for text in texts:
        block.append(text)
        characters += len(text)
        if characters >= _CHARACTERS_AT_ONCE:
            yield block
            block, characters = [], 0
    if block:
        yield block


def _terms(texts: list[str]) -> tuple[np.ndarray, np.ndarray]:
    """Rows and hashes of all terms of the texts."""
    code = np.frombuffer("\0".join([*texts, ""]).encode("utf-32-le", "replace"), dtype=np.uint32).astype(np.uint64)
    row = np.repeat(np.arange(len(texts)), [len(text) + 1 for text in texts])
    rows, hashes = [], []
    group, inside = _mixed(code + _STEP), code != 0
    for characters in range(1, CHARACTERS + 1):
        if characters > 1:
            group = _mixed(group[:-1] * _STEP ^ code[characters - 1 :])
            inside = inside[:-1] & (code[characters - 1 :] != 0)
        rows.append(row[: len(inside)][inside])
        hashes.append(group[inside])
    word_row, word = _words(code, row)
    together = word_row[:-1] == word_row[1:]
    rows += [word_row, word_row[:-1][together]]
    hashes += [word, _mixed(word[:-1] * _STEP ^ word[1:] ^ _PAIR)[together]]
    return np.concatenate(rows), np.concatenate(hashes)


def _words(code: np.ndarray, row: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rows and hashes of the words, in order: letters and digits in a row, of scripts that have spaces."""
    distinct, place = np.unique(code, return_inverse=True)
    in_word = np.array([_is_of_word(int(sign)) for sign in distinct], dtype=bool)[place]
    start = np.flatnonzero(in_word & ~np.concatenate([[False], in_word[:-1]]))
    if not len(start):
        return np.zeros(0, dtype=row.dtype), np.zeros(0, dtype=np.uint64)
    begun = np.repeat([0, *start], np.diff([0, *start, len(code)]))
    position = np.arange(len(code)) - begun
    letter = np.where(in_word, _mixed(code * _STEP ^ position.astype(np.uint64)), np.uint64(0))
    return row[start], _mixed(np.add.reduceat(letter, start) ^ _WORD)


def _is_of_word(sign: int) -> bool:
    return chr(sign).isalnum() and _UNSPACED.match(chr(sign)) is None


def _mixed(value: np.ndarray) -> np.ndarray:
    """The finaliser of splitmix64 (Steele, Lea, Flood 2014)."""
    value = (value ^ (value >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    value = (value ^ (value >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed: np.ndarray = value ^ (value >> np.uint64(31))
    return mixed
