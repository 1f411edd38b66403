"""Counts and latencies of the client's calls."""

from __future__ import annotations

import threading
from collections import Counter, defaultdict, deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Outcome = Literal["answered", "failed", "timed_out", "refused", "unpublished", "errors", "retries", "from_memory"]
_KEPT_LATENCIES = 1_000  # newest of a service, from which quantiles are taken


@dataclass(frozen=True)
class CallStatistics:
    """Calls of one Feast service since the client was opened.

    answered: calls that the store answered
    failed, timed_out: calls that the store failed, or did not answer in time
    refused: calls that the open circuit breaker kept from the store
    unpublished: calls of a service that nothing has been published for yet
    errors: calls that ended by an error of another kind, such as a field that the live night lacks
    retries: further tries of calls
    from_memory: failed, timed-out and refused calls that an earlier answer served
    median_ms, p95_ms, p99_ms: quantiles of the last 1,000 calls that asked the store, tries together; None before one
    """

    answered: int = 0
    failed: int = 0
    timed_out: int = 0
    refused: int = 0
    unpublished: int = 0
    errors: int = 0
    retries: int = 0
    from_memory: int = 0
    median_ms: float | None = None
    p95_ms: float | None = None
    p99_ms: float | None = None


@dataclass(frozen=True)
class Statistics:
    """Statistics by Feast service, and how often the circuit breaker opened and closed."""

    services: dict[str, CallStatistics]
    breaker_opened: int
    breaker_closed: int
    breaker_is_open: bool


class CallLog:
    """Counts calls by service; safe to share between threads."""

    def __init__(self) -> None:
        self._counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self._seconds: defaultdict[str, deque[float]] = defaultdict(lambda: deque(maxlen=_KEPT_LATENCIES))
        self._lock = threading.Lock()

    def count(self, service: str, outcome: Outcome, seconds: float | None = None) -> None:
        """Counts one outcome. seconds: duration of a call that asked the store"""
        with self._lock:
            self._counts[service][outcome] += 1
            if seconds is not None:
                self._seconds[service].append(seconds)

    def by_service(self) -> dict[str, CallStatistics]:
        """The statistics of every service that was called."""
        with self._lock:
            counts = {service: dict(of_service) for service, of_service in self._counts.items()}
            seconds = {service: sorted(of_service) for service, of_service in self._seconds.items()}
        return {
            service: CallStatistics(
                **counts[service],
                median_ms=_quantile_ms(seconds.get(service, []), 0.5),
                p95_ms=_quantile_ms(seconds.get(service, []), 0.95),
                p99_ms=_quantile_ms(seconds.get(service, []), 0.99),
            )
            for service in counts
        }


def _quantile_ms(ordered: Sequence[float], share: float) -> float | None:
    """The smallest of the values that at least this share of them does not exceed (nearest rank)."""
    if not ordered:
        return None
    return 1_000 * ordered[max(-int(-len(ordered) * share // 1), 1) - 1]
