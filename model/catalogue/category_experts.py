"""Classifiers of categories that `categories` pools, each from its own view of a text.

A row of training is a text with its category, or the name of a category as a text of it: names say what a category
holds where examples are few, and leave none without a row. Log chances are [n, C] float32.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple, Protocol, Self

import numpy as np
from scipy import sparse
from scipy.special import log_softmax

from model.text.tfidf import character_grams, words

_FEW_TEXTS = 5_000  # of fewer every term counts; of more those that two texts have
_MOST_TERMS = 200_000
_TITLE = 120  # characters in which the name of a product ends
_WORD = re.compile(r"[^\W_]+")
_PHRASE_ENDS = re.compile(r"[,;:(|]|\. | - | (?:with|in|for|&) ")
_NAME_WEIGHT = 2.0  # of a category's name, in examples
_SHARPNESS = 15.0  # log-odds a unit of cosine; the pool scales them
_SHRINKAGE = 3.0  # added variance in each direction, in mean variances: rare directions are mostly noise


class Views(NamedTuple):
    """Texts as [n, terms] unit rows of TF-IDF, and as [n, d] unit vectors of the encoder."""

    terms: sparse.csr_matrix
    vectors: np.ndarray

    def rows(self, chosen: np.ndarray) -> Views:
        """Of the chosen rows, by mask or number."""
        return Views(self.terms[chosen], self.vectors[chosen])


Arrays = dict[str, np.ndarray]


class Expert(Protocol):
    """A fitted classifier, whose `arrays` give it again."""

    def log_chances(self, views: Views) -> np.ndarray:
        """[n, C] float32."""

    def arrays(self) -> Arrays:
        """What it learnt, by name."""

    @classmethod
    def of(cls, arrays: Mapping[str, np.ndarray]) -> Self:
        """The classifier with these arrays."""


def terms(text: str) -> Iterator[str]:
    """Words, pairs of words, groups of characters, and the words by which a title begins and its phrases end.

    What a product is stands last in its name ('chocolate sandwich cookies') or in the name's first phrase ('plates, 10
    inch'). No term is spelled as one of another kind.

    text: plain text; its first line is the title
    """
    yield from ("w" + word for word in words(text))
    yield from ("c" + gram for gram in character_grams(text))
    title = text.partition("\n")[0][:_TITLE].lower()
    every = _WORD.findall(title)
    if every:
        phrase = _WORD.findall(_PHRASE_ENDS.split(title, maxsplit=1)[0]) or every
        yield from ("b" + every[0], "e" + every[-1], "p" + phrase[-1])
        if len(phrase) > 1:
            yield f"p{phrase[-2]} {phrase[-1]}"


class Vocabulary:
    """TF-IDF of terms: unit rows of (1 + log count) * (1 + log((1 + texts) / (1 + texts with the term)))."""

    def __init__(self, known: Sequence[str], idf: np.ndarray) -> None:
        self._known, self._idf = tuple(known), idf.astype(np.float32)
        self._place = {term: place for place, term in enumerate(self._known)}

    @classmethod
    def fit(cls, texts: Sequence[str]) -> Vocabulary:
        """The terms of most texts, _MOST_TERMS at most; one that no text has where there is none."""
        least = 1 if len(texts) < _FEW_TEXTS else 2
        counts = Counter(term for text in texts for term in set(terms(text)))
        several = sorted((-count, term) for term, count in counts.items() if count >= least)[:_MOST_TERMS]
        known = sorted((term, -count) for count, term in several) or [("", 0)]
        frequency = np.array([count for _, count in known], dtype=np.float64)
        return cls([term for term, _ in known], 1.0 + np.log((1.0 + len(texts)) / (1.0 + frequency)))

    def views(self, texts: Sequence[str], vectors: np.ndarray) -> Views:
        """The views of texts and of their vectors."""
        begins, places, values = [0], list[int](), list[float]()
        for text in texts:
            counts = Counter(place for term in terms(text) if (place := self._place.get(term)) is not None)
            places += sorted(counts)
            values += [counts[place] for place in sorted(counts)]
            begins.append(len(places))
        column = np.array(places, dtype=np.int64)
        weight = (1.0 + np.log(np.array(values, dtype=np.float32))) * self._idf[column]
        rows = sparse.csr_matrix((weight.astype(np.float32), column, begins), shape=(len(texts), len(self._known)))
        length = np.sqrt(np.asarray(rows.multiply(rows).sum(axis=1)).ravel())
        return Views((sparse.diags((1.0 / np.maximum(length, 1e-9)).astype(np.float32)) @ rows).tocsr(), vectors)

    def arrays(self) -> Arrays:
        """The terms and their weights."""
        return {"known": np.array(self._known, dtype=str), "idf": self._idf}

    @classmethod
    def of(cls, arrays: Mapping[str, np.ndarray]) -> Vocabulary:
        """The vocabulary with these arrays."""
        return cls([str(term) for term in arrays["known"]], arrays["idf"])


class NearestTerms:
    """Cosine of the terms with the mean of a category's texts and its name."""

    def __init__(self, means: sparse.csr_matrix) -> None:
        self._means = means  # [terms, C]

    @classmethod
    def fit(cls, views: Views, label: np.ndarray, names: Views) -> NearestTerms:
        """Views of the texts, the number of their category, and views of the categories' names."""
        count = names.terms.shape[0]
        rows = np.arange(len(label))
        of_category = sparse.csr_matrix((np.ones(len(label), dtype=np.float32), (label, rows)), (count, len(label)))
        sums = (of_category @ views.terms + _NAME_WEIGHT * names.terms).tocsr()
        length = np.sqrt(np.asarray(sums.multiply(sums).sum(axis=1)).ravel())
        return cls((sparse.diags((1.0 / np.maximum(length, 1e-9)).astype(np.float32)) @ sums).T.tocsr())

    def log_chances(self, views: Views) -> np.ndarray:
        """[n, C] float32."""
        return log_softmax(_SHARPNESS * (views.terms @ self._means).toarray(), axis=1).astype(np.float32)

    def arrays(self) -> Arrays:
        """The sparse means."""
        means = self._means
        return {
            "data": means.data, "indices": means.indices, "indptr": means.indptr, "shape": np.array(means.shape),
        }  # fmt: skip

    @classmethod
    def of(cls, arrays: Mapping[str, np.ndarray]) -> NearestTerms:
        """The classifier with these means."""
        parts = (arrays["data"], arrays["indices"], arrays["indptr"])
        return cls(sparse.csr_matrix(parts, shape=tuple(arrays["shape"])))


class NearestVectors:
    """Cosine of the whitened vectors with the mean of a category's texts and its name."""

    def __init__(self, centre: np.ndarray, whitening: np.ndarray, means: np.ndarray) -> None:
        self._centre, self._whitening, self._means = centre, whitening, means

    @classmethod
    def fit(cls, views: Views, label: np.ndarray, names: Views) -> NearestVectors:
        """Views of the texts, the number of their category, and views of the categories' names."""
        known = np.concatenate([views.vectors, names.vectors]).astype(np.float64)
        centre = known.mean(axis=0)
        variance, directions = np.linalg.eigh(np.cov(known.T, bias=True))
        floor = _SHRINKAGE * max(float(variance.mean()), 1e-9)
        whitening = directions / np.sqrt(np.maximum(variance, 0.0) + floor)
        sums = _NAME_WEIGHT * _directions(names.vectors, centre, whitening)
        np.add.at(sums, label, _directions(views.vectors, centre, whitening))
        return cls(centre, whitening, _unit(sums))

    def log_chances(self, views: Views) -> np.ndarray:
        """[n, C] float32."""
        cosine = _directions(views.vectors, self._centre, self._whitening) @ self._means.T
        return log_softmax(_SHARPNESS * cosine, axis=1).astype(np.float32)

    def arrays(self) -> Arrays:
        """Centre, whitening and means."""
        return {"centre": self._centre, "whitening": self._whitening, "means": self._means}

    @classmethod
    def of(cls, arrays: Mapping[str, np.ndarray]) -> NearestVectors:
        """The classifier with these arrays."""
        return cls(arrays["centre"], arrays["whitening"], arrays["means"])


def _directions(vectors: np.ndarray, centre: np.ndarray, whitening: np.ndarray) -> np.ndarray:
    return _unit((vectors - centre) @ whitening)


def _unit(rows: np.ndarray) -> np.ndarray:
    return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)
