"""Amazon Beauty (2014, 5-core) by the protocol of the papers: leave one out, rank all items, drop bought ones."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

HEAD_SHARE = 0.2
LISTED = 10


@dataclass(frozen=True)
class Beauty:
    """Shoppers' items in order: `user`, `item` [rows] from 0, `back` [rows] places from the shopper's last; titles [m].

    Ids are numbered by first appearance in the order of users, so an item's number reveals when it was first seen. Here
    it is only an index, neither a feature nor a tie-break.
    """

    user: np.ndarray
    item: np.ndarray
    back: np.ndarray
    titles: list[str]
    draw: np.ndarray  # [m] a hash of the item's ASIN, to break ties of the segments

    @classmethod
    def read(cls, folder: Path) -> Beauty:
        """Reads interactions.parquet and items.parquet."""
        rows = pd.read_parquet(folder / "interactions.parquet").sort_values(["user_id", "position"])
        items = pd.read_parquet(folder / "items.parquet")
        # Shuffled, so that no model can exploit the numbering by accident.
        known = np.random.default_rng(0).permutation(items.item_id.to_numpy())
        place = pd.Index(known)
        user, _ = pd.factorize(rows.user_id)
        length = rows.groupby("user_id").position.transform("size")
        items = items.set_index("item_id").loc[known]
        draw = np.array([hashlib.sha256(asin.encode()).hexdigest() for asin in items.asin])
        back = (length - 1 - rows.position).to_numpy()
        return cls(user, place.get_indexer(rows.item_id), back, items.title.fillna("").tolist(), draw)

    def before(self, back: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """user, item, order of everything more than `back` places before the shopper's last item."""
        is_before = self.back > back
        return self.user[is_before], self.item[is_before], -self.back[is_before]

    def target(self, back: int) -> np.ndarray:
        """[users] the item `back` places before the shopper's last, -1 where the history is shorter."""
        target = np.full(int(self.user.max()) + 1, -1, dtype=np.int64)
        at = self.back == back
        target[self.user[at]] = self.item[at]
        return target

    def head(self) -> np.ndarray:
        """[m] bool: the 20 % most frequent training items; training ends before validation; ties by a hash."""
        counts = np.bincount(self.before(1)[1], minlength=len(self.titles))
        head = np.zeros(len(counts), dtype=bool)
        head[np.lexsort((self.draw, -counts))[: int(HEAD_SHARE * np.count_nonzero(counts))]] = True
        return head


def ranks(scores: np.ndarray, column: np.ndarray) -> np.ndarray:
    """[b] number of items ranked before the target, ties counted against it.

    scores: [b, C]; column: [b], place of the target, -1 where it is no candidate and so ranks last
    """
    own = np.take_along_axis(scores, np.maximum(column, 0)[:, None], axis=1)
    before = (scores >= own).sum(axis=1) - 1
    return np.where((column >= 0) & np.isfinite(own[:, 0]), before, np.iinfo(np.int64).max)


def figures(rank: np.ndarray, tail: np.ndarray) -> dict[str, tuple[float, float]]:
    """HR@10 and NDCG@10 of all, head and tail targets; rank [b] from 0."""
    gain = np.where(rank < LISTED, 1.0 / np.log2(np.minimum(rank, LISTED) + 2.0), 0.0)
    groups = {"all": np.ones(len(rank), dtype=bool), "head": ~tail, "tail": tail}
    return {name: (float((rank[own] < LISTED).mean()), float(gain[own].mean())) for name, own in groups.items()}


def print_row(name: str, row: dict[str, tuple[float, float] | None] | None) -> None:
    """Prints one line of the table; without a row, the heading."""
    if row is None:
        print(f"{'HR@10/NDCG@10':44s} {'all':13s} {'tail':13s}")
        return
    cells = ("-" if row[group] is None else "{:.4f}/{:.4f}".format(*row[group]) for group in ("all", "tail"))
    print(f"{name:44s} " + " ".join(f"{cell:13s}" for cell in cells), flush=True)
