"""The chance that a review is negative, learnt from the store's own stars."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.optimize import minimize
from scipy.special import expit

from model.reviews.cleaning import cleaned
from model.reviews.linear import Linear, balanced, fit_texts, inverse_frequencies, tfidf_rows
from model.reviews.terms import counts_of, term_counts, vocabulary
from model.sums import dot

LEAST_OF_A_CLASS = 20  # good and bad reviews each, below which nothing is learnt
_FOLDS = 3
_SURE_SHARES = (0.5, 0.6, 0.7)  # by round of self-training: of the reviews of a class, those that are believed
_BELIEVED_WEIGHT = 0.25  # of all stars, that the believed reviews together weigh at least, ...
_MOST_WEIGHT = 8.0  # ... unless one of them would weigh more than so many stars
_SMALLEST_SLOPE = 1e-3


@dataclass(frozen=True)
class Sentiment:
    """log-odds that a review is negative: the tf-idf row of its terms times weights, plus an intercept.

    terms: uint64, rising; inverse_frequency, weight: float32 (terms)
    middle: the log-odds of a review that is as likely among good ones as among bad ones
    """

    terms: np.ndarray
    inverse_frequency: np.ndarray
    weight: np.ndarray
    intercept: float
    middle: float

    def log_odds(self, texts: Sequence[str | None]) -> np.ndarray:
        """float64 (texts), NaN for a text without any known term: it is empty, or of a language not learnt."""
        counts = counts_of(list(term_counts([cleaned(text) for text in texts])), self.terms)
        odds = np.asarray(tfidf_rows(counts, self.inverse_frequency) @ self.weight, dtype=np.float64) + self.intercept
        return np.where(np.diff(counts.indptr) > 0, odds, np.nan)

    def chance(self, texts: Sequence[str | None]) -> np.ndarray:
        """float64 (texts) in [0, 1]: the calibrated chance that each is negative; NaN as in `log_odds`."""
        chance: np.ndarray = expit(self.log_odds(texts))
        return chance

    def is_bad(self, texts: Sequence[str | None]) -> np.ndarray:
        """bool (texts): more likely among bad reviews than among good ones, whatever the share of bad ones."""
        is_bad: np.ndarray = self.log_odds(texts) > self.middle
        return is_bad


def learn(
    texts: Sequence[str | None],
    is_bad: Sequence[bool] | np.ndarray,
    without_stars: Sequence[str | None] = (),
    *,
    calibrated: bool = True,
) -> Sentiment:
    """Learns from reviews whose stars say whether they are bad, and from others of categories without stars.

    The latter teach by self-training: the model's surest opinions of them are believed in the next round, so words that
    only they have get a weight. Chances are calibrated on reviews that were held out by a hash of their text (Platt
    1999). The result is the same for the same reviews in the same order.

    calibrated: False takes a third of the time; the log-odds are then those of as many bad reviews as good ones
    Raises ValueError when there are fewer than LEAST_OF_A_CLASS good or bad reviews.
    """
    target = np.asarray(is_bad, dtype=np.float64)
    fewest = int(min(target.sum(), len(target) - target.sum()))
    if fewest < LEAST_OF_A_CLASS:
        raise ValueError(f"{fewest} good or bad reviews teach no sentiment; {LEAST_OF_A_CLASS} of each are needed")
    read = [cleaned(text) for text in (*texts, *without_stars)]
    blocks = list(term_counts(read))
    terms = vocabulary(blocks)
    counts = counts_of(blocks, terms)
    frequency = inverse_frequencies(counts)
    rows = tfidf_rows(counts, frequency)
    starred, others = rows[: len(target)], rows[len(target) :]
    slope, middle = 1.0, 0.0
    if calibrated:
        fold = np.array([_fold_of(text) for text in read[: len(target)]])
        slope, middle = _calibrated(_held_out(starred, target, fold), target)
    fitted = _self_trained(starred, target, others)
    weight = (slope * fitted.weight).astype(np.float32)
    return Sentiment(terms, frequency, weight, middle + slope * fitted.intercept, middle)


def _held_out(rows: sparse.csr_matrix, target: np.ndarray, fold: np.ndarray) -> np.ndarray:
    """float64 (reviews): log-odds by models of the other folds."""
    odds = np.zeros(len(target))
    for held_out in range(_FOLDS):
        inside, other = fold == held_out, fold != held_out
        if inside.any():
            odds[inside] = fit_texts(rows[other], target[other], balanced(target[other])).log_odds(rows[inside])
    return odds


def _self_trained(starred: sparse.csr_matrix, target: np.ndarray, others: sparse.csr_matrix) -> Linear:
    weight = balanced(target)
    fitted = fit_texts(starred, target, weight)
    if not others.shape[0]:
        return fitted
    for sure in _SURE_SHARES:
        place, believed = _surest(fitted.log_odds(others), float(target.mean()), sure)
        if not 0 < believed.sum() < len(believed):
            return fitted
        each = float(np.clip(_BELIEVED_WEIGHT * len(target) / len(place), 1.0, _MOST_WEIGHT))
        fitted = fit_texts(
            sparse.vstack([starred, others[place]], format="csr"),
            np.concatenate([target, believed]),
            np.concatenate([weight, each * balanced(believed)]),
        )
    return fitted


def _surest(odds: np.ndarray, bad_share: float, sure: float) -> tuple[np.ndarray, np.ndarray]:
    """Places of the surest `sure` reviews of each class, and 1 for those believed bad.

    Another category shifts all log-odds, so the order alone counts: the largest are believed bad, in the share that bad
    reviews have among those with stars.
    """
    order = np.argsort(odds, kind="stable")
    number_bad, number_good = (round(sure * share * len(odds)) for share in (bad_share, 1 - bad_share))
    place = np.concatenate([order[:number_good], order[len(order) - number_bad :]])
    return place, np.concatenate([np.zeros(number_good), np.ones(number_bad)])


def _calibrated(odds: np.ndarray, target: np.ndarray) -> tuple[float, float]:
    """Slope, which is positive, and intercept of a logistic regression on log-odds (reviews)."""

    def loss(theta: np.ndarray) -> tuple[float, np.ndarray]:
        z = theta[0] * odds + theta[1]
        rest = expit(z) - target
        value = float((np.logaddexp(0.0, z) - target * z).mean())
        return value, np.array([dot(odds, rest), rest.sum()]) / len(target)

    bounds = [(_SMALLEST_SLOPE, None), (None, None)]
    slope, intercept = minimize(loss, np.array([1.0, 0.0]), jac=True, method="L-BFGS-B", bounds=bounds).x
    return float(slope), float(intercept)


def _fold_of(text: str) -> int:
    return hashlib.sha256(text.encode("utf-8", "replace")).digest()[0] % _FOLDS
