"""Repeats a delivery that failed, with pauses that double."""

from __future__ import annotations

from collections.abc import Callable


class Undelivered(Exception):  # noqa: N818 - an outcome that callers put into words
    """A receiver did not accept a message.

    why: the end of a sentence about the receiver, without its address; is_final: whether another attempt is useless
    """

    def __init__(self, why: str, is_final: bool = False) -> None:
        self.why, self.is_final = why, is_final
        super().__init__(why)


def attempted(deliver: Callable[[], None], attempts: int, pause_seconds: float, wait: Callable[[float], None]) -> int:
    """Delivers, at most `attempts` times; returns the number of attempts. Raises the last Undelivered.

    wait: sleeps for some seconds
    """
    for attempt in range(1, attempts):
        try:
            deliver()
            return attempt
        except Undelivered as error:
            if error.is_final:
                raise
        wait(pause_seconds * 2 ** (attempt - 1))
    deliver()
    return attempts


def most_seconds(attempts: int, timeout_seconds: float, pause_seconds: float) -> float:
    """How long `attempted` may take: all attempts at their time-out, and the pauses between them."""
    return attempts * timeout_seconds + pause_seconds * (2 ** (attempts - 1) - 1)
