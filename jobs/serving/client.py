"""A client of Longtail's online features for a ranking service. Copy this file; it needs Feast and nothing of Longtail.

    client = StorefrontClient("warehouse/feast/reader.yaml")
    shown = client.user_list("1234", segment="new", already_shown=["77"])   # the shopper's tail items, best first
    boosts = client.boosts(["1082185", "995242"])       # to add to the scores of any other list
    log(client.exposure_events(shown, request_id="r-1", placement="tail_shelf"))

Longtail publishes a night at once: one answer is always of one night. Which copy of the data is live is part of the
feature service, so the service is asked for with every request; holding it over would keep yesterday's.
"""

from __future__ import annotations

import logging
import threading
import time
import uuid
from collections import OrderedDict
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Literal

from feast import FeatureStore
from feast.errors import FeatureServiceNotFoundException

RANKING = "storefront_ranking"  # shopper and item
USER = "storefront_user"
ITEM = "storefront_item"
LIST = "storefront_list"  # of a shopper, without features: read many times as fast
BOOST = "storefront_boost"  # of an item
LIVE = "storefront_live"  # item, while the day runs
EVERYONE = "everyone"  # the segment whose list is for any shopper
_SEGMENT = "segment:"  # what the key of a segment's list begins with

Row = dict[str, Any]
OnStale = Literal["serve", "warn", "fall_back"]
Source = Literal["personal", "segment", "everyone", "stale", "none"]

_log = logging.getLogger("longtail.storefront")


class StorefrontUnavailable(RuntimeError):  # noqa: N818 - it says what is the matter
    """The store did not answer in time, and there is no earlier answer to give instead."""


@dataclass(frozen=True)
class PublishedNight:
    """What is live: the night's date and the run that published it."""

    as_of: date
    run_id: str


@dataclass(frozen=True)
class RankedItem:
    """One place of a list. `score` = value + `boost`, in units of response probability where only relevance weighs.

    `propensity` is the probability with which the item is in the list: log it with every exposure.
    """

    rank: int
    item_id: str
    score: float
    relevance: float
    boost: float
    propensity: float
    reason: str


@dataclass(frozen=True)
class UserList:
    """A shopper's items, best first. `known` means that the live night has a list for this very shopper.

    source: whose list it is: the shopper's own, the segment's, everyone's; 'stale' and 'none' have no items
    policy, arm: which plan made the list, and the shopper's arm of the running test; arm is None where none runs
    from_memory: the store is down, and this is an answer of before
    """

    user_id: str
    known: bool
    as_of: date | None
    model_version: str | None
    items: tuple[RankedItem, ...]
    source: Source = "none"
    policy: str | None = None
    arm: str | None = None
    from_memory: bool = False


class StorefrontClient:
    """Reads what Longtail published; safe to share between threads.

    timeout_seconds: a read that takes longer counts as failed; None waits for ever and calls Feast directly
    failures_to_open, open_seconds: after so many failed reads in a row the store is left alone for so long
    max_age_days, on_stale: an older night is served, served with a warning in the log, or answered without items
    is_withdrawn: asked for every item that is about to be given; True leaves it out
    remembered: how many shoppers' last answers are kept for when the store is down

    While the store is down lists come from memory: the shopper's last one, else everyone's. Without any, and for every
    other question, StorefrontUnavailable is raised: an unreachable store is not an empty list.
    """

    def __init__(
        self,
        feature_store_yaml: str | Path,
        *,
        timeout_seconds: float | None = 1.0,
        failures_to_open: int = 5,
        open_seconds: float = 10.0,
        max_age_days: int = 2,
        on_stale: OnStale = "warn",
        is_withdrawn: Callable[[str], bool] = lambda item_id: False,
        remembered: int = 10_000,
        threads: int = 4,
        today: Callable[[], date] = lambda: datetime.now(UTC).date(),
    ) -> None:
        """Raises FileNotFoundError where there is no such file."""
        self._store = FeatureStore(fs_yaml_file=Path(feature_store_yaml))
        self._timeout, self._is_withdrawn, self._today = timeout_seconds, is_withdrawn, today
        self._max_age, self._on_stale, self._warned = max_age_days, on_stale, date.min
        self._pool = ThreadPoolExecutor(threads, "storefront") if timeout_seconds is not None else None
        self._breaker = _Breaker(failures_to_open, open_seconds)
        self._last: OrderedDict[str, UserList] = OrderedDict()
        self._remembered, self._lock = remembered, threading.Lock()

    def published(self) -> PublishedNight | None:
        """The live night; None before the first one."""
        try:
            tags = self._store.get_feature_service(RANKING, allow_cache=True).tags
        except FeatureServiceNotFoundException:
            return None
        return PublishedNight(date.fromisoformat(tags["as_of"]), tags["run_id"]) if "live_colour" in tags else None

    def user_list(self, user_id: str, segment: str | None = None, already_shown: Collection[str] = ()) -> UserList:
        """The shopper's list, else the segment's, else everyone's, without withdrawn items and those already shown."""
        wanted = [user_id, *([f"{_SEGMENT}{segment}"] if segment else []), f"{_SEGMENT}{EVERYONE}"]
        try:
            rows = self._ask(LIST, {"user_id": wanted})
        except StorefrontUnavailable:
            answer = self._from_memory(user_id)
        else:
            answer = self._answer(user_id, rows)
        hidden = set(already_shown)
        items = tuple(i for i in answer.items if i.item_id not in hidden and not self._is_withdrawn(i.item_id))
        return replace(answer, items=items)

    def boosts(self, item_ids: Sequence[str]) -> dict[str, float]:
        """Boost by item, in units of the score, to add to a score; items without one or withdrawn are left out."""
        rows = self._ask(BOOST, {"item_id": list(item_ids)}) if item_ids else []
        boosts = {row["item_id"]: row["item_exposure__boost"] for row in rows}
        return {item: boost for item, boost in boosts.items() if boost is not None and not self._is_withdrawn(item)}

    def reranked(self, relevance: Mapping[str, float]) -> list[tuple[str, float]]:
        """The service's own candidates by relevance + boost, best first, withdrawn ones left out."""
        boosts = self.boosts(list(relevance))
        scored = [
            (item, own + boosts.get(item, 0.0)) for item, own in relevance.items() if not self._is_withdrawn(item)
        ]
        return sorted(scored, key=lambda pair: -pair[1])

    def live_factors(self, item_ids: Sequence[str]) -> dict[str, float]:
        """What is left of each item's exposure today, 1 to 0; items that nothing is counted of today are left out."""
        rows = self._ask(LIVE, {"item_id": list(item_ids)}) if item_ids else []
        today = str(self._today())
        return {row["item_id"]: row["live_item__live_factor"] for row in rows if row["live_item__day"] == today}

    def with_live_factors(self, shown: UserList) -> UserList:
        """The list with every score times the item's live factor, in their order; items at their cap are left out.

        Where no stream has ever run, or the store is down, the list stays as it is.
        """
        try:
            factors = self.live_factors([item.item_id for item in shown.items])
        except (FeatureServiceNotFoundException, StorefrontUnavailable):
            return shown
        scored = [replace(item, score=item.score * factors.get(item.item_id, 1.0)) for item in shown.items]
        left = [item for item in scored if factors.get(item.item_id, 1.0) > 0]
        # Items drawn at random keep their places: a lower score must not undo the draw.
        drawn = [item.propensity < 1 for item in left]
        ranked = iter(sorted((i for i, random in zip(left, drawn, strict=True) if not random), key=lambda i: -i.score))
        order = (item if random else next(ranked) for item, random in zip(left, drawn, strict=True))
        return replace(shown, items=tuple(replace(item, rank=rank) for rank, item in enumerate(order, start=1)))

    def user(self, user_id: str) -> Row:
        """List and features of a shopper by `view__feature`; None for what is not there."""
        return self._ask(USER, {"user_id": [user_id]})[0]

    def items(self, item_ids: Sequence[str]) -> list[Row]:
        """Boost and features of items by `view__feature`; None for what is not there."""
        return self._ask(ITEM, {"item_id": list(item_ids)}) if item_ids else []

    def ranking(self, user_id: str, item_ids: Sequence[str]) -> list[Row]:
        """Everything about a shopper and each candidate, one row a candidate, by `view__feature`."""
        keys = {"user_id": [user_id] * len(item_ids), "item_id": list(item_ids)}
        return self._ask(RANKING, keys) if item_ids else []

    @staticmethod
    def exposure_events(
        shown: UserList,
        request_id: str,
        placement: str,
        items: Sequence[RankedItem] | None = None,
        at: datetime | None = None,
    ) -> list[Row]:
        """What to log when items of a list were seen: rows of the contract's table `events`.

        items: those seen, in the order on the page; all of the list when None. at: when, UTC; now when None.
        """
        moment = at or datetime.now(UTC)
        return [
            {
                "event_id": uuid.uuid5(uuid.NAMESPACE_OID, f"{request_id}/{placement}/{position}/{item.item_id}").hex,
                "user_id": shown.user_id,
                "item_id": item.item_id,
                "event_type": "exposure",
                "event_time": moment,
                "quantity": 0,
                "price": 0,
                "placement": placement,
                "position": position,
                "request_id": request_id,
                "propensity": item.propensity,
                "sample_weight": 1.0,
                "policy": shown.policy,
            }
            for position, item in enumerate(shown.items if items is None else items, start=1)
        ]

    def _answer(self, user_id: str, rows: list[Row]) -> UserList:
        """The first of the rows that has a list; it is remembered, and judged by its night's age."""
        row = next((row for row in rows if row["user_exposure__item_ids"] is not None), None)
        if row is None:
            return UserList(user_id, False, None, None, ())
        columns = ("scores", "relevances", "boosts", "propensities", "reasons")
        places = zip(row["user_exposure__item_ids"], *(row[f"user_exposure__{name}"] for name in columns), strict=True)
        items = tuple(RankedItem(rank, *place) for rank, place in enumerate(places, start=1))
        key: str = row["user_id"]
        own = "everyone" if key == f"{_SEGMENT}{EVERYONE}" else "segment"
        source: Source = "personal" if key == user_id else own  # type: ignore[assignment]
        as_of = date.fromisoformat(row["user_exposure__as_of"])
        version, policy = row["user_exposure__model_version"], row["user_exposure__policy"]
        # A night of before there were tests has no such column; of a list that is not personal it is empty.
        arm = row.get("user_exposure__arm") or None
        answer = UserList(user_id, key == user_id, as_of, version, items, source, policy, arm)
        self._remember(key, answer)
        if (self._today() - as_of).days <= self._max_age or self._on_stale == "serve":
            return answer
        if self._warned != as_of:
            self._warned = as_of
            _log.warning("the live night is that of %s, older than %s days", as_of, self._max_age)
        return answer if self._on_stale == "warn" else replace(answer, items=(), source="stale")

    def _remember(self, key: str, answer: UserList) -> None:
        with self._lock:
            self._last[key] = answer
            self._last.move_to_end(key)
            while len(self._last) > self._remembered:
                oldest = next(one for one in self._last if one != f"{_SEGMENT}{EVERYONE}")
                del self._last[oldest]

    def _from_memory(self, user_id: str) -> UserList:
        with self._lock:
            own, everyone = self._last.get(user_id), self._last.get(f"{_SEGMENT}{EVERYONE}")
        answer = own or everyone
        if answer is None:
            raise StorefrontUnavailable("The store does not answer, and no list is remembered.")
        return replace(answer, user_id=user_id, from_memory=True)

    def _ask(self, name: str, keys: Mapping[str, list[str]]) -> list[Row]:
        if not self._breaker.allows():
            raise StorefrontUnavailable("The store failed again and again; it is left alone for a while.")
        try:
            if self._pool is None:
                rows = self._read(name, keys)
            else:
                rows = self._pool.submit(self._read, name, keys).result(self._timeout)
        except FeatureServiceNotFoundException:
            raise
        except Exception as error:
            self._breaker.failed()
            raise StorefrontUnavailable(f"The store did not answer: {type(error).__name__}.") from error
        self._breaker.succeeded()
        return rows

    def _read(self, name: str, keys: Mapping[str, list[str]]) -> list[Row]:
        service = self._store.get_feature_service(name, allow_cache=True)
        answer = self._store.get_online_features(features=service, entity_rows=keys, full_feature_names=True).to_dict()
        return [dict(zip(answer, values, strict=True)) for values in zip(*answer.values(), strict=True)]


class _Breaker:
    """A circuit breaker: closed, open for a time after failures in a row, then one attempt decides."""

    def __init__(self, failures: int, open_seconds: float) -> None:
        self._limit, self._open_seconds = failures, open_seconds
        self._failures, self._until, self._lock = 0, 0.0, threading.Lock()

    def allows(self) -> bool:
        with self._lock:
            if self._failures < self._limit:
                return True
            if time.monotonic() < self._until:
                return False
            self._until = time.monotonic() + self._open_seconds  # this attempt alone, until it is judged
            return True

    def failed(self) -> None:
        with self._lock:
            self._failures += 1
            self._until = time.monotonic() + self._open_seconds

    def succeeded(self) -> None:
        with self._lock:
            self._failures = 0
