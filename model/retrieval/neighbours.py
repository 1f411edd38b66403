"""Neighbours of an item: what the same sessions hold far more often than others, and what has a like text."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.optimize import isotonic_regression
from scipy.special import gammaln

from model.retrieval.histories import Histories

_CELLS_AT_ONCE = 4_000_000  # pairs of items in memory at a time, some 100 bytes each
_SAMPLE = 500  # items whose pairs say how lift grows with likeness of text
_LEVELS = 32  # of likeness
_PRIORS = (0.03, 0.1, 0.3, 1.0, 3.0, 10.0)  # expected sessions together that the text's estimate may count as
_MOST_LIFT = 1000.0


@dataclass(frozen=True)
class Neighbours:
    """Neighbours of m known items among n that lists may hold.

    lift: [m, n] sparse, the largest of each item: how many times more often a session with the item of the row holds
        that of the column than other sessions do
    rest: float64 [m], mean lift of the items that are not among them, each by its share of sessions
    sessions: int64 [m], sessions with the item and another one
    prior: expected sessions together that the estimate by text counts as
    """

    lift: sparse.csr_matrix
    rest: np.ndarray
    sessions: np.ndarray
    prior: float


@dataclass(frozen=True)
class _Pairs:
    """What pairs of items are estimated from: sessions together, the shares of sessions, the vectors of the texts."""

    together: sparse.csr_matrix  # [m, n], an item with itself is 0
    pairs: np.ndarray  # [m] items met together with the item, over its sessions
    share: np.ndarray  # [n] of all items met
    vectors: np.ndarray  # [m, d]
    columns: np.ndarray  # [n] rows of those that lists may hold

    def expected(self, rows: np.ndarray) -> np.ndarray:
        """[rows, n] sessions together if items had nothing to do with each other."""
        return np.asarray(self.pairs[rows, None] * self.share[None, :])

    def likeness(self, rows: np.ndarray) -> np.ndarray:
        """[rows, n] cosines of the texts."""
        return np.asarray(self.vectors[rows] @ self.vectors[self.columns].T)

    def own(self, rows: np.ndarray) -> np.ndarray:
        """[rows, n] bool: an item with itself."""
        return np.asarray(rows[:, None] == self.columns[None, :])


@dataclass(frozen=True)
class _TextLift:
    """Lift by likeness of text: `level` [levels] ascending cosines, `lift` of each, which never falls."""

    level: np.ndarray
    lift: np.ndarray

    def __call__(self, likeness: np.ndarray) -> np.ndarray:
        return np.interp(likeness, self.level, self.lift)


def neighbours(
    sessions: Histories, vectors: np.ndarray, columns: np.ndarray, rows: np.ndarray, most: int
) -> Neighbours:
    """The `most` neighbours of the items `rows` [r] among `columns` [n], both rows of the m known items.

    The lift of a pair is (sessions together + prior * t) / (expected + prior), the posterior mean of a Gamma-Poisson
    model (DuMouchel 1999), where t is the mean lift of pairs whose texts are as like and expected is what sessions
    would hold by chance. So an item that few sessions hold has neighbours by text, and what many sessions hold
    overrules the text. Both t and the prior are learnt from a sample of the items.

    sessions: the items of each session as its history
    vectors: [m, d] unit vectors of the texts
    """
    pairs = _pairs(sessions, vectors, columns)
    text, prior = _learnt(pairs)
    lift = [sparse.csr_matrix((0, len(columns)), dtype=np.float32)]
    rest = np.ones(sessions.items)
    step = max(1, _CELLS_AT_ONCE // max(len(columns), 1))
    for start in range(0, len(rows), step):
        block = rows[start : start + step]
        full = (pairs.together[block].toarray() + prior * text(pairs.likeness(block))) / (pairs.expected(block) + prior)
        full = np.minimum(full, _MOST_LIFT)
        full[pairs.own(block)] = 0.0
        largest = _largest(full, most)
        rest[block] = _mean_of_others(full, largest, pairs, block)
        lift.append(largest)
    by_row = sparse.vstack(lift, format="csr")
    place = sparse.csr_matrix(
        (np.ones(len(rows), dtype=np.float32), (rows, np.arange(len(rows)))), shape=(sessions.items, len(rows))
    )
    return Neighbours((place @ by_row).tocsr(), rest, _sessions_of_items(sessions), prior)


def _sessions_of_items(sessions: Histories) -> np.ndarray:
    """int64 [m]: sessions with the item and another one."""
    several = np.repeat(np.diff(sessions.start) > 1, np.diff(sessions.start))
    return np.bincount(sessions.item[several], minlength=sessions.items)


def _pairs(sessions: Histories, vectors: np.ndarray, columns: np.ndarray) -> _Pairs:
    met = sessions.matrix()
    together = (met.T.tocsr() @ met).tocsr()
    together.setdiag(0.0)
    together.eliminate_zeros()
    pairs = np.asarray(together.sum(axis=1)).ravel()
    # An item that no session holds is as likely as one of a single session: a share of 0 would expect nothing of it.
    share = np.maximum(pairs, 1.0)
    return _Pairs(together[:, columns], pairs, share[columns] / share.sum(), vectors, columns)


def _learnt(pairs: _Pairs) -> tuple[_TextLift, float]:
    """How lift grows with likeness of text, and the prior under which the sampled items' sessions are most likely."""
    known = np.flatnonzero(pairs.pairs > 0)
    if not len(known) or not len(pairs.columns):
        return _TextLift(np.array([0.0]), np.array([1.0])), 1.0
    rows = np.random.default_rng(0).permutation(known)[: max(1, min(_SAMPLE, _CELLS_AT_ONCE // len(pairs.columns)))]
    other = ~pairs.own(rows)
    likeness, expected = pairs.likeness(rows)[other], pairs.expected(rows)[other]
    together = pairs.together[rows].toarray()[other]
    # Half of the levels are for the most alike hundredth of the pairs: neighbours are among them.
    most_alike = 1.0 - 0.01 * np.geomspace(1.0, 1e-2, _LEVELS // 2)
    edges = np.unique(np.quantile(likeness, np.concatenate([np.linspace(0, 0.98, _LEVELS // 2), most_alike])))
    number = np.searchsorted(edges, likeness, side="right")
    levels = len(edges) + 1
    by_level = [np.bincount(number, values, levels) for values in (likeness, expected, together)]
    pairs_of_level = np.bincount(number, minlength=levels)
    used = pairs_of_level > 0
    like, chance, seen = (values[used] for values in by_level)
    # One session more in each level, at the lift of chance: a level of few pairs is no evidence.
    lift = isotonic_regression((seen + 1.0) / (chance + 1.0), weights=chance + 1.0).x
    text = _TextLift(like / pairs_of_level[used], lift)
    mean = text(likeness)
    fit = [float(_log_likelihood(together, expected, mean, prior)) for prior in _PRIORS]
    return text, _PRIORS[int(np.argmax(fit))]


def _log_likelihood(together: np.ndarray, expected: np.ndarray, mean: np.ndarray, prior: float) -> float:
    """Of Poisson counts whose rates are `expected` times a Gamma variable of this mean and of rate `prior`."""
    shape, rate = prior * mean, np.log(prior / (prior + expected))
    likelihood = shape * rate
    met = together > 0
    count = together[met]
    likelihood[met] += gammaln(shape[met] + count) - gammaln(shape[met]) - gammaln(count + 1.0)
    likelihood[met] += count * np.log(expected[met] / (prior + expected[met]))
    return float(likelihood.sum())


def _largest(full: np.ndarray, most: int) -> sparse.csr_matrix:
    """The `most` largest values of each row; of equal ones those of the lowest columns."""
    most = min(most, full.shape[1])
    column = np.argsort(-full, axis=1, kind="stable")[:, :most].ravel()
    row = np.repeat(np.arange(len(full)), most)
    matrix = sparse.csr_matrix((full[row, column].astype(np.float32), (row, column)), shape=full.shape)
    matrix.eliminate_zeros()
    return matrix


def _mean_of_others(full: np.ndarray, largest: sparse.csr_matrix, pairs: _Pairs, rows: np.ndarray) -> np.ndarray:
    others = pairs.share.sum() - largest.astype(bool) @ pairs.share - (pairs.own(rows) @ pairs.share)
    sums = full @ pairs.share - largest @ pairs.share
    return np.where(others > 1e-12, np.maximum(sums, 0.0) / np.maximum(others, 1e-12), 1.0)
