"""Sufficient statistics of the shoppers of an arm: all that the test needs, whatever the number of shoppers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Moments:
    """Means and centred sums of products over shoppers, for a metric's mean a day over the days so far.

    before: float64 (covariates), means of what was measured before the test
    so_far: float64 (days), means of the metric a day so far
    before_products: float64 (covariates, covariates); cross_products: float64 (covariates, days); squares: float64
    (days), of the metric a day so far: sums over shoppers of products of deviations from these means
    """

    shoppers: int
    before: np.ndarray
    so_far: np.ndarray
    before_products: np.ndarray
    cross_products: np.ndarray
    squares: np.ndarray

    def __add__(self, other: Moments) -> Moments:
        """Of the shoppers of both (Chan, Golub and LeVeque 1979: no cancellation, however many parts are added)."""
        total = self.shoppers + other.shoppers
        if not self.shoppers or not other.shoppers:
            return self if self.shoppers else other
        share, both = other.shoppers / total, self.shoppers * other.shoppers / total
        before, so_far = other.before - self.before, other.so_far - self.so_far
        return Moments(
            total,
            self.before + share * before,
            self.so_far + share * so_far,
            self.before_products + other.before_products + both * np.outer(before, before),
            self.cross_products + other.cross_products + both * np.outer(before, so_far),
            self.squares + other.squares + both * so_far**2,
        )

    def packed(self) -> np.ndarray:
        """float64: all numbers in one row, for `unpacked`."""
        parts = (self.before, self.so_far, self.before_products, self.cross_products, self.squares)
        return np.concatenate([[self.shoppers], *(part.ravel() for part in parts)])


def moments_of(outcome: np.ndarray, before: np.ndarray) -> Moments:
    """The moments of rows of shoppers.

    outcome: float64 (users, days), a metric of each shopper on each day; before: float64 (users, covariates)
    """
    users, days = outcome.shape
    if not users:
        covariates = before.shape[1]
        return Moments(
            0, np.zeros(covariates), np.zeros(days), np.zeros((covariates, covariates)), np.zeros((covariates, days)),
            np.zeros(days),
        )  # fmt: skip
    so_far = np.cumsum(outcome, axis=1) / np.arange(1, days + 1)
    before_mean, mean = before.mean(axis=0), so_far.mean(axis=0)
    x, y = before - before_mean, so_far - mean
    return Moments(users, before_mean, mean, x.T @ x, x.T @ y, (y**2).sum(axis=0))


def unpacked(values: np.ndarray, covariates: int) -> Moments:
    """The moments of a row of `packed`. covariates: their number"""
    days = (len(values) - 1 - covariates - covariates**2) // (covariates + 2)
    sizes = [1, covariates, days, covariates**2, covariates * days]
    shoppers, before, so_far, products, cross, squares = np.split(values, np.cumsum(sizes))
    return Moments(
        int(shoppers[0]), before, so_far, products.reshape(covariates, covariates), cross.reshape(covariates, days),
        squares,
    )  # fmt: skip


def total(parts: Iterable[Moments]) -> Moments:
    """The sum of one or more moments."""
    first, *others = parts
    for part in others:
        first += part
    return first
