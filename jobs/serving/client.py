"""A client of Longtail's online features for a ranking service. Copy this file: it needs only Feast.

    client = StorefrontClient("warehouse/feast/reader.yaml")
    shown = client.user_list("1234", segment="new", already_shown=["77"])   # the shopper's tail items, best first
    boosts = client.boosts(["1082185", "995242"])       # to add to the scores of any other list
    log(client.exposure_events(shown, request_id="r-1", placement="tail_shelf"))

Longtail publishes a night at once, so an answer always comes from a single night. The feature service names the live
copy of the data: every request resolves the service again, because a service object held over keeps reading yesterday's
copy.
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

# Feast's feature services.
RANKING = "storefront_ranking"  # a shopper and items: list, boosts, features of both
USER = "storefront_user"  # a shopper: list and features
ITEM = "storefront_item"  # an item: boost and features
LIST = "storefront_list"  # a shopper's list without features: many times faster to read
BOOST = "storefront_boost"  # an item's boost without features
LIVE = "storefront_live"  # an item's counts of the day so far
# Feast's feature views; a row names its values `view__feature`.
USER_EXPOSURE_VIEW = "user_exposure"
ITEM_EXPOSURE_VIEW = "item_exposure"
USER_FEATURES_VIEW = "user_features"
ITEM_FEATURES_VIEW = "item_features"
LIVE_ITEM_VIEW = "live_item"

EVERYONE = "everyone"  # the segment whose fallback list suits any shopper
SEGMENT_PREFIX = "segment:"  # of the keys of fallback lists, which stand where a user_id does
_MOST_CACHED = 100  # entries in Feast's cache of feature names

Row = dict[str, Any]
OnStale = Literal["serve", "warn", "fall_back"]
Source = Literal["personal", "segment", "everyone", "stale", "none"]

_ARRAYS = ("item_ids", "scores", "relevances", "boosts", "propensities", "reasons")  # as the fields of RankedItem
_AS_OF_COLUMNS = (f"{USER_EXPOSURE_VIEW}__as_of", f"{ITEM_EXPOSURE_VIEW}__as_of")

_log = logging.getLogger("longtail.storefront")


class StorefrontUnavailable(RuntimeError):  # noqa: N818 - the name states the condition
    """The store failed or timed out, and no answer is remembered."""


@dataclass(frozen=True)
class PublishedNight:
    """The live night: its date and the run that published it."""

    as_of: date
    run_id: str


@dataclass(frozen=True)
class RankedItem:
    """One place of a list.

    score: value + boost, in units of response probability where the value is the relevance alone
    propensity: probability that the list contains the item; log it with every exposure
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
    """A shopper's items, best first.

    known: whether the live night has a personal list for the shopper
    source: 'personal', the fallback list of the 'segment' or of 'everyone'; 'stale' and 'none' have no items
    policy: the plan that made the list
    arm: the shopper's arm of the running A/B test, None without a test
    from_memory: an earlier answer, because the store is down
    run_id: the run that planned the list
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
    run_id: str | None = None


class Boosts(dict[str, float]):
    """Boosts by item, in units of the score; `as_of` is their night, None when no item was requested."""

    as_of: date | None = None


@dataclass(frozen=True)
class _Answer:
    """Rows by `view__feature`, and their night: None where nothing is published, and for live counts."""

    rows: list[Row]
    as_of: date | None


class StorefrontClient:
    """Reads what Longtail published; safe to share between threads.

    timeout_seconds: a slower read counts as failed; None waits without a limit, in the caller's thread
    failures_to_open, open_seconds: after this many failed reads in a row, no read is tried for this long
    max_age_days, on_stale: what to do with an older night: serve it, serve it and log a warning ('warn'), or leave it
        out ('fall_back': no items, no boosts, None for every value but the keys and `as_of`); applies to answers of
        the store and from memory
    is_withdrawn: called for every item of an answer; items for which it returns True are left out
    remembered: number of shoppers whose last list is kept for times when the store is down

    While the store is down, lists come from memory: the shopper's last one, else the segment's, else everyone's; a
    list within max_age_days goes before an older one. `reranked` then orders by relevance alone. Without a remembered
    list, and for every other question, StorefrontUnavailable is raised: a failed store is not an empty list.
    """

    def __init__(
        self,
        store: str | Path | FeatureStore,
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
        """Opens the store by its file of settings, reader.yaml. Raises FileNotFoundError where it does not exist."""
        self._store = store if isinstance(store, FeatureStore) else FeatureStore(fs_yaml_file=Path(store))
        self._timeout, self._is_withdrawn, self._today = timeout_seconds, is_withdrawn, today
        self._max_age, self._on_stale, self._warned = max_age_days, on_stale, date.min
        self._readers = _Readers(threads)
        self._breaker = _Breaker(failures_to_open, open_seconds)
        self._last: OrderedDict[str, UserList] = OrderedDict()
        self._remembered, self._lock = remembered, threading.Lock()

    def published(self) -> PublishedNight | None:
        """The live night, None before the first publish."""
        try:
            tags = self._store.get_feature_service(RANKING, allow_cache=True).tags
        except FeatureServiceNotFoundException:
            return None
        return PublishedNight(date.fromisoformat(tags["as_of"]), tags["run_id"]) if "live_colour" in tags else None

    def user_list(self, user_id: str, segment: str | None = None, already_shown: Collection[str] = ()) -> UserList:
        """The shopper's list, else the segment's, else everyone's, without withdrawn and already shown items."""
        wanted = [user_id, *([f"{SEGMENT_PREFIX}{segment}"] if segment else []), f"{SEGMENT_PREFIX}{EVERYONE}"]
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
        """Boosts to add to the items' scores; items that have none or are withdrawn are left out."""
        boosts = Boosts()
        if not item_ids:
            return boosts
        answer = self._ask(BOOST, {"item_id": list(item_ids)})
        boosts.as_of = answer.as_of
        if not self._is_left_out(answer.as_of):
            by_item = {row["item_id"]: row[f"{ITEM_EXPOSURE_VIEW}__boost"] for row in answer.rows}
            boosts.update({i: boost for i, boost in by_item.items() if boost is not None and not self._is_withdrawn(i)})
        return boosts

    def reranked(self, relevance: Mapping[str, float]) -> list[tuple[str, float]]:
        """The service's own candidates with relevance + boost, best first, withdrawn ones left out.

        Relevance alone counts where the boosts are too old or the store is down.
        """
        try:
            boosts = self.boosts(list(relevance))
        except StorefrontUnavailable:
            boosts = Boosts()
        scored = [
            (item, value + boosts.get(item, 0.0)) for item, value in relevance.items() if not self._is_withdrawn(item)
        ]
        return sorted(scored, key=lambda pair: -pair[1])

    def live_factors(self, item_ids: Sequence[str]) -> dict[str, float]:
        """Factors of scores for the rest of the day, 1 to 0 at an item's cap; items without counts are left out."""
        rows = self._ask(LIVE, {"item_id": list(item_ids)}).rows if item_ids else []
        today = str(self._today())
        return {
            row["item_id"]: row[f"{LIVE_ITEM_VIEW}__live_factor"]
            for row in rows
            if row[f"{LIVE_ITEM_VIEW}__day"] == today
        }

    def with_live_factors(self, shown: UserList) -> UserList:
        """The list with every score multiplied by the item's live factor and sorted again, without items at their cap.

        The list stays as it is where no stream has ever run or the store is down.
        """
        try:
            factors = self.live_factors([item.item_id for item in shown.items])
        except (FeatureServiceNotFoundException, StorefrontUnavailable):
            return shown
        scored = [replace(item, score=item.score * factors.get(item.item_id, 1.0)) for item in shown.items]
        left = [item for item in scored if factors.get(item.item_id, 1.0) > 0]
        # Randomly drawn items keep their places: sorting by score would undo the draw.
        drawn = [item.propensity < 1 for item in left]
        ranked = iter(sorted((i for i, random in zip(left, drawn, strict=True) if not random), key=lambda i: -i.score))
        order = (item if random else next(ranked) for item, random in zip(left, drawn, strict=True))
        return replace(shown, items=tuple(replace(item, rank=rank) for rank, item in enumerate(order, start=1)))

    def user(self, user_id: str) -> Row:
        """List and features of a shopper by `view__feature`, None where there is no value."""
        return self._rows(USER, {"user_id": [user_id]})[0]

    def items(self, item_ids: Sequence[str]) -> list[Row]:
        """Boost and features of items by `view__feature`, withdrawn ones left out; None where there is no value."""
        return self._not_withdrawn(self._rows(ITEM, {"item_id": list(item_ids)})) if item_ids else []

    def ranking(self, user_id: str, item_ids: Sequence[str]) -> list[Row]:
        """One row for each candidate that is not withdrawn: all values of shopper and item by `view__feature`."""
        keys = {"user_id": [user_id] * len(item_ids), "item_id": list(item_ids)}
        return self._not_withdrawn(self._rows(RANKING, keys)) if item_ids else []

    @staticmethod
    def exposure_events(
        shown: UserList,
        request_id: str,
        placement: str,
        items: Sequence[RankedItem] | None = None,
        at: datetime | None = None,
    ) -> list[Row]:
        """Rows of the contract's table `events` to log when a shopper has seen items of a list.

        items: the items seen, in page order (default: the complete list)
        at: when, UTC (default: now)
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
                "list_as_of": shown.as_of,
                "list_run_id": shown.run_id,
                "list_rank": item.rank,
            }
            for position, item in enumerate(shown.items if items is None else items, start=1)
        ]

    def _rows(self, name: str, keys: Mapping[str, list[str]]) -> list[Row]:
        answer = self._ask(name, keys)
        return [_without_values(row) for row in answer.rows] if self._is_left_out(answer.as_of) else answer.rows

    def _not_withdrawn(self, rows: list[Row]) -> list[Row]:
        return [row for row in rows if not self._is_withdrawn(row["item_id"])]

    def _first_list(self, user_id: str, rows: list[Row]) -> UserList:
        """The first row's list that exists; remembers it, and forgets a personal list that no longer exists."""
        row = next((row for row in rows if row[f"{USER_EXPOSURE_VIEW}__item_ids"] is not None), None)
        if row is None or row["user_id"] != user_id:
            with self._lock:
                self._last.pop(user_id, None)  # a forgotten shopper's list must not come back from memory
        if row is None:
            return UserList(user_id, False, None, None, ())
        prefix = f"{USER_EXPOSURE_VIEW}__"
        values = {name.removeprefix(prefix): value for name, value in row.items() if name.startswith(prefix)}
        places = zip(*(values[name] for name in _ARRAYS), strict=True)
        items = tuple(RankedItem(rank, *place) for rank, place in enumerate(places, start=1))
        key: str = row["user_id"]
        fallback: Source = "everyone" if key == f"{SEGMENT_PREFIX}{EVERYONE}" else "segment"
        answer = UserList(
            user_id,
            known=key == user_id,
            as_of=date.fromisoformat(values["as_of"]),
            model_version=values["model_version"],
            items=items,
            source="personal" if key == user_id else fallback,
            policy=values["policy"],
            run_id=values["run_id"],
            arm=values.get("arm") or None,  # empty in a fallback list, missing from nights older than A/B tests
        )
        self._remember(key, answer)
        return answer

    def _is_left_out(self, as_of: date | None) -> bool:
        """Whether an answer of the night is withheld for its age; logs a warning once for each old night."""
        if as_of is None or self._may_be_served(as_of):
            return False
        if self._warned != as_of:
            self._warned = as_of
            _log.warning("answers come from the night of %s, older than %s days", as_of, self._max_age)
        return self._on_stale == "fall_back"

    def _may_be_served(self, as_of: date | None) -> bool:
        return as_of is None or self._on_stale == "serve" or (self._today() - as_of).days <= self._max_age

    def _remember(self, key: str, answer: UserList) -> None:
        with self._lock:
            self._last[key] = answer
            self._last.move_to_end(key)
            everyone = f"{SEGMENT_PREFIX}{EVERYONE}"
            while len(self._last) > self._remembered + (everyone in self._last):
                del self._last[next(oldest for oldest in self._last if oldest != everyone)]

    def _from_memory(self, user_id: str, keys: Sequence[str]) -> UserList:
        """The first remembered list of the keys that is recent enough, else the first one."""
        with self._lock:
            remembered = [self._last[key] for key in keys if key in self._last]
        if not remembered:
            raise StorefrontUnavailable("The store does not answer, and no list is remembered.")
        answer = next((answer for answer in remembered if self._may_be_served(answer.as_of)), remembered[0])
        return replace(answer, user_id=user_id, from_memory=True)

    def _ask(self, name: str, keys: Mapping[str, list[str]]) -> _Answer:
        if not self._breaker.allows():
            raise StorefrontUnavailable("The store failed repeatedly, so the circuit breaker is open.")
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
        # Feast caches a service's feature names again with every refresh of the registry and never evicts them.
        if len(self._store._feature_service_cache) > _MOST_CACHED:
            self._store._feature_service_cache.clear()
        service = self._store.get_feature_service(name, allow_cache=True)
        answer = self._store.get_online_features(features=service, entity_rows=keys, full_feature_names=True).to_dict()
        rows = [dict(zip(answer, values, strict=True)) for values in zip(*answer.values(), strict=True)]
        return _Answer(rows, _night_of(rows, service.tags))


def _night_of(rows: list[Row], tags: Mapping[str, str]) -> date | None:
    """The night that the rows name, else the live night of the service's tags."""
    of_rows = (row.get(column) for row in rows for column in _AS_OF_COLUMNS)
    night = next(filter(None, of_rows), tags.get("as_of"))
    return date.fromisoformat(night) if night else None


def _without_values(row: Row) -> Row:
    shown = ("user_id", "item_id", *_AS_OF_COLUMNS)
    return {name: value if name in shown else None for name, value in row.items()}


class _Readers:
    """Threads that read with a time limit.

    An abandoned read holds its thread as long as the store hangs; once such reads hold every thread, a new pool
    replaces the old one.
    """

    def __init__(self, threads: int) -> None:
        self._threads, self._lock = threads, threading.Lock()
        self._begin()

    def result(self, read: Callable[[], _Answer], seconds: float) -> _Answer:
        """The read's result. Raises TimeoutError when it takes longer than `seconds`, and whatever it raises itself."""
        with self._lock:
            future, stuck = self._pool.submit(read), self._stuck
        try:
            return future.result(seconds)
        except TimeoutError:
            if not future.cancel():  # a thread runs it already
                self._abandon(future, stuck)
            raise

    def _begin(self) -> None:
        self._pool = ThreadPoolExecutor(self._threads, "storefront")
        self._stuck: set[Future[_Answer]] = set()

    def _abandon(self, future: Future[_Answer], stuck: set[Future[_Answer]]) -> None:
        stuck.add(future)
        future.add_done_callback(stuck.discard)
        with self._lock:
            if stuck is self._stuck and len(stuck) >= self._threads:
                self._pool.shutdown(wait=False, cancel_futures=True)
                self._begin()


class _Breaker:
    """A circuit breaker: opens for a time after consecutive failures, then one trial read decides."""

    def __init__(self, failures: int, open_seconds: float) -> None:
        self._limit, self._open_seconds = failures, open_seconds
        self._failures, self._until, self._lock = 0, 0.0, threading.Lock()

    def allows(self) -> bool:
        with self._lock:
            if self._failures < self._limit:
                return True
            if time.monotonic() < self._until:
                return False
            self._until = time.monotonic() + self._open_seconds  # only this read, until its outcome is known
            return True

    def failed(self) -> None:
        with self._lock:
            self._failures += 1
            self._until = time.monotonic() + self._open_seconds

    def succeeded(self) -> None:
        with self._lock:
            self._failures = 0
