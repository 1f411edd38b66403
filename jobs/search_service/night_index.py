"""The items of one night in memory, and what a query finds among them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Literal

import numpy as np

from jobs.queries.items import SearchedItems
from model.search.queries import in_one_form, normalised
from model.search.search import Search
from model.search.summed import SummedSearch

_ALL = 2**31 - 1  # candidates


@dataclass(frozen=True)
class Found:
    """One item for a query.

    match: as the column score of query_items; score: the match plus the weighted boost, by which the items are ranked
    """

    item_id: str
    text: str
    score: float
    match: float
    boost: float
    is_tail: bool


@dataclass(frozen=True)
class NightIndex:
    """One night: its items with their texts, vectors and boosts, and what orders them.

    encode: returns the unit vectors [queries, d] of normalised queries, by the encoder of `encoder_version`
    boosts: [n] of the plan, 0 for items outside it
    """

    as_of: date
    run_id: str
    items: SearchedItems
    search: Search | SummedSearch
    encoder_version: str
    encode: Callable[[list[str]], np.ndarray]
    boosts: np.ndarray

    @property
    def order(self) -> Literal["learnt", "sum"]:
        """What orders the items: 'learnt' from what shoppers chose, or the 'sum' of words and vectors."""
        return "learnt" if isinstance(self.search, Search) else "sum"

    @cached_property
    def row_of(self) -> dict[str, int]:
        """The row of each item by its id."""
        return {item: row for row, item in enumerate(self.items.item_ids.tolist())}

    @cached_property
    def row_of_title(self) -> dict[str, int]:
        """The row of each item by its title in the form of queries; of equal titles the first, of one word none."""
        forms = map(in_one_form, self.search.index.terms)
        return {form: row for row, form in reversed(list(enumerate(forms))) if " " in form}

    @cached_property
    def longest_title(self) -> int:
        """Words of the longest title."""
        return max((form.count(" ") + 1 for form in self.row_of_title), default=0)

    def find(
        self, query: str, most: int, count: int, weight: float, own: Mapping[str, float], *, tail_only: bool = False
    ) -> list[Found]:
        """At most `count` items, the best first; none for a query without letters and digits.

        The `most` best matches are those that the night's step would write for the query; boosts order them.

        weight: what a boost of 1 counts in units of the match; own: boosts of the shopper's pairs, which take the place
            of the items' own; tail_only: whether items of the head are left out
        """
        text = normalised(query)
        if not text:
            return []
        results = self.search.results(text, self.encode([text])[0], _ALL if tail_only else most)
        row, match = results.row, results.grade
        if tail_only:
            tail = np.flatnonzero(self.items.is_tail[row])
            tail = np.sort(tail[np.lexsort((row[tail], -results.answer[tail]))[:most]])
            row, match = row[tail], match[tail]
        boost = np.array([own.get(self.items.item_ids[place], self.boosts[place]) for place in row.tolist()])
        score = match + weight * boost
        return [
            Found(
                str(self.items.item_ids[row[place]]), self.items.texts[row[place]], float(score[place]),
                float(match[place]), float(boost[place]), bool(self.items.is_tail[row[place]]),
            )
            for place in np.argsort(-score, kind="stable")[:count].tolist()
        ]  # fmt: skip
