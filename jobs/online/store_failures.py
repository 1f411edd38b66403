"""Failures of a store or registry in words, without the messages of clients, which can hold addresses."""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from jobs.online.view_rows import Written
from jobs.runtime.errors import LongtailError

_AFTER_PUBLISH = "Readers still see the live night; run publish again to complete it."


@contextmanager
def store_failures(action: str, consequence: str = _AFTER_PUBLISH) -> Iterator[None]:
    """Turns errors of a store or registry that is unreachable or full into a LongtailError with its remedy.

    The message names only the type of the failure, because messages of clients can hold addresses.

    action: what failed; consequence: the state after it, and how to go on
    """
    try:
        yield
    except LongtailError:
        raise
    except Exception as error:
        known = next(((problem, remedy) for kind, problem, remedy in _failures(error) if isinstance(error, kind)), None)
        if known is None:
            raise
        problem, remedy = known
        raise LongtailError(
            f"{action} failed: {problem} ({type(error).__name__}).", f"{remedy} {consequence}"
        ) from error


@contextmanager
def failure_as_result(action: str) -> Iterator[list[Written]]:
    """On a Python worker: catches what `store_failures` raises and adds it to the list as a result to return."""
    failures: list[Written] = []
    try:
        with store_failures(action):
            yield failures
    except LongtailError as error:
        failures.append(Written(-1, problem=error.problem, remedy=error.remedy))


def _failures(error: Exception) -> list[tuple[type[Exception], str, str]]:
    """Types of failures with the problem in words and its remedy; the first that fits counts."""
    return [
        *_failures_of_redis(),
        (sqlite3.OperationalError, f"SQLite reports {error}", "Free disk space, or make its file writable."),
        (
            OSError,
            f"a file cannot be written: {getattr(error, 'strerror', None)}",
            "Free disk space, or make the file writable.",
        ),
    ]


def _failures_of_redis() -> list[tuple[type[Exception], str, str]]:
    # An error of the client needs the client to be loaded; a warehouse on SQLite needs no package redis at all.
    if sys.modules.get("redis") is None:
        return []
    from redis import exceptions

    address = "Start Redis, or correct the address in the environment variable."
    return [
        (exceptions.AuthenticationError, "Redis refuses the user or the password", address),
        (exceptions.ConnectionError, "Redis cannot be reached", address),
        (exceptions.TimeoutError, "Redis does not answer in time", address),
        (exceptions.OutOfMemoryError, "Redis has no memory left", "Raise its maxmemory."),
        (exceptions.NoPermissionError, "Redis denies its user a command or a key", "Extend the user's ACL."),
        (
            exceptions.ResponseError,
            "Redis refuses to write",
            "Read its log: it may be a read-only replica, or its disk is full.",
        ),
        (exceptions.RedisError, "Redis fails", "Read its log."),
    ]
