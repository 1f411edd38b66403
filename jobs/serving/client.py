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
from concurrent.futures import Future, ThreadPoolExecutor
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
_MOST_KEPT = 100  # lists of features' names that Feast may keep

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


class Boosts(dict[str, float]):
    """Boost by item, in units of the score. `as_of` is the night that they are of; None where none was asked for."""

    as_of: date | None = None


@dataclass(frozen=True)
class _Answer:
    """Rows by `view__feature`, and the night that they are of; None where nothing is published, or none is told."""

    rows: list[Row]
    as_of: date | None


class StorefrontClient:
    """Reads what Longtail published; safe to share between threads.

    timeout_seconds: a read that takes longer counts as failed; None waits for ever and calls Feast directly
    failures_to_open, open_seconds: after so many failed reads in a row the store is left alone for so long
    max_age_days, on_stale: what is of an older night is served, served with a warning in the log, or left out (no
    items, no boosts, None for every value but the keys and `as_of`); from the store and from memory alike
    is_withdrawn: asked for every item that is about to be given; True leaves it out
    remembered: how many shoppers' last answers are kept for when the store is down

    While the store is down lists come from memory: the shopper's last one, else the segment's, else everyone's; one
    that is not too old before one that is. `reranked` goes by relevance alone. Without any list, and for every other
    question, StorefrontUnavailable is raised: an unreachable store is not an empty list.
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
        self._readers = _Readers(threads)
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
            rows = self._ask(LIST, {"user_id": wanted}).rows
        except StorefrontUnavailable:
            answer = self._from_memory(user_id, wanted)
        else:
            answer = self._first_list(user_id, rows)
        if self._is_left_out(answer.as_of):
            return replace(answer, items=(), source="stale")
        hidden = set(already_shown)
        items = tuple(i for i in answer.items if i.item_id not in hidden and not self._is_withdrawn(i.item_id))
        return replace(answer, items=items)

    def boosts(self, item_ids: Sequence[str]) -> Boosts:
        """Boost by item, in units of the score, to add to a score; items without one or withdrawn are left out."""
        boosts = Boosts()
        if not item_ids:
            return boosts
        answer = self._ask(BOOST, {"item_id": list(item_ids)})
        boosts.as_of = answer.as_of
        if not self._is_left_out(answer.as_of):
            found = {row["item_id"]: row["item_exposure__boost"] for row in answer.rows}
            boosts.update({i: boost for i, boost in found.items() if boost is not None and not self._is_withdrawn(i)})
        return boosts

    def reranked(self, relevance: Mapping[str, float]) -> list[tuple[str, float]]:
        """The service's own candidates by relevance + boost, best first, withdrawn ones left out.

        By relevance alone where the boosts are left out for their age, or the store is down.
        """
        try:
            boosts = self.boosts(list(relevance))
        except StorefrontUnavailable:
            boosts = Boosts()
        scored = [
            (item, own + boosts.get(item, 0.0)) for item, own in relevance.items() if not self._is_withdrawn(item)
        ]
        return sorted(scored, key=lambda pair: -pair[1])

    def live_factors(self, item_ids: Sequence[str]) -> dict[str, float]:
        """What is left of each item's exposure today, 1 to 0; items that nothing is counted of today are left out."""
        rows = self._ask(LIVE, {"item_id": list(item_ids)}).rows if item_ids else []
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
        return self._rows(USER, {"user_id": [user_id]})[0]

    def items(self, item_ids: Sequence[str]) -> list[Row]:
        """Boost and features of items by `view__feature`, withdrawn ones left out; None for what is not there."""
        return self._of_items(self._rows(ITEM, {"item_id": list(item_ids)})) if item_ids else []

    def ranking(self, user_id: str, item_ids: Sequence[str]) -> list[Row]:
        """Everything about a shopper and each candidate that is not withdrawn, a row each, by `view__feature`."""
        keys = {"user_id": [user_id] * len(item_ids), "item_id": list(item_ids)}
        return self._of_items(self._rows(RANKING, keys)) if item_ids else []

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

    def _rows(self, name: str, keys: Mapping[str, list[str]]) -> list[Row]:
        answer = self._ask(name, keys)
        return [_without_values(row) for row in answer.rows] if self._is_left_out(answer.as_of) else answer.rows

    def _of_items(self, rows: list[Row]) -> list[Row]:
        return [row for row in rows if not self._is_withdrawn(row["item_id"])]

    def _first_list(self, user_id: str, rows: list[Row]) -> UserList:
        """The first of the rows that has a list; it is remembered. A shopper's own that is there no more is not."""
        row = next((row for row in rows if row["user_exposure__item_ids"] is not None), None)
        if row is None or row["user_id"] != user_id:
            with self._lock:
                self._last.pop(user_id, None)  # who left, or was forgotten, is not to come back from memory
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
        return answer

    def _is_left_out(self, as_of: date | None) -> bool:
        """Whether an answer of the night is not to be given for its age; the log is told once of each old night."""
        if as_of is None or self._may_be_served(as_of):
            return False
        if self._warned != as_of:
            self._warned = as_of
            _log.warning("the answers are of the night of %s, older than %s days", as_of, self._max_age)
        return self._on_stale == "fall_back"

    def _may_be_served(self, as_of: date | None) -> bool:
        return as_of is None or self._on_stale == "serve" or (self._today() - as_of).days <= self._max_age

    def _remember(self, key: str, answer: UserList) -> None:
        with self._lock:
            self._last[key] = answer
            self._last.move_to_end(key)
            everyone = f"{_SEGMENT}{EVERYONE}"
            while len(self._last) > self._remembered + (everyone in self._last):
                del self._last[next(one for one in self._last if one != everyone)]

    def _from_memory(self, user_id: str, keys: Sequence[str]) -> UserList:
        """The first remembered list of the keys that is not too old, else the first that is."""
        with self._lock:
            known = [self._last[key] for key in keys if key in self._last]
        if not known:
            raise StorefrontUnavailable("The store does not answer, and no list is remembered.")
        first = next((one for one in known if self._may_be_served(one.as_of)), known[0])
        return replace(first, user_id=user_id, from_memory=True)

    def _ask(self, name: str, keys: Mapping[str, list[str]]) -> _Answer:
        if not self._breaker.allows():
            raise StorefrontUnavailable("The store failed again and again; it is left alone for a while.")
        try:
            if self._timeout is None:
                answer = self._read(name, keys)
            else:
                answer = self._readers.result(lambda: self._read(name, keys), self._timeout)
        except FeatureServiceNotFoundException:
            raise
        except Exception as error:
            self._breaker.failed()
            raise StorefrontUnavailable(f"The store did not answer: {type(error).__name__}.") from error
        self._breaker.succeeded()
        return answer

    def _read(self, name: str, keys: Mapping[str, list[str]]) -> _Answer:
        # Feast keeps the names of a service's features anew for every reading of the registry, and never lets them go.
        if len(self._store._feature_service_cache) > _MOST_KEPT:
            self._store._feature_service_cache.clear()
        service = self._store.get_feature_service(name, allow_cache=True)
        answer = self._store.get_online_features(features=service, entity_rows=keys, full_feature_names=True).to_dict()
        rows = [dict(zip(answer, values, strict=True)) for values in zip(*answer.values(), strict=True)]
        return _Answer(rows, _night_of(rows, service.tags))


def _night_of(rows: list[Row], tags: Mapping[str, str]) -> date | None:
    """The night that the rows say they are of, else the one that the service says is live."""
    told = (row.get(f"{view}__as_of") for row in rows for view in ("user_exposure", "item_exposure"))
    first = next(filter(None, told), tags.get("as_of"))
    return date.fromisoformat(first) if first else None


def _without_values(row: Row) -> Row:
    kept = ("user_id", "item_id", "user_exposure__as_of", "item_exposure__as_of")
    return {name: value if name in kept else None for name, value in row.items()}


class _Readers:
    """Threads that read with a time limit. A read that is given up may hold its thread for as long as the store is
    silent; where such reads hold all of them, new threads take their place."""

    def __init__(self, threads: int) -> None:
        self._threads, self._lock = threads, threading.Lock()
        self._begin()

    def result(self, read: Callable[[], _Answer], seconds: float) -> _Answer:
        """What the read gives. Raises TimeoutError where it takes longer, and whatever it raises."""
        with self._lock:
            future, stuck = self._pool.submit(read), self._stuck
        try:
            return future.result(seconds)
        except TimeoutError:
            if not future.cancel():  # it had begun
                self._give_up(future, stuck)
            raise

    def _begin(self) -> None:
        self._pool = ThreadPoolExecutor(self._threads, "storefront")
        self._stuck: set[Future[_Answer]] = set()

    def _give_up(self, future: Future[_Answer], stuck: set[Future[_Answer]]) -> None:
        stuck.add(future)
        future.add_done_callback(stuck.discard)
        with self._lock:
            if stuck is self._stuck and len(stuck) >= self._threads:
                self._pool.shutdown(wait=False, cancel_futures=True)
                self._begin()


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
