"""Leaps of the prices of floors that are far from right: a line search along them on the convex dual.

Away from the prices at which exposure moves, hardly any entry is between 0 and 1 and steps are as short as the
regularisation. Two floors that want the same slots move exposure between them at small changes of their prices, while
both have a long way to go.
"""

from __future__ import annotations

import numpy as np

from model.sums import dot

FIRST_RISE, LEAST_RISE = 3.0, 0.01
EVERY = 3


class Leaps:
    """The length of the next leap, as a share of the prices, and where the leap under way began.

    A leap that lands short of the least value along its line is kept, and the next one goes further; one beyond it is
    taken back, and the next one goes to where the slope would be 0 if it changed evenly (regula falsi).
    A leap follows at once on one that was kept, and after `EVERY` passes on one that was not.
    """

    def __init__(self) -> None:
        self.rise = FIRST_RISE
        self.origin: np.ndarray | None = None
        self._slope = 0.0
        self._kept = False

    def due(self, number: int) -> bool:
        """Whether pass `number` may be followed by a leap."""
        return self._kept or number % EVERY == 0

    def begin(self, prices: np.ndarray, off: np.ndarray, gradient: np.ndarray, bound: np.ndarray) -> np.ndarray:
        """The prices that a leap from `prices` leads to, which a pass has to look at before the next leap.

        off: bool, prices of floors that are missed or exceeded; gradient: of the dual, at `prices` or close to them
        """
        self.origin, self._kept = prices, False
        factor = np.where(gradient < 0, 1.0 + self.rise, 1.0 / (1.0 + self.rise))
        ahead = np.where(off, np.minimum(factor * prices, bound), prices)
        self._slope = dot(gradient, ahead - prices)
        return ahead

    def landed(self, ahead: np.ndarray, gradient: np.ndarray, origin: np.ndarray) -> bool:
        """Whether the dual still falls where the leap from `origin` led; gradient: of the dual there."""
        slope = dot(gradient, ahead - origin)
        if slope <= 0:
            self._kept = True
            self.rise = min(2.0 * self.rise, FIRST_RISE)
            return True
        part = self._slope / min(self._slope - slope, -1e-300)
        self.rise = max(self.rise * float(np.clip(part, 0.05, 0.7)), LEAST_RISE)
        return False
