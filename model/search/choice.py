"""The choice between a learnt order of items and the sum of two scores."""

from __future__ import annotations

import zlib
from dataclasses import dataclass

import numpy as np

from model.ranking_metrics import graded_ndcg
from model.search.graded_pairs import GradedPairs
from model.search.index import SearchIndex
from model.search.search import Search, SearchSettings, fit_search
from model.search.summed import SummedSearch

_PARTS = 5  # of the queries; one is held out
TOP = 10


@dataclass(frozen=True)
class Choice:
    """The chosen search and the reason; NDCG of both on the held-out queries, None where nothing was learnt."""

    search: Search | SummedSearch
    reason: str
    learnt: float | None = None
    summed: float | None = None


def choose_search(index: SearchIndex, pairs: GradedPairs, settings: SearchSettings, least: int) -> Choice:
    """The learnt order where it is better than the sum on a fifth of the queries, by hash, that it did not learn from.

    It then learns from all of them. Only queries with an answer and an item that is none count.

    least: fewest queries to learn from
    """
    summed = SummedSearch(index, settings.most)
    is_good = pairs.grade >= settings.good
    of_query = len(pairs.texts)
    good = np.bincount(pairs.query[is_good], minlength=of_query) > 0
    bad = np.bincount(pairs.query[~is_good], minlength=of_query) > 0
    usable = good & bad
    if usable.sum() < least:
        return Choice(summed, f"{usable.sum()} queries have answers to learn from, and {least} are needed")
    held_out = usable & np.array([zlib.crc32(text.encode()) % _PARTS == 0 for text in pairs.texts])
    if not held_out.any() or not (usable & ~held_out).any():
        return Choice(summed, "too few queries to hold some out")
    try:
        learnt = fit_search(index, pairs.of(usable & ~held_out), settings)
    except ValueError as error:  # no answer is a candidate
        return Choice(summed, str(error))
    figures = [_ndcg(search, pairs, held_out) for search in (learnt, summed)]
    if figures[0] <= figures[1]:
        return Choice(summed, "the learnt order was no better on held-out queries", *figures)
    return Choice(fit_search(index, pairs.of(usable), settings), "learnt from what shoppers chose", *figures)


def _ndcg(search: Search | SummedSearch, pairs: GradedPairs, chosen: np.ndarray) -> float:
    """The mean NDCG@10 of the graded items of some queries."""
    by_query = pairs.by_query()
    return float(
        np.mean(
            [
                graded_ndcg(
                    pairs.grade[by_query[query]],
                    search.grade(pairs.texts[query], pairs.vectors[query], pairs.row[by_query[query]]),
                    TOP,
                )
                for query in np.flatnonzero(chosen).tolist()
            ]
        )
    )
