"""Synthetic catalogues and shoppers of any size, with only what costs time."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import sparse

from model.retrieval.catalogue import KINDS, Catalogue
from model.retrieval.channels import ITEM_SCORES
from model.retrieval.shoppers import Shoppers
from model.retrieval.taste import shopper_profiles

_TYPES = 2_000


def factors_alone(factors: np.ndarray, item_ids: Sequence[str] | None = None) -> Catalogue:
    """A catalogue of items that have factors [n, k] and nothing else."""
    n = len(factors)
    ids = [str(number) for number in range(n)] if item_ids is None else item_ids
    empty = sparse.csr_matrix((1, n), dtype=np.float32)
    return Catalogue(
        item_ids=np.array(ids, dtype=str),
        codes={kind: np.zeros(n, dtype=np.int32) for kind in KINDS},
        relative_price=np.zeros(n, dtype=np.float32),
        text_row=np.zeros(n, dtype=np.int32),
        eligible=np.arange(n, dtype=np.int32),
        cold=np.zeros(n, dtype=bool),
        text=np.zeros((1, 1), dtype=np.float32),
        als=factors,
        item_statistics={score.name: np.zeros(n, dtype=np.float32) for score in ITEM_SCORES},
        store_purchases=empty,
        store_promotions=empty,
        neighbour_ids=np.array(["neighbour"]),
        neighbour_profiles=sparse.csr_matrix((1, n + 1), dtype=np.float32),
        neighbour_purchases=empty,
        profile_idf=np.ones(n + 1, dtype=np.float32),
    )


def shoppers_with(factors: np.ndarray, purchases: int = 0, items: int = 1, text_width: int = 1) -> Shoppers:
    """Shoppers with factors [b, k] and a number of purchases of random items each."""
    generator, b = np.random.default_rng(4), len(factors)
    return Shoppers(
        user_ids=np.array([f"u{number}" for number in range(b)]),
        start=np.arange(b + 1) * purchases,
        item=generator.integers(0, items, b * purchases, dtype=np.int32),
        days_ago=np.sort(generator.random((b, purchases)).astype(np.float32) * 300, axis=1).ravel(),
        store=generator.integers(0, 100, b * purchases, dtype=np.int32),
        als=factors,
        text=np.ones((b, text_width), dtype=np.float32),
    )


def full_catalogue(items: int, people: int, neighbours: int = 5_000) -> tuple[Catalogue, Shoppers]:
    """A catalogue that feeds every channel, with a distinct text for every four items, and a block of shoppers."""
    generator = np.random.default_rng(5)
    texts, width, factors = items // 4, 384, 48

    def dense(*shape: int) -> np.ndarray:
        return generator.standard_normal(shape, dtype=np.float32)

    def sparse_rows(rows: int, share: float) -> sparse.csr_matrix:
        count = int(rows * items * share)
        at = (generator.integers(0, rows, count), generator.integers(0, items, count))
        return sparse.csr_matrix((generator.random(count, dtype=np.float32), at), shape=(rows, items))

    sizes = {"product_type": _TYPES, "category": 300, "brand_type": 20_000, "provider_type": 5_000,
             "provider_category": 2_000, "title": texts}  # fmt: skip
    codes = {kind: generator.integers(1, sizes[kind], items, dtype=np.int32) for kind in KINDS}
    sample = shoppers_with(dense(neighbours, factors), 100, items, width)
    idf = np.ones(items + _TYPES, dtype=np.float32)
    catalogue = Catalogue(
        item_ids=np.array([f"i{number:07}" for number in range(items)]),
        codes=codes,
        relative_price=dense(items),
        text_row=generator.integers(0, texts, items, dtype=np.int32),
        eligible=np.arange(items, dtype=np.int32),
        cold=generator.random(items) < 0.3,
        text=dense(texts, width),
        als=dense(items, factors),
        item_statistics={score.name: dense(items) for score in ITEM_SCORES},
        store_purchases=sparse_rows(100, 0.02),
        store_promotions=sparse_rows(100, 0.02),
        neighbour_ids=sample.user_ids,
        neighbour_profiles=shopper_profiles(sample, codes["product_type"], idf),
        neighbour_purchases=sparse_rows(neighbours, 0.0003),
        profile_idf=idf,
    )
    return catalogue, shoppers_with(dense(people, factors), 200, items, width)
