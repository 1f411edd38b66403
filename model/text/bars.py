"""A bar on stderr for the progress of scripts and of processes that torchrun starts."""

from __future__ import annotations

import sys

from tqdm import tqdm

SECONDS_BETWEEN_LINES = 15.0  # where stderr is not a terminal


class Bar:
    """Draws a bar; called with how many are done and how many there are."""

    def __init__(self, name: str, unit: str = "text") -> None:
        self._name, self._unit = name, unit
        self._bar: tqdm | None = None

    def __call__(self, done: int, total: int) -> None:
        if self._bar is None:
            interval = 0.1 if sys.stderr.isatty() else SECONDS_BETWEEN_LINES
            self._bar = tqdm(
                total=total, initial=done, desc=self._name, unit=self._unit, file=sys.stderr, mininterval=interval
            )
        self._bar.update(done - self._bar.n)
        if done >= total:
            self._bar.close()
