"""The category of an item from its text, with a calibrated chance."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from model.catalogue.category_experts import Expert, NearestTerms, NearestVectors, Vocabulary
from model.catalogue.category_network import Network
from model.catalogue.chance_pool import Pool
from model.catalogue.confidence import Confidence
from model.text.tfidf import words

BEST = 8  # categories of a text whose chances are reported
_FOLDS, _FOLDS_OF_FEW, _FEW = 3, 5, 5_000
_POOLED_CELLS = 10_000_000  # texts times categories from which the pool learns
_BLOCK_CELLS = 5_000_000  # of one matrix of chances
_EXPERTS: tuple[type[Expert], ...] = (Network, NearestTerms, NearestVectors)


class Chances(NamedTuple):
    """The best categories of texts, the best first: their numbers and chances [n, B], B at most BEST; and `own` [n],
    the chance of the category that the text has, where one was given."""

    category: np.ndarray
    chance: np.ndarray
    own: np.ndarray | None = None


@dataclass(frozen=True)
class CategoryModel:
    """Chances of categories by experts that are pooled; `fit_categories` fits it."""

    categories: tuple[str, ...]  # sorted
    vocabulary: Vocabulary
    experts: tuple[Expert, ...]
    pool: Pool
    confidence: Confidence | None = None  # of the most likely category; None in the models of the folds

    def chances(self, texts: Sequence[str], vectors: np.ndarray, label: np.ndarray | None = None) -> Chances:
        """Chances of the best categories of plain texts, of which the category is no part.

        vectors: [n, d] unit vectors of the texts; label: [n] number of the category that each text has
        """
        blocks = [
            best_of(chances, None if label is None else label[part]) for part, chances in self._blocks(texts, vectors)
        ]
        if not blocks:
            none = np.zeros((0, min(BEST, len(self.categories))))
            return Chances(none.astype(np.int64), none, None if label is None else np.zeros(0))
        return Chances(
            np.concatenate([block.category for block in blocks]),
            np.concatenate([block.chance for block in blocks]),
            None if label is None else np.concatenate([block.own for block in blocks if block.own is not None]),
        )

    def predict(self, texts: Sequence[str], vectors: np.ndarray, bar: float) -> tuple[list[str | None], np.ndarray]:
        """The most likely category of each text and its calibrated chance; None below `bar` or without a word."""
        best = self.chances(texts, vectors)
        said = np.array([next(words(text), None) is not None for text in texts], dtype=bool)
        top = best.chance[:, 0] if self.confidence is None else self.confidence(best.chance[:, 0])
        chance = np.where(said, top, 0.0)
        names = [
            self.categories[column] if has_word and is_likely else None
            for column, has_word, is_likely in zip(best.category[:, 0], said, chance >= bar, strict=True)
        ]
        return names, chance

    def log_chances(self, texts: Sequence[str], vectors: np.ndarray) -> np.ndarray:
        """[K, n, C] float32 log chances by each expert, before they are pooled."""
        views = self.vocabulary.views(texts, vectors)
        return np.stack([expert.log_chances(views) for expert in self.experts])

    def save(self, file: Path) -> None:
        """Writes all that was learnt into an npz file."""
        parts = {"vocabulary": self.vocabulary.arrays()}
        parts |= {str(place): expert.arrays() for place, expert in enumerate(self.experts)}
        arrays: dict[str, Any] = {
            f"{part}/{name}": array for part, named in parts.items() for name, array in named.items()
        }
        arrays |= {"categories": np.array(self.categories, dtype=str), "shares": self.pool.shares}
        arrays |= {"weights": self.pool.weights, "noise": np.array(self.pool.noise)}
        if self.confidence is not None:
            arrays["confidence"] = np.array([self.confidence.a, self.confidence.b, self.confidence.m])
        np.savez(file, **arrays)

    @classmethod
    def load(cls, file: Path) -> CategoryModel:
        """The model that `save` wrote."""
        with np.load(file, allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in stored.files}

        def part(name: str) -> dict[str, np.ndarray]:
            return {key.partition("/")[2]: array for key, array in arrays.items() if key.startswith(f"{name}/")}

        experts = tuple(kind.of(part(str(place))) for place, kind in enumerate(_EXPERTS))
        names = tuple(str(name) for name in arrays["categories"])
        pool = Pool(arrays["weights"], float(arrays["noise"]), arrays["shares"])
        confidence = Confidence(*arrays["confidence"].tolist()) if "confidence" in arrays else None
        return cls(names, Vocabulary.of(part("vocabulary")), experts, pool, confidence)

    def _blocks(self, texts: Sequence[str], vectors: np.ndarray) -> Iterator[tuple[slice, np.ndarray]]:
        size = max(1, _BLOCK_CELLS // len(self.categories))
        for start in range(0, len(texts), size):
            part = slice(start, min(start + size, len(texts)))
            yield part, self.pool.chances(self.log_chances(texts[part], vectors[part]))


class FittedCategories(NamedTuple):
    """A model, and for the texts that it learnt from the chances by models that did not."""

    model: CategoryModel
    held_out: Chances  # with `own`


def fit_categories(
    texts: Sequence[str], vectors: np.ndarray, categories: Sequence[str], names: dict[str, np.ndarray], seed: int
) -> FittedCategories:
    """A model of texts with their categories, and the held-out chances of the same texts.

    The pool of the experts, and with it the calibration, comes from chances of texts that each expert did not learn
    from; equal texts are held out together. With one category its chance is 1.

    texts: plain texts, at least one, of which the category is no part; vectors: [n, d] their unit vectors
    names: of each category the unit vector of `spoken` of it
    """
    distinct = tuple(sorted(set(categories)))
    number = {category: place for place, category in enumerate(distinct)}
    label = np.array([number[category] for category in categories], dtype=np.int64)
    spoken_names, name_vectors = [spoken(name) for name in distinct], np.stack([names[name] for name in distinct])

    def fitted(chosen: np.ndarray, pool: Pool, confidence: Confidence | None = None) -> CategoryModel:
        rows = np.flatnonzero(chosen)
        own = [texts[row] for row in rows.tolist()]
        vocabulary = Vocabulary.fit([*own, *spoken_names])
        of_texts = vocabulary.views(own, vectors[rows])
        of_names = vocabulary.views(spoken_names, name_vectors)
        experts = (
            Network.fit(of_texts, label[rows], of_names, seed),
            NearestTerms.fit(of_texts, label[rows], of_names),
            NearestVectors.fit(of_texts, label[rows], of_names),
        )
        return CategoryModel(distinct, vocabulary, experts, pool, confidence)

    folds = _FOLDS_OF_FEW if len(texts) < _FEW else _FOLDS
    hashes = np.array([zlib.crc32(text.encode("utf-8", "replace")) for text in texts], dtype=np.int64)
    fold, sampled = hashes % folds, _sample(hashes, len(distinct))
    shares = (np.bincount(label) + 1.0) / (len(label) + len(distinct))
    even = Pool(np.full(len(_EXPERTS), 1.0 / len(_EXPERTS)), 0.0, shares)
    held_out = [fitted(fold != number_of_fold, even) for number_of_fold in range(folds)]
    parts, labels = [], []
    for number_of_fold, model in enumerate(held_out):
        rows = np.flatnonzero((fold == number_of_fold) & sampled)
        parts.append(model.log_chances([texts[row] for row in rows.tolist()], vectors[rows]))
        labels.append(label[rows])
    pool = Pool.fit(np.concatenate(parts, axis=1), np.concatenate(labels), shares)
    chances = _held_out(held_out, pool, texts, vectors, label, fold)
    confidence = Confidence.fit(chances.chance[:, 0], chances.category[:, 0] == label)
    return FittedCategories(fitted(np.ones(len(texts), dtype=bool), pool, confidence), chances)


def _held_out(
    models: Sequence[CategoryModel],
    pool: Pool,
    texts: Sequence[str],
    vectors: np.ndarray,
    label: np.ndarray,
    fold: np.ndarray,
) -> Chances:
    best = min(BEST, len(models[0].categories))
    category, chance = np.zeros((len(texts), best), dtype=np.int64), np.zeros((len(texts), best))
    own = np.zeros(len(texts))
    for number_of_fold, model in enumerate(models):
        rows = np.flatnonzero(fold == number_of_fold)
        pooling = CategoryModel(model.categories, model.vocabulary, model.experts, pool)
        block = pooling.chances([texts[row] for row in rows.tolist()], vectors[rows], label[rows])
        assert block.own is not None
        category[rows], chance[rows], own[rows] = block
    return Chances(category, chance, own)


def _sample(hashes: np.ndarray, categories: int) -> np.ndarray:
    """As many texts, by hash, as have _POOLED_CELLS with all categories."""
    most = max(1, _POOLED_CELLS // categories)
    chosen = np.zeros(len(hashes), dtype=bool)
    # The fold is the remainder of the hash, so its order within a fold needs other bits.
    chosen[np.argsort(hashes // 64 * 2654435761 % 2**32, kind="stable")[:most]] = True
    return chosen


def best_of(chances: np.ndarray, label: np.ndarray | None) -> Chances:
    """The BEST categories of each row of [n, C] chances, of equal ones the first, and the chance of the label."""
    size = min(BEST, chances.shape[1])
    order = np.argsort(-chances, axis=1, kind="stable")[:, :size]
    rows = np.arange(len(chances))
    own = None if label is None else chances[rows, label].astype(np.float64)
    return Chances(order, np.take_along_axis(chances, order, axis=1).astype(np.float64), own)


def spoken(category: str) -> str:
    """The name of a category as a text: a path without the signs between its levels."""
    return " ".join(words_of for words_of in category.replace(">", " ").replace("_", " ").replace("/", " ").split())
