"""Plays the needs of a browsing world's shoppers: sessions, views, carts, searches, purchases, regrets, log-ins."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from model.simulation.browsing import BrowsingWorld
from model.simulation.event_log import (
    CART,
    FAVOURITE,
    KINDS,
    LOW_RATING,
    PURCHASE,
    RETURN,
    SEARCH,
    VIEW,
    EventLog,
    Events,
)

_MINUTE = 1.0 / 1440.0
_WHIM = 0.8  # standard deviation of what a single need adds to the utility of an item
_BAD = 1.0  # utility that a bad item lacks, since others' reviews say so
_DECISIVE = 2.0  # utilities count so much more in the choice of what to buy than of what to view


@dataclass
class _Rows:
    """Rows of events by kind, in parts."""

    parts: dict[str, list[tuple[np.ndarray, np.ndarray, np.ndarray]]]

    def add(self, kind: str, device: np.ndarray, item: np.ndarray, time: np.ndarray) -> None:
        self.parts[kind].append((device, item, time))

    def columns(self, kind: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        empty = [(np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64), np.zeros(0))]
        device, item, time = zip(*(self.parts[kind] or empty), strict=True)
        return np.concatenate(device), np.concatenate(item), np.concatenate(time)


def browse(world: BrowsingWorld, days: float, seed: int) -> EventLog:
    """The events of `days` days. Equal worlds and seeds give equal logs.

    Rounds play the first need of every shopper, then the second, and so on, since a regret changes later needs alone.
    """
    random = np.random.default_rng([seed, 20])
    devices = 1 + random.poisson(0.4, world.users)
    owner = np.repeat(np.arange(world.users), devices)
    first_device = np.cumsum(devices) - devices
    of_type = _items_by_type(world)
    averse = np.zeros(world.disliked.shape, dtype=bool)
    rows, logins = _Rows({kind: [] for kind in KINDS}), [(np.zeros(0, dtype=np.int64), np.zeros(0))]
    queries: dict[str, int] = {}
    for user, start in _needs(world, days, random):
        need = _Need(world, user, start, of_type, averse, random)
        sessions = _sessions(world, user, start, devices, first_device, random)
        _views(world, need, sessions, rows, random)
        _searches(world, need, sessions, rows, queries, random)
        bought = _purchase(world, need, sessions, rows, random)
        logins += [sessions.logins(world, random), bought]
        averse |= need.averse_after
    device, time = (np.concatenate(column) for column in zip(*logins, strict=True))
    identified = np.full(len(owner), np.inf)
    np.minimum.at(identified, device, time)
    identified[world.guest[owner]] = np.inf
    events = {kind: Events.of(*rows.columns(kind)) for kind in KINDS}
    inside = {kind: of_kind.where(of_kind.time < days) for kind, of_kind in events.items()}
    return EventLog(inside, owner, identified, tuple(queries))


def _needs(world: BrowsingWorld, days: float, random: np.random.Generator) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """(shoppers, start in days) of each round, every shopper's needs in the order of time."""
    number = random.poisson(world.needs * days)
    user = np.repeat(np.arange(world.users), number)
    start = random.uniform(0, days, len(user))
    order = np.lexsort((start, user))
    user, start = user[order], start[order]
    turn = np.arange(len(user)) - np.searchsorted(user, user)
    for place in range(int(number.max(initial=0))):
        now = turn == place
        yield user[now], start[now]


def _items_by_type(world: BrowsingWorld) -> np.ndarray:
    """int (types, most items of a type): items of each type, -1 where there are fewer."""
    types = world.type_share.shape[1]
    count = np.bincount(world.item_type, minlength=types)
    order = np.argsort(world.item_type, kind="stable")
    place = np.arange(world.items) - np.repeat(np.cumsum(count) - count, count)
    table = np.full((types, int(count.max())), -1)
    table[world.item_type[order], place] = order
    return table


class _Need:
    """One need of each of n shoppers: items of the type [n, p], and how much the shopper wants each this time."""

    def __init__(
        self, world: BrowsingWorld, user: np.ndarray, start: np.ndarray, of_type: np.ndarray, averse: np.ndarray,
        random: np.random.Generator,
    ) -> None:  # fmt: skip
        line = np.cumsum(world.type_share[user], axis=1)
        kind = np.minimum((random.random(len(user))[:, None] * line[:, -1:] > line).sum(axis=1), line.shape[1] - 1)
        self.user, self.item = user, of_type[kind]
        arrived = (self.item >= 0) & (world.arrives[self.item] <= start[:, None])
        wanted = world.utility(user[:, None], self.item) + _WHIM * random.normal(size=self.item.shape)
        wanted -= world.habits.aversion * averse[user[:, None], world.brand[self.item]]
        wanted -= _BAD * world.bad[self.item]
        self.wanted = np.where(arrived, wanted, -np.inf)
        self.open = arrived.any(axis=1)
        self.averse_after = np.zeros_like(averse)
        self.seen = (np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64))  # need and place of each view

    def draw(self, need: np.ndarray, sharpness: float, random: np.random.Generator) -> np.ndarray:
        """int: places among the items of these needs, drawn in proportion to exp(sharpness * wanted)."""
        wanted = sharpness * self.wanted[need]
        # The largest of wanted + Gumbel noise is a draw of the softmax.
        return np.asarray(np.argmax(wanted + random.gumbel(size=wanted.shape), axis=1))

    def closeness(self, need: np.ndarray, place: np.ndarray) -> np.ndarray:
        """float64 in (0, 1]: 1 for the most wanted item of the need."""
        return np.asarray(np.exp(self.wanted[need, place] - self.wanted[need].max(axis=1)))


@dataclass(frozen=True)
class _Sessions:
    """need, device: int (sessions); time: float64 (sessions), start in days; last: int (needs), its last session."""

    need: np.ndarray
    device: np.ndarray
    time: np.ndarray
    last: np.ndarray

    def logins(self, world: BrowsingWorld, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """(device, time) of the sessions with a log-in, in their tenth minute."""
        some = random.random(len(self.need)) < world.habits.login
        return self.device[some], self.time[some] + 10 * _MINUTE


def _sessions(
    world: BrowsingWorld, user: np.ndarray, start: np.ndarray, devices: np.ndarray, first_device: np.ndarray,
    random: np.random.Generator,
) -> _Sessions:  # fmt: skip
    count = 1 + random.poisson(world.habits.more_sessions, len(user))
    need = np.repeat(np.arange(len(user)), count)
    first = np.cumsum(count) - count
    gap = random.exponential(world.habits.days_between_sessions, len(need))
    gap[first] = 0.0
    passed = np.cumsum(gap)
    time = start[need] + passed - passed[first][need]
    device = first_device[user[need]] + (random.random(len(need)) * devices[user[need]]).astype(np.int64)
    return _Sessions(need, device, time, first + count - 1)


def _views(world: BrowsingWorld, need: _Need, sessions: _Sessions, rows: _Rows, random: np.random.Generator) -> None:
    """Views, and the carts and favourites that come of them; a store's pages show nothing before it arrives."""
    habits = world.habits
    session = np.repeat(np.arange(len(sessions.need)), 1 + random.poisson(habits.more_views, len(sessions.need)))
    session = session[need.open[sessions.need[session]]]
    of_need = sessions.need[session]
    place = need.draw(of_need, 1.0, random)
    item, device = need.item[of_need, place], sessions.device[session]
    time = sessions.time[session] + 30 * _MINUTE * random.random(len(session))
    rows.add(VIEW, device, item, time)
    close = need.closeness(of_need, place)
    for kind, chance in ((CART, habits.cart), (FAVOURITE, habits.favourite)):
        some = random.random(len(item)) < chance * close
        rows.add(kind, device[some], item[some], time[some] + _MINUTE)
    need.seen = (of_need, place)
    wander = np.repeat(np.arange(len(sessions.need)), random.poisson(habits.wandering, len(sessions.need)))
    line = np.cumsum(np.exp(world.fame))
    item = np.searchsorted(line, random.random(len(wander)) * line[-1])
    time = sessions.time[wander] + 30 * _MINUTE * random.random(len(wander))
    arrived = world.arrives[item] <= time
    rows.add(VIEW, sessions.device[wander][arrived], item[arrived], time[arrived])


def _searches(
    world: BrowsingWorld, need: _Need, sessions: _Sessions, rows: _Rows, queries: dict[str, int],
    random: np.random.Generator,
) -> None:  # fmt: skip
    """A search names the type of a wanted item and, half of the time each, the other words of its text."""
    some = np.flatnonzero((random.random(len(sessions.need)) < world.habits.search) & need.open[sessions.need])
    item = need.item[sessions.need[some], need.draw(sessions.need[some], 1.0, random)]
    in_query = random.random((len(some), 3)) < 0.5
    query = np.zeros(len(some), dtype=np.int64)
    for row, number in enumerate(item):
        first, *others = world.texts[number].split()
        words = [first, *(word for word, keep in zip(others, in_query[row], strict=True) if keep)]
        query[row] = queries.setdefault(" ".join(words), len(queries))
    rows.add(SEARCH, sessions.device[some], query, sessions.time[some])


def _purchase(
    world: BrowsingWorld, need: _Need, sessions: _Sessions, rows: _Rows, random: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Purchases and what is regretted of them; returns (device, time) of the log-in that each brings."""
    habits, needs = world.habits, len(need.user)
    buys = need.open & ~world.guest[need.user] & (random.random(needs) < habits.buy)
    of_need, place = need.seen
    # Of what was viewed, each view is a chance to be chosen; the best of utility and Gumbel noise is.
    score = _DECISIVE * need.wanted[of_need, place] + random.gumbel(size=len(place))
    order = np.lexsort((score, of_need))
    best = np.full(needs, -1)
    best[of_need[order]] = place[order]
    unseen = random.random(needs) < habits.unseen
    other = need.draw(np.arange(needs), _DECISIVE, random)
    place = np.where(unseen | (best < 0), other, best)
    late = random.random(needs) < habits.late
    time = sessions.time[sessions.last] + 40 * _MINUTE
    time = time + np.where(late, random.exponential(habits.days_to_buy, needs), 0.0)
    some = np.flatnonzero(buys)
    item, device = need.item[some, place[some]], sessions.device[sessions.last[some]]
    rows.add(PURCHASE, device, item, time[some])
    disappointed = world.disliked[need.user[some], world.brand[item]] | world.bad[item]
    chance = np.where(disappointed, habits.regret, 0.1 * habits.regret)
    regretted = np.zeros(len(some), dtype=bool)
    for kind in (RETURN, LOW_RATING):
        chosen = random.random(len(some)) < chance
        day = time[some][chosen] + 1.0 + random.exponential(5.0, int(chosen.sum()))
        rows.add(kind, device[chosen], item[chosen], day)
        regretted |= chosen
    need.averse_after[need.user[some[regretted]], world.brand[item[regretted]]] = True
    return device, time[some]
