"""A store of six items and three shoppers, small enough to compute every score by hand."""

import numpy as np
from scipy import sparse

from model.retrieval.catalogue import Catalogue
from model.retrieval.channels import ITEM_SCORES
from model.retrieval.settings import ChannelSettings
from model.retrieval.shoppers import Shoppers
from model.retrieval.taste import shopper_profiles

SETTINGS = ChannelSettings(history_items=3, history_decay=0.5, affinity_half_life_days=10.0, neighbours=1)


def shoppers() -> Shoppers:
    """ann bought tea today and milk 10 days ago, bob bought rye 20 days ago, eve nothing."""
    return Shoppers(
        user_ids=np.array(["ann", "bob", "eve"]),
        start=np.array([0, 2, 3, 3]),
        item=np.array([0, 1, 3], dtype=np.int32),
        days_ago=np.array([0.0, 10.0, 20.0], dtype=np.float32),
        store=np.array([0, 1, -1], dtype=np.int32),
        als=np.array([[1.0, 0.0], [0.0, 2.0], [0.0, 0.0]], dtype=np.float32),
        text=np.array([[1.0, 0.0], [0.0, 1.0], [0.0, 0.0]], dtype=np.float32),
    )


def catalogue() -> Catalogue:
    """Items: 0 tea A, 1 milk B, 2 tea B, 3 rye C, 4 rye D, 5 without type; items 2, 3, 4 and 5 are eligible."""
    product_type = np.array([1, 2, 1, 3, 3, 0], dtype=np.int32)
    people, idf = shoppers(), np.ones(6 + 4, dtype=np.float32)
    statistics = {score.name: np.zeros(4, dtype=np.float32) for score in ITEM_SCORES}
    statistics["popularity"] = np.array([0.1, 0.2, 0.3, 0.4], dtype=np.float32)
    return Catalogue(
        item_ids=np.array(["tea-a", "milk-b", "tea-b", "rye-c", "rye-d", "odd"]),
        codes={
            "product_type": product_type,
            "category": np.array([1, 1, 1, 2, 2, 0], dtype=np.int32),
            "brand_type": np.array([1, 2, 3, 4, 5, 0], dtype=np.int32),
            "provider_type": np.array([1, 2, 1, 3, 3, 0], dtype=np.int32),
            "provider_category": np.array([1, 1, 1, 2, 2, 0], dtype=np.int32),
            "title": np.array([1, 2, 1, 3, 4, 0], dtype=np.int32),
        },
        relative_price=np.array([0.2, 0.0, -0.2, 0.5, -0.5, 0.0], dtype=np.float32),
        text_row=np.array([0, 1, 2, 1, 2, 0], dtype=np.int32),
        eligible=np.array([2, 3, 4, 5], dtype=np.int32),
        cold=np.array([False, False, True, True]),
        text=np.array([[1.0, 0.0], [0.0, 1.0], [0.6, 0.8]], dtype=np.float32),
        als=np.array([[1.0, 0.0], [0.0, 1.0], [0.5, 0.5], [0.0, 0.0]], dtype=np.float32),
        item_statistics=statistics,
        store_purchases=sparse.csr_matrix(np.array([[1.0, 0, 0, 0], [0, 0, 4.0, 0]], dtype=np.float32)),
        store_promotions=sparse.csr_matrix(np.array([[0, 0, 0, 1.0], [0, 0, 0, 0]], dtype=np.float32)),
        neighbour_ids=people.user_ids,
        neighbour_profiles=shopper_profiles(people, product_type, idf),
        neighbour_purchases=sparse.csr_matrix(np.array([[0, 0, 0, 0], [0, 1.0, 0, 0], [0, 0, 0, 0]], dtype=np.float32)),
        profile_idf=idf,
    )
