"""The item side of one date: everything that scoring shares between shoppers, bounded by the number of items."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields

import numpy as np
from scipy import sparse


@dataclass(frozen=True)
class Catalogue:
    """Arrays over m known items, n eligible items, t distinct texts of width d, s stores and p sampled shoppers.

    Eligible items are the ones that can be recommended; shoppers may have bought any known item. A matrix that a
    store's data cannot feed is empty and scores zero.
    """

    item_ids: np.ndarray  # [m] str
    product_type: np.ndarray  # [m] int32 code, 0 for none
    category: np.ndarray  # [m] int32 code, 0 for none
    brand_type: np.ndarray  # [m] int32 code of brand and product type together, 0 for none
    text_row: np.ndarray  # [m] int32 row of `text`
    eligible: np.ndarray  # [n] int32 rows of the known items
    text: np.ndarray  # [t, d] float32 unit vectors
    als: np.ndarray  # [n, k] float32 factors, zero where the item has none
    item_statistics: np.ndarray  # [q, n] float32, in the order of model.retrieval.channels.ITEM_CHANNELS
    store_purchases: sparse.csr_matrix  # [s, n] log(1 + decayed purchases in that store)
    store_promotions: sparse.csr_matrix  # [s, n] share of the last weeks in which the store promoted the item
    neighbour_ids: np.ndarray  # [p] str
    neighbour_profiles: sparse.csr_matrix  # [p, m + types] unit rows, tf-idf of items and product types
    neighbour_purchases: sparse.csr_matrix  # [p, n] decayed purchases
    profile_idf: np.ndarray  # [m + types] float32

    @property
    def types(self) -> int:
        """The number of product-type codes."""
        return len(self.profile_idf) - len(self.item_ids)

    def to_arrays(self) -> dict[str, np.ndarray]:
        """Plain arrays to be sent to executors; a sparse matrix becomes four."""
        arrays: dict[str, np.ndarray] = {}
        for field in fields(self):
            value = getattr(self, field.name)
            if sparse.issparse(value):
                arrays[f"{field.name}.data"], arrays[f"{field.name}.indices"] = value.data, value.indices
                arrays[f"{field.name}.indptr"], arrays[f"{field.name}.shape"] = value.indptr, np.array(value.shape)
            else:
                arrays[field.name] = value
        return arrays

    @classmethod
    def from_arrays(cls, load: Callable[[str], np.ndarray] | Mapping[str, np.ndarray]) -> Catalogue:
        """The inverse of `to_arrays`, over a function or mapping from a name to an array."""
        get = load if callable(load) else load.__getitem__
        values: dict[str, object] = {}
        for field in fields(cls):
            if field.type == "sparse.csr_matrix":
                parts = (get(f"{field.name}.data"), get(f"{field.name}.indices"), get(f"{field.name}.indptr"))
                values[field.name] = sparse.csr_matrix(parts, shape=tuple(get(f"{field.name}.shape")), copy=False)
            else:
                values[field.name] = get(field.name)
        return cls(**values)  # type: ignore[arg-type]  # the fields' types are those of the loop above
