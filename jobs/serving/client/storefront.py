"""The client: lists, boosts and features of the live night, and what it answers while the store is down."""

from __future__ import annotations

import copy
import logging
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

from feast import FeatureStore
from feast.errors import FeatureServiceNotFoundException

from .answers import Boosts, OnStale, PublishedNight, RankedItem, Row, UserList, exposure_rows, list_of_row, with_items
from .arguments import ids, one_id, optional_id
from .breaker import Breaker
from .call_statistics import Statistics
from .failures import StorefrontUnavailable
from .memory import Memory
from .names import (
    BOOST,
    EVERYONE_KEY,
    ITEM,
    ITEM_EXPOSURE_VIEW,
    LIST,
    LIVE,
    LIVE_ITEM_VIEW,
    NEIGHBOURS,
    RANKING,
    SEGMENT_PREFIX,
    USER,
    USER_EXPOSURE_VIEW,
)
from .reading import AS_OF_COLUMNS, Answer, Limits, Reading
from .sessions import neighbours_of, newest_different, session_lifts, with_lifts

_KEYS = ("user_id", "item_id", *AS_OF_COLUMNS)  # what is left of a row whose night is too old

_log = logging.getLogger("longtail.storefront")


class StorefrontClient:
    """Reads what Longtail published; safe to share between threads.

    timeout_seconds: a call that takes longer, with all its tries, counts as failed; None waits without a limit, in the
        caller's thread
    retries: further tries of a call that the store failed, within its time and without a pause
    failures_to_open, open_seconds: after this many failed calls in a row, the store is left alone for this long
    max_age_days, on_stale: what to do with an older night: serve it, serve it and log a warning ('warn'), or leave it
        out ('fall_back': no items, no boosts, None for every value but the keys and `as_of`); applies to answers of
        the store and from memory
    is_withdrawn: called for every item of an answer; items for which it returns True are left out
    remembered: number of shoppers whose last list is kept for times when the store is down
    remembered_boosts: number of items whose last boost is kept for them

    While the store is down, lists come from memory: the shopper's last one, else the segment's, else everyone's; a
    list within max_age_days goes before an older one. Boosts come from memory, those of one night. Where nothing is
    remembered, and for every other question, StorefrontUnavailable is raised: a failed store is not an empty list.

    An id that is not a text raises TypeError, before the store is asked. Only failures and time-outs of the store count
    for the circuit breaker. It logs when it opens and closes, to `longtail.storefront`.
    """

    def __init__(
        self,
        store: str | Path | FeatureStore,
        *,
        timeout_seconds: float | None = 1.0,
        retries: int = 0,
        failures_to_open: int = 5,
        open_seconds: float = 10.0,
        max_age_days: int = 2,
        on_stale: OnStale = "warn",
        is_withdrawn: Callable[[str], bool] = lambda item_id: False,
        remembered: int = 10_000,
        remembered_boosts: int = 100_000,
        threads: int = 4,
        today: Callable[[], date] = lambda: datetime.now(UTC).date(),
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """Opens the store by its file of settings, reader.yaml. Raises FileNotFoundError where it does not exist."""
        opened = store if isinstance(store, FeatureStore) else FeatureStore(fs_yaml_file=Path(store))
        self._limits = Limits(timeout_seconds, retries)
        self._reading = Reading(opened, threads, Breaker(failures_to_open, open_seconds))
        self._memory = Memory(remembered, remembered_boosts)
        self._is_withdrawn, self._today, self._now = is_withdrawn, today, now
        self._max_age, self._on_stale, self._warned = max_age_days, on_stale, date.min

    def with_limits(self, timeout_seconds: float | None, retries: int = 0) -> StorefrontClient:
        """The same client with other limits of a call; store, memory, breaker and statistics are shared with this one.

        Raises ValueError for a limit that is not above 0, or negative retries.
        """
        other = copy.copy(self)
        other._limits = Limits(timeout_seconds, retries)
        return other

    def stats(self) -> Statistics:
        """Counts and latencies of the calls by Feast service, and how often the circuit breaker opened and closed."""
        breaker = self._reading.breaker
        return Statistics(self._reading.calls.by_service(), breaker.opened, breaker.closed, breaker.is_open)

    def published(self) -> PublishedNight | None:
        """The live night, None before the first publish. Raises StorefrontUnavailable where the store is down."""
        try:
            return self._reading.published(self._limits)
        except FeatureServiceNotFoundException:
            return None

    def user_list(
        self, user_id: str | None, segment: str | None = None, already_shown: Collection[str] = ()
    ) -> UserList:
        """The shopper's list, else the segment's, else everyone's, without withdrawn and already shown items.

        user_id: None or '' for a visitor without an id
        """
        user, hidden = optional_id(user_id, "user_id"), set(ids(already_shown, "already_shown"))
        of_segment = optional_id(segment, "segment")
        wanted = [*([user] if user else []), *([f"{SEGMENT_PREFIX}{of_segment}"] if of_segment else []), EVERYONE_KEY]
        try:
            rows = self._ask(LIST, {"user_id": wanted}).rows
        except StorefrontUnavailable as error:
            remembered = self._memory.list_of(user, wanted, self._may_be_served)
            if remembered is None:
                raise StorefrontUnavailable("The store does not answer, and no list is remembered.") from error
            answer = remembered
            self._reading.calls.count(LIST, "from_memory")
        else:
            answer = self._first_list(user, rows)
        if self._is_left_out(answer.as_of):
            return replace(answer, items=(), source="stale")
        items = tuple(i for i in answer.items if i.item_id not in hidden and not self._is_withdrawn(i.item_id))
        return replace(answer, items=items)

    def session_list(
        self,
        user_id: str | None,
        recent_items: Sequence[str],
        segment: str | None = None,
        already_shown: Collection[str] = (),
    ) -> UserList:
        """`user_list`, sorted again by what the shopper viewed, put into the cart or bought in this session.

        The value of an item is multiplied by how much likelier sessions with the recent items hold it; then live
        factors apply, as in `with_live_factors`. The items are those of the list, so that what may be shown stays as
        planned; randomly drawn ones keep their places, and all their ranks and propensities. Where the neighbours of a
        recent item are known, `order` of the answer is 'session', which `exposure_events` logs.

        recent_items: the newest first, of which the first ten count; unknown ones are ignored
        already_shown: left out, as for `user_list`; name here what the shopper just bought

        All reads together take as long as one call may. Where the store fails after the list was read, or the nights
        write no neighbours, the answer is the list with what could be read; in an outage it is the list from memory.
        """
        recent, started = newest_different(ids(recent_items, "recent_items")), time.monotonic()
        shown = self.user_list(user_id, segment, already_shown)
        if shown.from_memory or not shown.items:
            return shown
        if recent and (client := self._for_the_rest_of(started)):
            lifts = client._session_lifts([item.item_id for item in shown.items], recent)
            if lifts:
                shown = replace(with_items(shown, with_lifts(shown.items, lifts)), order="session")
        client = self._for_the_rest_of(started)
        return client.with_live_factors(shown) if client else shown

    def boosts(self, item_ids: Sequence[str]) -> Boosts:
        """Boosts to add to the items' scores; items that have none or are withdrawn are left out."""
        items = ids(item_ids, "item_ids")
        if not items:
            return Boosts()
        try:
            answer = self._read_boosts(items)
        except StorefrontUnavailable:
            remembered = self._memory.boosts_of(items, self._may_be_served)
            if remembered is None:
                raise
            answer = remembered
            self._reading.calls.count(BOOST, "from_memory")
        out = set(answer) if self._is_left_out(answer.as_of) else {i for i in answer if self._is_withdrawn(i)}
        for item in out:
            del answer[item]
        return answer

    def reranked(self, relevance: Mapping[str, float]) -> list[tuple[str, float]]:
        """The service's own candidates with relevance + boost, best first, withdrawn ones left out.

        Relevance alone counts where the boosts are too old, or the store is down and none is remembered.
        """
        try:
            boosts = self.boosts(list(relevance))
        except StorefrontUnavailable:
            boosts = Boosts()
        scored = [
            (item, value + boosts.get(item, 0.0)) for item, value in relevance.items() if not self._is_withdrawn(item)
        ]
        return sorted(scored, key=lambda pair: -pair[1])

    def live_factors(self, item_ids: Sequence[str], as_of: date | None = None) -> dict[str, float]:
        """Factors of scores in a night's lists, 1 to 0 at an item's cap; items that have none now are left out.

        as_of: the night of the lists (default: the live night)
        """
        items = ids(item_ids, "item_ids")
        rows = self._ask(LIVE, {"item_id": items}).rows if items else []
        if rows and as_of is None:
            live = self.published()
            as_of = live.as_of if live else None
        factors = {}
        for row in rows:
            live_item = {name.removeprefix(f"{LIVE_ITEM_VIEW}__"): value for name, value in row.items()}
            until = live_item.get("until")  # missing until a stream has counted that knows of nights
            if until and live_item["night"] == str(as_of) and self._now() < datetime.fromisoformat(until):
                factors[row["item_id"]] = live_item["live_factor"]
        return factors

    def with_live_factors(self, shown: UserList) -> UserList:
        """The list with every score multiplied by the item's live factor and sorted again, without items at their cap.

        Every item keeps its rank, by which its propensity holds. The list stays as it is where no stream has ever run
        or the store is down.
        """
        try:
            factors = self.live_factors([item.item_id for item in shown.items], shown.as_of)
        except (FeatureServiceNotFoundException, StorefrontUnavailable):
            return shown
        scored = [replace(item, score=item.score * factors.get(item.item_id, 1.0)) for item in shown.items]
        left = [item for item in scored if factors.get(item.item_id, 1.0) > 0]
        return with_items(shown, left)

    def user(self, user_id: str) -> Row:
        """List and features of a shopper by `view__feature`, None where there is no value."""
        return self._rows(USER, {"user_id": [one_id(user_id, "user_id")]})[0]

    def items(self, item_ids: Sequence[str]) -> list[Row]:
        """Boost and features of items by `view__feature`, withdrawn ones left out; None where there is no value."""
        items = ids(item_ids, "item_ids")
        return self._not_withdrawn(self._rows(ITEM, {"item_id": items})) if items else []

    def ranking(self, user_id: str, item_ids: Sequence[str]) -> list[Row]:
        """One row for each candidate that is not withdrawn: all values of shopper and item by `view__feature`."""
        user, items = one_id(user_id, "user_id"), ids(item_ids, "item_ids")
        keys = {"user_id": [user] * len(items), "item_id": items}
        return self._not_withdrawn(self._rows(RANKING, keys)) if items else []

    @staticmethod
    def exposure_events(
        shown: UserList,
        request_id: str,
        placement: str,
        items: Sequence[RankedItem] | None = None,
        at: datetime | None = None,
        visitor_id: str | None = None,
    ) -> list[Row]:
        """Rows of the contract's table `events` to log when a shopper or a guest has seen items of a list.

        No rows for a guest without visitor_id, since an event of the contract names its shopper or its visitor.

        items: the items seen, in page order (default: the complete list)
        at: when, UTC (default: now)
        visitor_id: the browser, device or card, which a shopper's rows name as well: they identify the visitor as the
            shopper. Raises TypeError for anything but a text or None
        """
        visitor = optional_id(visitor_id, "visitor_id")
        return exposure_rows(shown, request_id, placement, items, at, visitor)

    def _for_the_rest_of(self, started: float) -> StorefrontClient | None:
        """The client with what is left of the time of a call that started then, None where nothing is."""
        limit = self._limits.timeout_seconds
        if limit is None:
            return self
        left = limit - (time.monotonic() - started)
        return self.with_limits(left, self._limits.retries) if left > 0 else None

    def _session_lifts(self, items: Sequence[str], recent: list[str]) -> dict[str, float]:
        """Lifts of the items by the recent ones; none where the store is down or serves no neighbours."""
        try:
            rows = self._ask(NEIGHBOURS, {"item_id": recent}).rows
        except (FeatureServiceNotFoundException, StorefrontUnavailable):
            return {}
        return session_lifts(items, recent, neighbours_of(rows))

    def _ask(self, service: str, keys: Mapping[str, list[str]]) -> Answer:
        return self._reading.rows(service, keys, self._limits)

    def _read_boosts(self, items: list[str]) -> Boosts:
        read = self._ask(BOOST, {"item_id": items})
        by_item = {row["item_id"]: row[f"{ITEM_EXPOSURE_VIEW}__boost"] for row in read.rows}
        if read.as_of is not None:
            self._memory.keep_boosts(read.as_of, by_item)
        boosts = Boosts({item: boost for item, boost in by_item.items() if boost is not None})
        boosts.as_of = read.as_of
        return boosts

    def _rows(self, service: str, keys: Mapping[str, list[str]]) -> list[Row]:
        answer = self._ask(service, keys)
        if not self._is_left_out(answer.as_of):
            return answer.rows
        return [{name: value if name in _KEYS else None for name, value in row.items()} for row in answer.rows]

    def _not_withdrawn(self, rows: list[Row]) -> list[Row]:
        return [row for row in rows if not self._is_withdrawn(row["item_id"])]

    def _first_list(self, user_id: str, rows: list[Row]) -> UserList:
        """The first row's list that exists; remembers it, and drops a remembered personal list that is gone."""
        row = next((row for row in rows if row[f"{USER_EXPOSURE_VIEW}__item_ids"] is not None), None)
        if row is None or row["user_id"] != user_id:
            self._memory.drop_list(user_id)
        if row is None:
            return UserList(user_id, False, None, None, ())
        answer = list_of_row(row, user_id)
        self._memory.keep_list(row["user_id"], answer)
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
