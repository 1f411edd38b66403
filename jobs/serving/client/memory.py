"""The last answers, for times when the store is down."""

from __future__ import annotations

import threading
from collections import Counter, OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date

from .answers import Boosts, UserList
from .names import EVERYONE_KEY

MayBeServed = Callable[[date | None], bool]


class Memory:
    """Lists by key and boosts by item, the most recently read ones; safe to share between threads.

    lists, boosts: how many of each are kept; everyone's list is kept beyond the limit
    """

    def __init__(self, lists: int, boosts: int) -> None:
        self._most_lists, self._most_boosts = lists, boosts
        self._lists: OrderedDict[str, UserList] = OrderedDict()
        self._boosts: OrderedDict[str, tuple[date, float | None]] = OrderedDict()
        self._lock = threading.Lock()

    def keep_list(self, key: str, answer: UserList) -> None:
        """Remembers the list of a shopper or of a segment."""
        with self._lock:
            self._lists[key] = answer
            self._lists.move_to_end(key)
            while len(self._lists) > self._most_lists + (EVERYONE_KEY in self._lists):
                del self._lists[next(oldest for oldest in self._lists if oldest != EVERYONE_KEY)]

    def drop_list(self, key: str) -> None:
        """Drops a list that no longer exists: a forgotten shopper's list must not come back from memory."""
        with self._lock:
            self._lists.pop(key, None)

    def list_of(self, user_id: str, keys: Sequence[str], may_be_served: MayBeServed) -> UserList | None:
        """The first remembered list of the keys that is recent enough, else the first one; None without any."""
        with self._lock:
            remembered = [self._lists[key] for key in keys if key in self._lists]
        if not remembered:
            return None
        answer = next((answer for answer in remembered if may_be_served(answer.as_of)), remembered[0])
        return replace(answer, user_id=user_id, from_memory=True)

    def keep_boosts(self, as_of: date, boosts: Mapping[str, float | None]) -> None:
        """Remembers the boosts of a night; None for an item that has none."""
        with self._lock:
            for item, boost in boosts.items():
                self._boosts[item] = as_of, boost
                self._boosts.move_to_end(item)
            while len(self._boosts) > self._most_boosts:
                self._boosts.popitem(last=False)

    def boosts_of(self, items: Sequence[str], may_be_served: MayBeServed) -> Boosts | None:
        """The items' remembered boosts of one night: a recent enough one before others, then the one of most items.

        None where no item is remembered.
        """
        with self._lock:
            remembered = {item: self._boosts[item] for item in items if item in self._boosts}
        if not remembered:
            return None
        sizes = Counter(as_of for as_of, _ in remembered.values())
        night = max(sizes, key=lambda as_of: (may_be_served(as_of), sizes[as_of], as_of))
        answer = Boosts({i: boost for i, (as_of, boost) in remembered.items() if as_of == night and boost is not None})
        answer.as_of, answer.from_memory = night, True
        return answer
