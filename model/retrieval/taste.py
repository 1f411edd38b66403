"""Channels of what shoppers with the same purchases buy: factors of ALS, and the most similar shoppers."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from model.retrieval.catalogue import Catalogue
from model.retrieval.settings import ChannelSettings
from model.retrieval.shoppers import Shoppers


def als(catalogue: Catalogue, shoppers: Shoppers, settings: ChannelSettings) -> np.ndarray:
    """[b, n] inner product of the factors of implicit ALS (Hu, Koren, Volinsky 2008)."""
    return shoppers.als @ catalogue.als.T


def neighbours(catalogue: Catalogue, shoppers: Shoppers, settings: ChannelSettings) -> np.ndarray:
    """[b, n] log(1 + 100 x) of the neighbours' decayed purchases x, averaged by cosine.

    The cosine is that of `shopper_profiles`; the neighbours are the `settings.neighbours` nearest sampled shoppers
    other than the shopper.
    """
    profiles = shopper_profiles(shoppers, catalogue.codes["product_type"], catalogue.profile_idf)
    cosine = (profiles @ catalogue.profiles_by_item).toarray()
    cosine[shoppers.user_ids[:, None] == catalogue.neighbour_ids[None, :]] = 0.0
    nearest = min(settings.neighbours, cosine.shape[1])
    if nearest < cosine.shape[1]:
        bar = np.partition(cosine, -nearest, axis=1)[:, -nearest][:, None]
        cosine[cosine < bar] = 0.0
    weights = cosine / np.maximum(cosine.sum(axis=1, keepdims=True), 1e-9)
    return np.log1p(100.0 * (sparse.csr_matrix(weights) @ catalogue.neighbour_purchases).toarray())


def shopper_profiles(shoppers: Shoppers, product_type: np.ndarray, idf: np.ndarray) -> sparse.csr_matrix:
    """[b, m + types] unit rows: (1 + log of the purchases) * idf, of the items and then of the product types."""
    items = len(product_type)
    counts = sparse.hstack(
        [
            sparse.csr_matrix(
                (np.ones(len(shoppers.item)), (shoppers.row, shoppers.item)), shape=(len(shoppers), items)
            ),
            shoppers.counts(product_type[shoppers.item], len(idf) - items, None),
        ],
        format="csr",
    )
    counts.sum_duplicates()
    counts.data = (1.0 + np.log(counts.data)) * idf[counts.indices]
    norm = np.sqrt(np.asarray(counts.multiply(counts).sum(axis=1)).ravel())
    return (sparse.diags(1.0 / np.maximum(norm, 1e-9)) @ counts).tocsr().astype(np.float32)
