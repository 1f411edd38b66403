"""Counts and times of the service, in Prometheus' text format."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime, time
from itertools import accumulate
from threading import Lock

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from jobs.search_service.live_index import LiveIndex

_SECONDS = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
_BOUNDS = [*map(str, _SECONDS), "+Inf"]


class Metrics(Collector):
    """Figures of one application; no label holds what was searched for or by whom.

    The counts are its own: importing Feast switches the counters of prometheus_client to files that all of a process
    share.
    """

    def __init__(self, index: LiveIndex) -> None:
        self._index, self._lock = index, Lock()
        self._requests: Counter[tuple[str, str]] = Counter()
        self._empty: Counter[str] = Counter()
        self._times: defaultdict[str, list[int]] = defaultdict(lambda: [0] * len(_BOUNDS))
        self._seconds: defaultdict[str, float] = defaultdict(float)
        self._registry = CollectorRegistry()
        self._registry.register(self)

    def count(self, route: str, status: int, seconds: float) -> None:
        """Counts a request. route: the path's template, never the path that was sent"""
        with self._lock:
            self._requests[route, str(status)] += 1
            self._times[route][bisect_left(_SECONDS, seconds)] += 1
            self._seconds[route] += seconds

    def count_empty(self, route: str) -> None:
        """Counts an answer with nothing in it."""
        with self._lock:
            self._empty[route] += 1

    def text(self) -> bytes:
        """All figures."""
        return generate_latest(self._registry)

    def collect(self) -> Iterator[Metric]:
        """The figures as prometheus_client reads them."""
        requests = CounterMetricFamily(
            "longtail_search_requests", "Requests by route and status.", labels=["route", "status"]
        )
        empty = CounterMetricFamily(
            "longtail_search_empty", "Answers without an item or an answer, by route.", labels=["route"]
        )
        times = HistogramMetricFamily("longtail_search_seconds", "Time of a request.", labels=["route"])
        with self._lock:
            for (route, status), count in self._requests.items():
                requests.add_metric([route, status], count)
            for route, count in self._empty.items():
                empty.add_metric([route], count)
            for route, counts in self._times.items():
                times.add_metric([route], list(zip(_BOUNDS, accumulate(counts), strict=True)), self._seconds[route])
        yield from (requests, empty, times)
        night = self._index.current
        if night is not None:
            yield GaugeMetricFamily(
                "longtail_search_items", "Items of the index that serves.", len(night.items.item_ids)
            )
            midnight = datetime.combine(night.as_of, time(), UTC).timestamp()
            yield GaugeMetricFamily(
                "longtail_search_night_seconds", "Midnight of the night that serves, as a Unix time.", midnight
            )
        behind = float(bool(self._index.problem))
        yield GaugeMetricFamily("longtail_search_behind", "1 while the live night does not serve, else 0.", behind)
