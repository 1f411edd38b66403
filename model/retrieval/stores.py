"""Channels of the stores where a shopper buys."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from model.retrieval.catalogue import Catalogue
from model.retrieval.settings import ChannelSettings
from model.retrieval.shoppers import Shoppers


def store_popularity(catalogue: Catalogue, shoppers: Shoppers, settings: ChannelSettings) -> np.ndarray:
    """[b, n] log(1 + decayed purchases in a store), averaged over the stores where the shopper buys."""
    return _in_own_stores(catalogue.store_purchases, shoppers)


def store_promotion(catalogue: Catalogue, shoppers: Shoppers, settings: ChannelSettings) -> np.ndarray:
    """[b, n] share of the last weeks with a promotion in a store, averaged in the same way."""
    return _in_own_stores(catalogue.store_promotions, shoppers)


def _in_own_stores(by_store: sparse.csr_matrix, shoppers: Shoppers) -> np.ndarray:
    return (shoppers.store_shares(by_store.shape[0]) @ by_store).toarray()
