"""A linear map of the encoder's vectors that brings queries close to the items that were graded well for them.

It replaces fine-tuning: the encoder stays frozen, and the map of its vectors is learnt from graded pairs in seconds.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import normalize, softplus

from model.search.graded_pairs import GradedPairs
from model.text.device import torch_threads

_NEVER = -1e4  # logit of an excluded pair


@dataclass(frozen=True)
class ProjectionSettings:
    """AdamW over `epochs` passes of `batch` queries with all their graded items. `temperature` divides the cosines, and
    `ordering` is the weight of the loss within a query against the one that separates a good item from those of other
    queries."""

    epochs: int = 5
    batch: int = 64
    learning_rate: float = 1e-3
    weight_decay: float = 0.01
    temperature: float = 0.05
    ordering: float = 1.0
    seed: int = 1
    threads: int = 1


@dataclass(frozen=True)
class Projection:
    """Matrices [d, d] that are added to the identity, one for queries and one for items."""

    queries: np.ndarray
    items: np.ndarray

    @classmethod
    def identity(cls, size: int) -> Projection:
        """The one that leaves all vectors of `size` numbers as they are."""
        return cls(np.zeros((size, size), dtype=np.float32), np.zeros((size, size), dtype=np.float32))

    def of_queries(self, vectors: np.ndarray) -> np.ndarray:
        """[n, d] float32 unit vectors of queries' vectors; a vector of 0 stays 0."""
        return _moved(vectors, self.queries)

    def of_items(self, vectors: np.ndarray) -> np.ndarray:
        """[n, d] float32 unit vectors of items' vectors."""
        return _moved(vectors, self.items)

    def save(self, file: Path) -> None:
        """Writes both matrices into an npz file."""
        np.savez(file, queries=self.queries, items=self.items)

    @classmethod
    def load(cls, file: Path) -> Projection:
        """Raises ValueError when the file is missing or damaged."""
        try:
            with np.load(file, allow_pickle=False) as stored:
                return cls(stored["queries"], stored["items"])
        except (OSError, ValueError, KeyError) as error:
            raise ValueError(f"{file} is missing or damaged ({error}). Fit the search model again.") from error


def fit_projection(pairs: GradedPairs, vectors: np.ndarray, good: float, settings: ProjectionSettings) -> Projection:
    """A projection by two losses that are added; the same seed and threads give the same one.

    Each good pair against the batch's items that were not graded for its query: softmax cross-entropy (van den Oord et
    al. 2018). Each two items of a query with different grades: logistic loss of the difference of their cosines (Burges
    et al. 2005).

    vectors: [n, d] of the items; good: the least grade of a good pair
    """
    size = vectors.shape[1]
    of_query = [own for own in pairs.by_query() if len(own)]
    if not of_query or not settings.epochs:
        return Projection.identity(size)
    random = np.random.default_rng(settings.seed)
    with torch_threads(settings.threads):
        maps = [torch.zeros((size, size), requires_grad=True) for _ in range(2)]
        optimiser = torch.optim.AdamW(maps, lr=settings.learning_rate, weight_decay=settings.weight_decay)
        steps = settings.epochs * -(-len(of_query) // settings.batch)
        rate = torch.optim.lr_scheduler.LinearLR(optimiser, 1.0, 0.0, steps)
        for _ in range(settings.epochs):
            order = random.permutation(len(of_query))
            for start in range(0, len(order), settings.batch):
                rows = np.concatenate([of_query[place] for place in order[start : start + settings.batch]])
                loss = _loss(pairs, vectors, rows, maps, good, settings)
                if loss is not None:
                    optimiser.zero_grad()
                    loss.backward()
                    optimiser.step()
                    rate.step()
        queries, items = (matrix.detach().numpy().copy() for matrix in maps)
    return Projection(queries, items)


def _loss(
    pairs: GradedPairs, vectors: np.ndarray, rows: np.ndarray, maps: list[Tensor], good: float,
    settings: ProjectionSettings,
) -> Tensor | None:  # fmt: skip
    """The loss of a batch of pairs, all pairs of each of its queries; None if no pair has a loss."""
    number, query = np.unique(pairs.query[rows], return_inverse=True)
    item, column = np.unique(pairs.row[rows], return_inverse=True)
    grade = torch.from_numpy(pairs.grade[rows].astype(np.float32))
    queries = _mapped(torch.from_numpy(pairs.vectors[number]), maps[0])
    items = _mapped(torch.from_numpy(vectors[item]), maps[1])
    cosine = queries @ items.T / settings.temperature
    graded = torch.zeros(cosine.shape, dtype=torch.bool)
    graded[query, column] = True
    score = cosine[query, column]
    losses = []
    is_good = grade >= good
    if is_good.any():
        # Finite, since a query may have no item of another one, and the logarithm of an empty sum has no gradient.
        others = torch.logsumexp(cosine.masked_fill(graded, _NEVER), dim=1)[query]
        losses.append(softplus(others - score)[is_good].mean())
    better = torch.from_numpy(query[:, None] == query[None, :]) & (grade[:, None] > grade[None, :])
    if better.any():
        worse_by = score[None, :] - score[:, None]
        losses.append(settings.ordering * softplus(worse_by)[better].mean())
    return torch.stack(losses).sum() if losses else None


def _mapped(vectors: Tensor, matrix: Tensor) -> Tensor:
    return normalize(vectors + vectors @ matrix, dim=1)


def _moved(vectors: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    moved = vectors + vectors @ matrix
    return np.asarray(moved / np.maximum(np.linalg.norm(moved, axis=1, keepdims=True), 1e-9), dtype=np.float32)
