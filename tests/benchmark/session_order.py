"""Measures the place of the next item of a session in a shopper's list, as published and sorted by the session so far.

python -m tests.benchmark.session_order [WORLDS]
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from jobs.serving.client.sessions import Neighbours, newest_different, session_lifts
from model.retrieval import neighbours as item_neighbours
from model.retrieval.histories import Histories
from model.simulation.browsing import BrowsingWorld, browsing_world
from model.simulation.event_log import VIEW, EventLog
from model.simulation.needs import browse
from model.text.tfidf import tfidf, words

USERS, ITEMS, DAYS, HELD_OUT = 1_000, 1_000, 60.0, 7.0
SLOTS, NEIGHBOURS, GAP_DAYS, HEAD_SHARE = 20, 50, 30 / 1440, 0.5
MOST_OF_SESSION = 50
NOISES, PUBLISHED = (0.0, 1.0), "published"
Known = Mapping[str, Neighbours]


@dataclass(frozen=True)
class Sessions:
    """Views in the order of session and time: int arrays of one length, and the number of sessions."""

    session: np.ndarray
    user: np.ndarray
    item: np.ndarray
    number: int

    def each(self) -> Iterator[tuple[int, np.ndarray]]:
        """(shopper, items in the order of the views) of every session."""
        starts = np.searchsorted(self.session, np.arange(self.number + 1))
        for first, last in pairwise(starts):
            yield int(self.user[first]), self.item[first:last]


@dataclass(frozen=True)
class Step:
    """An item viewed in a session whose shopper's list holds it, and the earlier items of the session, newest first."""

    user: int
    item: int
    recent: list[str]


def main() -> None:
    """Prints the figures of each side as means over the worlds, with the standard error of the difference."""
    worlds = int(sys.argv[1]) if sys.argv[1:] else 5
    of_worlds = [measured(seed) for seed in range(1, worlds + 1)]
    for noise in NOISES:
        steps = sum(of_noise[noise][0] for of_noise in of_worlds)
        print(f"\nrelevance with noise of {noise:g} in its logarithm: {worlds} worlds, {steps:,} views of listed items")
        figures = [of_noise[noise][1] for of_noise in of_worlds]
        for side in figures[0]:
            gain = np.array([of_world[side][0] - of_world[PUBLISHED][0] for of_world in figures])
            ndcg, first, rank = np.mean([of_world[side] for of_world in figures], axis=0)
            error = gain.std(ddof=1) / worlds**0.5 if worlds > 1 else float("nan")
            print(
                f"  {side:32} NDCG {ndcg:.3f} ({gain.mean():+.3f}, standard error {error:.3f}), first {first:.3f}, "
                f"mean rank {rank:.2f}",
                flush=True,
            )


def measured(seed: int) -> dict[float, tuple[int, dict[str, np.ndarray]]]:
    """By noise the views counted in a world, and by side the NDCG, the share on the first place and the mean rank of
    what came next.

    The noise is the standard deviation of the error of the night's relevance, in its logarithm; without it the
    night knows every shopper's taste, so that only the session adds anything.
    """
    world = browsing_world(seed, USERS, ITEMS, DAYS)
    log = browse(world, DAYS, seed)
    past, held_out = sessions_of(log, 0.0, DAYS - HELD_OUT), sessions_of(log, DAYS - HELD_OUT, DAYS)
    listed = _tail(world, past)
    texts = np.asarray(tfidf(world.texts, words, ITEMS).todense(), dtype=np.float32)
    tenth = Sessions(*(column[past.session % 10 == 0] for column in (past.session, past.user, past.item)), past.number)
    no_texts = np.ones((ITEMS, 1), dtype=np.float32)
    sides: dict[str, Known] = {
        PUBLISHED: {},
        f"{NEIGHBOURS} neighbours": _known(past, texts, listed, NEIGHBOURS),
        "10 neighbours": _known(past, texts, listed, 10),
        "200 neighbours": _known(past, texts, listed, 200),
        "without texts": _known(past, no_texts, listed, NEIGHBOURS),
        "a tenth of the sessions": _known(tenth, texts, listed, NEIGHBOURS),
        "a tenth, without texts": _known(tenth, no_texts, listed, NEIGHBOURS),
    }
    of_noise = {}
    for noise in NOISES:
        lists = _Lists(world, listed, noise, seed)
        steps = list(_steps(held_out, lists))
        of_noise[noise] = len(steps), {side: _figures(steps, lists, known) for side, known in sides.items()}
    return of_noise


def sessions_of(log: EventLog, first: float, last: float) -> Sessions:
    """Views of these days; a session ends where its device does nothing for half an hour."""
    views = log.events[VIEW].where((log.events[VIEW].time >= first) & (log.events[VIEW].time < last))
    order = np.lexsort((views.time, views.visitor))
    visitor, item, time = views.visitor[order], views.item[order], views.time[order]
    begins = np.append(True, (visitor[1:] != visitor[:-1]) | (np.diff(time) > GAP_DAYS))[: len(time)]
    session = np.cumsum(begins) - 1
    return Sessions(session, log.owner[visitor], item, int(begins.sum()))


class _Lists:
    """The tail items that each shopper is likeliest to want: by the truth, or with noise."""

    def __init__(self, world: BrowsingWorld, listed: np.ndarray, noise: float, seed: int) -> None:
        self._world, self._listed, self._noise = world, listed, noise
        self._random = np.random.default_rng([seed, 7])
        self._arrived = world.arrives <= DAYS - HELD_OUT
        self._known: dict[int, tuple[np.ndarray, np.ndarray]] = {}

    def of(self, user: int) -> tuple[np.ndarray, np.ndarray]:
        """Items and their scores, best first."""
        if user not in self._known:
            world = self._world
            wanted = np.exp(world.utility(np.array(user), np.arange(world.items))) * self._arrived
            of_type = np.bincount(world.item_type, wanted, world.type_share.shape[1])
            score = world.type_share[user][world.item_type] * wanted / of_type[world.item_type]
            score = score * np.exp(self._noise * self._random.normal(size=world.items))
            best = self._listed[np.argsort(-score[self._listed], kind="stable")[:SLOTS]]
            self._known[user] = best, score[best]
        return self._known[user]


def _tail(world: BrowsingWorld, past: Sessions) -> np.ndarray:
    """Items that had arrived, without the most viewed ones that hold HEAD_SHARE of the views."""
    views = np.bincount(past.item, minlength=world.items)
    order = np.argsort(-views, kind="stable")
    before = np.cumsum(views[order]) - views[order]
    is_head = np.zeros(world.items, dtype=bool)
    is_head[order[before < HEAD_SHARE * views.sum()]] = True
    return np.flatnonzero(~is_head & (world.arrives <= DAYS - HELD_OUT))


def _steps(held_out: Sessions, lists: _Lists) -> Iterator[Step]:
    for user, items in held_out.each():
        listed = set(lists.of(user)[0].tolist())
        for place in range(1, len(items)):
            earlier = items[:place]
            if items[place] in listed and items[place] not in earlier:
                yield Step(user, int(items[place]), newest_different([str(item) for item in earlier[::-1]]))


def _known(past: Sessions, vectors: np.ndarray, listed: np.ndarray, most: int) -> Known:
    histories = Histories.of(past.session, past.item, np.arange(len(past.item)), ITEMS, MOST_OF_SESSION)
    linked = item_neighbours.neighbours(histories, vectors, listed, np.arange(ITEMS), most)
    start, column, lift = linked.lift.indptr, linked.lift.indices, linked.lift.data
    return {
        str(item): Neighbours(
            {
                str(listed[column[at]]): float(lift[at]) for at in range(start[item], start[item + 1])
            },
            float(linked.rest[item]),
        )
        for item in range(ITEMS)
    }  # fmt: skip


def _figures(steps: list[Step], lists: _Lists, known: Known) -> np.ndarray:
    ranks = np.array([_rank(step, lists.of, known) for step in steps])
    return np.array([(1 / np.log2(ranks + 1)).mean(), (ranks == 1).mean(), ranks.mean()])


def _rank(step: Step, list_of: Callable[[int], tuple[np.ndarray, np.ndarray]], known: Known) -> int:
    items, score = list_of(step.user)
    lifts = session_lifts([str(item) for item in items], step.recent, known)
    sorted_again = score * np.array([lifts.get(str(item), 1.0) for item in items])
    return 1 + int((sorted_again > sorted_again[items == step.item]).sum())


if __name__ == "__main__":
    main()
