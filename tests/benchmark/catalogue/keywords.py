"""Ways to choose the keywords of a product's name, compared by what they say of its aisle, which they never see.

    .venv/bin/python -m tests.benchmark.catalogue.keywords FILE [--show 50]

Of the names of Instacart each way puts the words in an order. Two figures of the first one, two and three words:

- word: of the names of at least four words that hold a word of their aisle, the share whose first words hold it
- aisle: the share of the names held out, a fifth by hash, whose aisle naive Bayes finds from these words alone, having
  learnt from the first words of the other names. Names without an aisle are left out.

yake is compared if it is installed: pip install --target FOLDER --no-deps yake segtok jellyfish tabulate, and FOLDER in
PYTHONPATH. `--show` prints names with the keywords that enrich_items gives them.
"""

from __future__ import annotations

import argparse
import math
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import sparse

from model.catalogue.keywords import keywords
from model.catalogue.plain_text import plain_text
from model.catalogue.term_weights import NEAR, counts_of, term_weights
from model.catalogue.words import base_form
from tests.benchmark.catalogue.products import products, words_of

DEPTHS = (1, 2, 3)
LEAST_WORDS = 4
PRIOR = 2.0  # pseudo-counts of a word in naive Bayes, spread as the aisles are
DAMPING, ROUNDS = 0.85, 40  # of TextRank
Order = Callable[[pd.DataFrame, list[list[str]]], list[list[str]]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("products", type=Path, help="Parquet file of the names and their aisles")
    parser.add_argument("--show", type=int, default=0, metavar="N")
    arguments = parser.parse_args()
    rows = products(arguments.products)
    words = [list(dict.fromkeys(words_of(name))) for name in rows["name"]]
    ways: dict[str, Order] = {
        "in the order of the name": lambda _, words: words,
        "IDF": by_idf,
        "TextRank of the catalogue": by_text_rank,
        "TextRank times IDF": lambda rows, words: by_text_rank(rows, words, with_idf=True),
        "enrich_items": by_enrichment,
    }
    if find_spec("yake"):
        ways["yake"] = by_yake
    print(f"{len(rows):,} names; {'word at 1, 2, 3':>36}{'aisle at 1, 2, 3':>24}{'seconds':>10}")
    for name, way in ways.items():
        started = time.monotonic()
        order = way(rows, words)
        seconds = time.monotonic() - started
        word = " ".join(f"{with_aisle_word(rows, words, order, depth):.3f}" for depth in DEPTHS)
        aisle = " ".join(f"{aisles_found(rows, order, depth):.3f}" for depth in DEPTHS)
        print(f"{name:<32}{word:>22}{aisle:>24}{seconds:>10.1f}", flush=True)
    show(rows, arguments.show)


def with_aisle_word(rows: pd.DataFrame, words: list[list[str]], order: list[list[str]], depth: int) -> float:
    """The share of names whose first `depth` words of an order hold one of their aisle, of those that can."""
    can = [
        bool(wanted.intersection(of_name)) and len(of_name) >= LEAST_WORDS
        for wanted, of_name in zip(rows["aisle_words"], words, strict=True)
    ]
    hits = [
        bool(wanted.intersection(of_name[:depth])) for wanted, of_name in zip(rows["aisle_words"], order, strict=True)
    ]
    return float(np.mean(np.array(hits)[can]))


def aisles_found(rows: pd.DataFrame, order: list[list[str]], depth: int) -> float:
    """The share of the names held out whose aisle naive Bayes finds from the first `depth` words of an order."""
    codes, aisles = pd.factorize(rows["aisle"])
    known = ~rows["is_held_out"].to_numpy()
    prior = np.bincount(codes[known], minlength=len(aisles)) / known.sum()
    counts: defaultdict[str, np.ndarray] = defaultdict(lambda: np.zeros(len(aisles)))
    for of_name, code in zip(
        (words for words, use in zip(order, known, strict=True) if use), codes[known], strict=True
    ):
        for word in of_name[:depth]:
            counts[word][code] += 1
    evidence = {
        word: np.log((count + PRIOR * prior) / (count.sum() + PRIOR)) - np.log(prior) for word, count in counts.items()
    }
    asked = (rows["is_held_out"] & (rows["aisle"] != "missing")).to_numpy()
    hits = [
        codes[place]
        == int(np.argmax(np.log(prior) + sum(evidence[word] for word in order[place][:depth] if word in evidence)))
        for place in np.flatnonzero(asked)
    ]
    return float(np.mean(hits))


def sorted_by(words: list[list[str]], weight: Callable[[str], float]) -> list[list[str]]:
    return [sorted(of_name, key=lambda word: -weight(word)) for of_name in words]


def idf(words: list[list[str]]) -> dict[str, float]:
    frequency = Counter(word for of_name in words for word in of_name)
    return {word: math.log((len(words) + 1) / (count + 1)) for word, count in frequency.items()}


def by_idf(_: pd.DataFrame, words: list[list[str]]) -> list[list[str]]:
    return sorted_by(words, idf(words).__getitem__)


def by_text_rank(rows: pd.DataFrame, words: list[list[str]], with_idf: bool = False) -> list[list[str]]:
    """By PageRank over the words that stand near each other (Mihalcea and Tarau, 2004)."""
    counts = counts_of(map(plain_text, rows["name"])).query("kind == @NEAR", local_dict={"NEAR": NEAR})
    names = pd.Index(sorted(set(counts["word"])))
    to, of = names.get_indexer(counts["word"]), names.get_indexer(counts["other"])
    links = sparse.csr_matrix((counts["count"].to_numpy(float), (to, of)), shape=(len(names), len(names)))
    links = links @ sparse.diags(1.0 / np.asarray(links.sum(axis=0)).ravel())
    rank = np.full(len(names), 1.0 / len(names))
    for _ in range(ROUNDS):
        rank = (1.0 - DAMPING) / len(names) + DAMPING * (links @ rank)
    of_word = dict(zip(names, rank.tolist(), strict=True))
    rarity = idf(words) if with_idf else dict.fromkeys(of_word, 1.0)
    return sorted_by(words, lambda word: of_word.get(word, 0.0) * rarity.get(word, 0.0))


def by_enrichment(rows: pd.DataFrame, _: list[list[str]]) -> list[list[str]]:
    names = [plain_text(name) for name in rows["name"]]
    terms = term_weights(names)
    return [
        list(dict.fromkeys(base_form(word) for found in keywords(name, "", terms, 8) for word in found.phrase.split()))
        for name in names
    ]


def by_yake(rows: pd.DataFrame, _: list[list[str]]) -> list[list[str]]:
    from yake import KeywordExtractor

    extractor = KeywordExtractor(lan="en", n=1, top=8)
    return [
        [word for found, _ in extractor.extract_keywords(name) for word in words_of(found)] for name in rows["name"]
    ]


def show(rows: pd.DataFrame, number: int) -> None:
    """Prints names drawn at random with their aisles and keywords."""
    names = [plain_text(name) for name in rows["name"]]
    terms = term_weights(names) if number else {}
    for place in np.random.default_rng(3).permutation(len(names))[:number]:
        phrases = ", ".join(
            f"{keyword.phrase} {keyword.weight:.1f}" for keyword in keywords(names[place], "", terms, 8)
        )
        print(f"{names[place]} ({rows['aisle'].iloc[place]}): {phrases}")


if __name__ == "__main__":
    main()
