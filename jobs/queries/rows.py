"""The items of each query, and whether they meet it."""

from __future__ import annotations

import numpy as np
import pandas as pd

from features.contract.query_report import FOUND, HEAD_ONLY, NOT_SOLD, NOTHING
from jobs.queries.items import SearchedItems
from model.search.demand import SOLD_FROM, closest
from model.search.search import Search
from model.search.summed import SummedSearch

_FIRST = 10  # items of a query that a shopper is likely to look at


def answered(
    queries: pd.DataFrame, vectors: np.ndarray, items: SearchedItems, search: Search | SummedSearch, most: int
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The rows of query_items and of query_report, both without the night.

    queries: of `asked_queries`; vectors: of them; most: items of a query
    """
    index, texts = search.index, len(search.index.terms)
    ranked, findings = [], []
    for text, vector in zip(queries["query"], vectors, strict=True):
        results = search.results(text, vector, most)
        best = closest(
            index.query(text, vector).terms, [index.terms[row] for row in results.row], index.texts_with, texts
        )
        is_tail = items.is_tail[results.row]
        ranked.append(
            pd.DataFrame(
                {
                    "query": text,
                    "rank": np.arange(1, len(results.row) + 1, dtype=np.int32),
                    "item_id": items.item_ids[results.row],
                    "score": results.grade,
                    "is_tail": is_tail,
                }
            )
        )
        findings.append((len(results.row), int(is_tail.sum()), list(best.missing), _finding(best.share, is_tail)))
    columns = ["items", "tail_items", "missing", "finding"]
    report = pd.concat([queries.reset_index(drop=True), pd.DataFrame(findings, columns=columns)], axis=1)
    return pd.concat(ranked, ignore_index=True), report


def _finding(share: float, is_tail: np.ndarray) -> str:
    if not len(is_tail):
        return NOTHING
    if share < SOLD_FROM:
        return NOT_SOLD
    return FOUND if is_tail[:_FIRST].any() else HEAD_ONLY
