"""What a publish needs of an online store in addition to Feast's own reads and writes."""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Protocol, runtime_checkable

from feast import FeatureStore, FeatureView
from feast.repo_config import RepoConfig

from jobs.online.encoding import EncodedColumn
from jobs.runtime.errors import LongtailError


@runtime_checkable
class NightStore(Protocol):
    """An online store that can replace a complete view."""

    def replace_rows(
        self,
        config: RepoConfig,
        view: FeatureView,
        keys: Sequence[bytes],
        columns: Mapping[str, EncodedColumn],
        event_time: datetime,
        changed_only: bool,
    ) -> int:
        """Replaces all rows of the view by these and returns the number of values sent.

        changed_only: the view holds the complete rows of the last call, so that equal values need not be sent. After a
            call that was stopped, a call without it completes the view.
        """

    def values_held(
        self, config: RepoConfig, view: FeatureView, keys: Sequence[bytes], names: Sequence[str]
    ) -> dict[str, list[bytes | None]]:
        """By feature the serialised values of the entities, in the order of the keys; None where there is none."""

    def erase(self, config: RepoConfig, views: Sequence[FeatureView], key: bytes) -> None:
        """Deletes one entity from all views of its kind, so that the store's files hold nothing of it."""

    def entities_held(self, config: RepoConfig, view: FeatureView) -> int:
        """Number of entities that have a row in the view."""


def night_store(store: FeatureStore) -> NightStore:
    """The online store behind Feast's store of a warehouse; the settings that open_store writes name one of ours."""
    online = store.provider.online_store
    assert isinstance(online, NightStore)
    return online


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
        (
            exceptions.ResponseError,
            "Redis refuses to write",
            "Read its log: it may be a read-only replica, or its disk is full.",
        ),
    ]
