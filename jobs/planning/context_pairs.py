"""Pairs of contexts and items as arrays: those of a night, or of a shard."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa


@dataclass(frozen=True)
class Pairs:
    """Contexts with all their pairs; the pairs are sorted by context and item.

    context_ids: strings (contexts); visits: float64 (contexts), lists expected to be asked for in a day
    start: int64 (contexts + 1), where the pairs of a context lie; item: int32 (pairs), place among the night's items
    relevance: float64 (pairs); counted: float64 (pairs), responses that the plan counts a view for, None: the relevance
    cause: Arrow dictionary array, main reason of each relevance, empty where there is none
    """

    context_ids: np.ndarray
    visits: np.ndarray
    start: np.ndarray
    item: np.ndarray
    relevance: np.ndarray
    cause: pa.DictionaryArray
    counted: np.ndarray | None = None

    @property
    def planned(self) -> np.ndarray:
        """float64 (pairs): responses that the plan counts a view for."""
        return self.relevance if self.counted is None else self.counted

    def only(self, keep: np.ndarray) -> Pairs:
        """The same contexts with some of the pairs; keep: bool (pairs), of every context at least one."""
        if keep.all():
            return self
        start = np.concatenate([[0], np.cumsum(keep)])[self.start]
        cause = self.cause.filter(pa.array(keep))
        counted = None if self.counted is None else self.counted[keep]
        return Pairs(self.context_ids, self.visits, start, self.item[keep], self.relevance[keep], cause, counted)

    def part(self, begin: int, end: int) -> Pairs:
        """The contexts begin : end."""
        first, last = int(self.start[begin]), int(self.start[end])
        return Pairs(
            self.context_ids[begin:end],
            self.visits[begin:end],
            self.start[begin : end + 1] - first,
            self.item[first:last],
            self.relevance[first:last],
            self.cause.slice(first, last - first),
            None if self.counted is None else self.counted[first:last],
        )


def sorted_pairs(table: pa.Table, item: np.ndarray, shard: np.ndarray) -> tuple[Pairs, np.ndarray]:
    """The pairs with their contexts by shard and name; int (contexts): the shard of each.

    table: user_id, relevance, cause, visits, and counted where it is not the relevance
    item: int (rows), place among the night's items; shard: int (rows)
    """
    ids, code = _by_name(table["user_id"])
    order = np.lexsort((item, code, shard))
    key = code[order]
    first = np.flatnonzero(np.diff(key, prepend=-1))
    visits = table["visits"].to_numpy()[order[first]].astype(np.float64)
    relevance = table["relevance"].to_numpy()[order].astype(np.float64)
    counted = table["counted"].to_numpy()[order].astype(np.float64) if "counted" in table.column_names else None
    cause = dictionary(table["cause"]).take(pa.array(order))
    start = np.append(first, len(order)).astype(np.int64)
    pairs = Pairs(ids[key[first]], visits, start, item[order].astype(np.int32), relevance, cause, counted)
    return pairs, shard[order[first]]


def places(column: pa.ChunkedArray, names: np.ndarray) -> np.ndarray:
    """int (rows): where the string of each row stands among the names."""
    encoded = dictionary(column)
    place = pd.Index(names).get_indexer(pd.Index(encoded.dictionary.to_numpy(zero_copy_only=False)))
    return place[encoded.indices.to_numpy()]


def dictionary(column: pa.ChunkedArray) -> pa.DictionaryArray:
    """The strings of a column, each stored once."""
    return column.combine_chunks().dictionary_encode()


def _by_name(column: pa.ChunkedArray) -> tuple[np.ndarray, np.ndarray]:
    """Sorted strings of a column, and int (rows): the place of each row's among them."""
    encoded = dictionary(column)
    names = encoded.dictionary.to_numpy(zero_copy_only=False)
    order = np.argsort(names)
    place = np.empty(len(order), dtype=np.int64)
    place[order] = np.arange(len(order))
    return names[order], place[encoded.indices.to_numpy()]
