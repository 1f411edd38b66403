"""Tastes of shoppers as a mixture of classes, fitted on counts of what they bought by product type.

Each purchase comes from a class that the shopper has with some probability, and a class buys types with fixed
probabilities (probabilistic latent semantic analysis: Hofmann, SIGIR 1999), fitted by expectation maximisation. It
uses neither texts nor times nor single items, so it differs in kind from the models that make the lists.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array


@dataclass(frozen=True)
class LatentClasses:
    """membership: float64 (users, classes), rows sum to 1; choice: float64 (classes, types), rows sum to 1
    log_likelihood: mean of a purchase after each round; it never falls
    """

    membership: np.ndarray
    choice: np.ndarray
    log_likelihood: np.ndarray


def fitted_classes(counts: csr_array, classes: int, rounds: int, seed: int, smoothing: float = 0.5) -> LatentClasses:
    """The classes of purchase counts (users, types); smoothing: purchases added to every class of a user.

    A user without purchases has equal shares of all classes; a type without purchases is never chosen. Raises
    ValueError where there is no purchase at all.
    """
    counts = csr_array(counts, dtype=np.float64)
    counts.eliminate_zeros()
    if not counts.nnz:
        raise ValueError("There is no purchase to fit tastes on.")
    random = np.random.default_rng(seed)
    users, types = counts.shape
    user = np.repeat(np.arange(users), np.diff(counts.indptr))
    item, number = counts.indices, counts.data
    membership = random.dirichlet(np.full(classes, 5.0), users)
    choice = random.dirichlet(np.full(types, 5.0), classes) * 0.5 + 0.5 * counts.sum(axis=0) / counts.sum()
    likelihood = []
    for _ in range(rounds):
        joint = membership[user] * choice[:, item].T
        total = joint.sum(axis=1)
        likelihood.append(float(number @ np.log(np.maximum(total, 1e-300))) / number.sum())
        of_class = joint * (number / np.maximum(total, 1e-300))[:, None]
        by_user = np.stack(
            [np.bincount(user, of_class[:, number], minlength=users) for number in range(classes)], axis=1
        )
        by_type = np.stack([np.bincount(item, of_class[:, number], minlength=types) for number in range(classes)])
        membership = (by_user + smoothing) / (by_user + smoothing).sum(axis=1, keepdims=True)
        choice = by_type / np.maximum(by_type.sum(axis=1, keepdims=True), 1e-300)
    return LatentClasses(membership, choice, np.array(likelihood))
