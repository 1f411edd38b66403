"""What a publish needs of an online store beside Feast's own reads and writes."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Protocol, runtime_checkable

import redis
from feast import FeatureView
from feast.repo_config import RepoConfig

from jobs.online.encoding import EncodedColumn
from jobs.runtime.errors import LongtailError


@runtime_checkable
class NightStore(Protocol):
    """An online store that can replace a whole view."""

    def replace_rows(
        self,
        config: RepoConfig,
        view: FeatureView,
        keys: Sequence[bytes],
        columns: Mapping[str, EncodedColumn],
        event_time: datetime,
        changed_only: bool,
    ) -> int:
        """Makes these rows all that the view holds, and returns how many values were sent.

        changed_only: the view holds what this method wrote last, whole, so that what is equal there need not be sent.
        Run again without it after it was stopped, it completes.
        """

    def values_held(
        self, config: RepoConfig, view: FeatureView, keys: Sequence[bytes], names: Sequence[str]
    ) -> dict[str, list[bytes | None]]:
        """By feature the serialised value of every entity, in the order of the keys; None where there is none."""

    def erase(self, config: RepoConfig, views: Sequence[FeatureView], key: bytes) -> None:
        """Takes one entity out of all views of its kind, so that nothing of it stays in the store's files."""

    def entities_held(self, config: RepoConfig, view: FeatureView) -> int:
        """How many entities have a row in the view."""


_AFTER_PUBLISH = "Readers still see the last night; run publish again, it completes."


@contextmanager
def store_failures(doing: str, after: str = _AFTER_PUBLISH) -> Iterator[None]:
    """Turns what a store or the registry's file raises when it is away or full into an error with its remedy.

    Messages of clients can hold addresses, so only the kind of the failure is told. after: how things stand then
    """
    try:
        yield
    except LongtailError:
        raise
    except Exception as error:
        known = _remedy(error)
        if known is None:
            raise
        problem, remedy = known
        raise LongtailError(
            f"{doing} failed: {problem} ({type(error).__name__}).",
            f"{remedy} {after}",
        ) from error


def _remedy(error: Exception) -> tuple[str, str] | None:
    connection = "Start it, or correct the connection string in the environment."
    known: tuple[tuple[type[Exception], str, str], ...] = (
        (redis.exceptions.AuthenticationError, "Redis refuses the user or the password", connection),
        (redis.exceptions.ConnectionError, "Redis cannot be reached", connection),
        (redis.exceptions.TimeoutError, "Redis does not answer in time", connection),
        (redis.exceptions.OutOfMemoryError, "Redis has no memory left", "Give it more (maxmemory)."),
        (
            redis.exceptions.ResponseError,
            "Redis refuses to write",
            "Look at its log: a read-only replica, a full disk.",
        ),
        (sqlite3.OperationalError, f"SQLite says {error}", "Free some disk, or make its file writable."),
        (OSError, f"a file cannot be written, {getattr(error, 'strerror', None)}", "Free some disk, or allow writing."),
    )
    return next(((problem, remedy) for kind, problem, remedy in known if isinstance(error, kind)), None)
