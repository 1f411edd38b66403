"""Reads Feast's services with a time limit, retries and a circuit breaker."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import TypeVar

from feast import FeatureStore
from feast.errors import FeatureServiceNotFoundException

from .answers import PublishedNight, Row
from .breaker import Breaker
from .call_statistics import CallLog
from .failures import StorefrontUnavailable, is_store_failure, is_time_out
from .names import ITEM_EXPOSURE_VIEW, RANKING, USER_EXPOSURE_VIEW
from .readers import Readers

AS_OF_COLUMNS = (f"{USER_EXPOSURE_VIEW}__as_of", f"{ITEM_EXPOSURE_VIEW}__as_of")
MOST_CACHED = 100  # entries in Feast's cache of feature names
T = TypeVar("T")


@dataclass(frozen=True)
class Limits:
    """What a call may take.

    timeout_seconds: of a call, all its tries together; None waits without a limit, in the caller's thread
    retries: further tries of a call that the store failed, within its time and without a pause
    """

    timeout_seconds: float | None
    retries: int

    def __post_init__(self) -> None:
        if self.timeout_seconds is not None and self.timeout_seconds <= 0:
            raise ValueError("timeout_seconds has to be above 0, or None")
        if self.retries < 0:
            raise ValueError("retries has to be at least 0")


@dataclass(frozen=True)
class Answer:
    """Rows by `view__feature`, and their night: None where nothing is published, and for live counts."""

    rows: list[Row]
    as_of: date | None


class Reading:
    """The store's answers; its threads, breaker and statistics are shared by calls of any limits."""

    def __init__(self, store: FeatureStore, threads: int, breaker: Breaker) -> None:
        self.store, self.breaker, self.calls = store, breaker, CallLog()
        self._readers = Readers(threads)

    def rows(self, service: str, keys: Mapping[str, list[str]], limits: Limits) -> Answer:
        """One row for each place of the keys.

        Raises StorefrontUnavailable where the store fails, does not answer in time or the breaker is open. Every other
        error is raised as it is and counts for no breaker, such as FeatureServiceNotFoundException before the first
        publish.
        """
        return self._guarded(service, lambda: self.read(service, keys), limits)

    def published(self, limits: Limits) -> PublishedNight | None:
        """The night that the ranking service names, None where it names none. Raises as `rows` does."""
        tags = self._guarded(RANKING, lambda: self.store.get_feature_service(RANKING, allow_cache=True).tags, limits)
        return PublishedNight(date.fromisoformat(tags["as_of"]), tags["run_id"]) if "live_colour" in tags else None

    def read(self, service: str, keys: Mapping[str, list[str]]) -> Answer:
        """Reads without limits."""
        # Feast caches a service's feature names again with every refresh of the registry and never evicts them.
        if len(self.store._feature_service_cache) > MOST_CACHED:
            self.store._feature_service_cache.clear()
        feast_service = self.store.get_feature_service(service, allow_cache=True)
        columns = self.store.get_online_features(
            features=feast_service, entity_rows=keys, full_feature_names=True
        ).to_dict()
        rows = [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]
        return Answer(rows, _night_of(rows, feast_service.tags))

    def _guarded(self, service: str, read: Callable[[], T], limits: Limits) -> T:
        if not self.breaker.allows():
            self.calls.count(service, "refused")
            raise StorefrontUnavailable("The store failed repeatedly, so the circuit breaker is open.")
        started = time.monotonic()
        try:
            result = self._tried(service, read, limits, started)
        except Exception as error:
            seconds = time.monotonic() - started
            if not is_store_failure(error):
                unpublished = isinstance(error, FeatureServiceNotFoundException)
                self.calls.count(service, "unpublished" if unpublished else "errors", seconds)
                self.breaker.undecided()
                raise
            self.calls.count(service, "timed_out" if is_time_out(error) else "failed", seconds)
            self.breaker.failed(error)
            raise StorefrontUnavailable(f"The store did not answer: {type(error).__name__}.") from error
        self.calls.count(service, "answered", time.monotonic() - started)
        self.breaker.succeeded()
        return result

    def _tried(self, service: str, read: Callable[[], T], limits: Limits, started: float) -> T:
        for _ in range(limits.retries):
            try:
                return self._once(read, limits, started)
            except Exception as error:
                spent = time.monotonic() - started
                in_time = limits.timeout_seconds is None or spent < limits.timeout_seconds
                if not (in_time and is_store_failure(error)):
                    raise
                self.calls.count(service, "retries")
        return self._once(read, limits, started)

    def _once(self, read: Callable[[], T], limits: Limits, started: float) -> T:
        if limits.timeout_seconds is None:
            return read()
        return self._readers.result(read, limits.timeout_seconds - (time.monotonic() - started))


def _night_of(rows: list[Row], tags: Mapping[str, str]) -> date | None:
    """The night that the rows name, else the live night of the service's tags."""
    of_rows = (row.get(column) for row in rows for column in AS_OF_COLUMNS)
    night = next(filter(None, of_rows), tags.get("as_of"))
    return date.fromisoformat(night) if night else None
