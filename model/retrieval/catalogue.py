"""The item side of one date: everything that scoring shares between shoppers; its size is that of the catalogue."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from functools import cached_property

import numpy as np
from scipy import sparse

# What items can have in common; names joined by an underscore are combinations.
KINDS = ("product_type", "category", "brand_type", "provider_type", "provider_category", "title")


@dataclass(frozen=True)
class Catalogue:
    """Arrays over m known items, n eligible items, t distinct texts of width d, s stores and p sampled shoppers.

    Eligible items are those that can be recommended; shoppers may have bought any known item. A matrix without data
    is empty and scores zero.
    """

    item_ids: np.ndarray  # [m] str
    codes: dict[str, np.ndarray]  # of each of KINDS: [m] int32, 0 for none
    relative_price: np.ndarray  # [m] float32 log price less the mean of the product type, 0 where unknown
    text_row: np.ndarray  # [m] int32 row of `text`
    eligible: np.ndarray  # [n] int32 rows of the known items
    cold: np.ndarray  # [n] bool, eligible items without a sale in the segments' window
    text: np.ndarray  # [t, d] float32 unit vectors
    als: np.ndarray  # [n, k] float32 factors, zero where the item has none
    item_statistics: dict[str, np.ndarray]  # [n] float32 by name, see model.retrieval.item_statistics
    store_purchases: sparse.csr_matrix  # [s, n] log(1 + decayed purchases in that store)
    store_promotions: sparse.csr_matrix  # [s, n] share of the last weeks in which the store promoted the item
    neighbour_ids: np.ndarray  # [p] str
    neighbour_profiles: sparse.csr_matrix  # [p, m + types] unit rows, tf-idf of items and product types
    neighbour_purchases: sparse.csr_matrix  # [p, n] decayed purchases
    profile_idf: np.ndarray  # [m + types] float32
    # By name, see model.retrieval.links: [m, n] from a known to an eligible item, or [m, m] between known items.
    links: dict[str, sparse.csr_matrix] = field(default_factory=dict)

    @property
    def types(self) -> int:
        """The number of product-type codes."""
        return len(self.profile_idf) - len(self.item_ids)

    @cached_property
    def eligible_texts(self) -> tuple[np.ndarray, np.ndarray]:
        """Rows of `text` that eligible items have, ascending, and the place of each eligible item's among them."""
        rows, column = np.unique(self.text_row[self.eligible], return_inverse=True)
        return rows, column

    @cached_property
    def eligible_vectors(self) -> np.ndarray:
        """[c, d] `text` at the rows of `eligible_texts`."""
        return np.asarray(self.text[self.eligible_texts[0]])

    @cached_property
    def profiles_by_item(self) -> sparse.csr_matrix:
        """[m + types, p] `neighbour_profiles` transposed, as products with it need it."""
        return self.neighbour_profiles.T.tocsr()

    @cached_property
    def eligible_text_rows(self) -> np.ndarray:
        """[n] row of `text` of each eligible item."""
        return self.text_row[self.eligible]

    @cached_property
    def eligible_codes(self) -> dict[str, np.ndarray]:
        """`codes` of the eligible items, [n] each."""
        return {kind: code[self.eligible] for kind, code in self.codes.items()}

    def grouping(self, name: str) -> tuple[np.ndarray, np.ndarray]:
        """Group of each known item [m] and of each eligible one [n]: "text_row" or one of KINDS."""
        if name == "text_row":
            return self.text_row, self.eligible_text_rows
        return self.codes[name], self.eligible_codes[name]

    def to_arrays(self) -> dict[str, np.ndarray]:
        """Plain arrays to be sent to executors; a sparse matrix becomes four."""
        arrays: dict[str, np.ndarray] = {}
        for part in fields(self):
            value = getattr(self, part.name)
            if isinstance(value, dict):
                arrays[part.name] = np.array(list(value), dtype=str)
                for name, member in value.items():
                    arrays |= _flat(f"{part.name}.{name}", member)
            else:
                arrays |= _flat(part.name, value)
        return arrays

    @classmethod
    def from_arrays(cls, load: Callable[[str], np.ndarray] | Mapping[str, np.ndarray]) -> Catalogue:
        """The inverse of `to_arrays`, over a function or mapping from a name to an array."""
        get = load if callable(load) else load.__getitem__
        values: dict[str, object] = {}
        for part in fields(cls):
            member = _matrix if "csr_matrix" in str(part.type) else _array
            if str(part.type).startswith("dict"):
                values[part.name] = {str(name): member(f"{part.name}.{name}", get) for name in get(part.name)}
            else:
                values[part.name] = member(part.name, get)
        return cls(**values)  # type: ignore[arg-type]  # the fields' types are those of the loop above


def _flat(name: str, value: np.ndarray | sparse.csr_matrix) -> dict[str, np.ndarray]:
    if not isinstance(value, sparse.csr_matrix):
        return {name: value}
    parts = {"data": value.data, "indices": value.indices, "indptr": value.indptr, "shape": np.array(value.shape)}
    return {f"{name}.{part}": array for part, array in parts.items()}


def _array(name: str, get: Callable[[str], np.ndarray]) -> np.ndarray:
    return get(name)


def _matrix(name: str, get: Callable[[str], np.ndarray]) -> sparse.csr_matrix:
    parts = (get(f"{name}.data"), get(f"{name}.indices"), get(f"{name}.indptr"))
    return sparse.csr_matrix(parts, shape=tuple(get(f"{name}.shape")), copy=False)
