"""Look-alikes of a new item: the nearest texts of its category that sell well."""

from __future__ import annotations

import numpy as np

LEAST = 5  # look-alikes, below which the next level of the category is searched as well
WELL_SOLD = 0.75  # quantile of the sales of a category's sold items from which one sells well
_SAME = 1.0 - 1e-5  # cosine from which two texts are one
_SEPARATOR = " > "


def look_alikes(
    own: np.ndarray, text: np.ndarray, row: np.ndarray, category: str, categories: tuple[np.ndarray, np.ndarray],
    sales: np.ndarray, most: int,
) -> np.ndarray:  # fmt: skip
    """Places of at most `most` items, the nearest text first; ties in the order of the items.

    They are of the item's category, or, while fewer than LEAST sell well, of the next level above it. An item without a
    category has none, and neither has one whose category sells nothing. Items with the item's own text are left out:
    they have nothing that it lacks.

    own: [d] unit vector; text: [t, d] unit vectors of the catalogue's texts; row: [n] the text of each item
    categories: distinct ones, and of each item [n] its place among them
    sales: [n] of a recent window
    """
    names, code = categories
    path, alike = category, np.zeros(0, dtype=np.int64)
    while path and len(alike) < LEAST:
        inside = np.array([name == path or name.startswith(path + _SEPARATOR) for name in names.tolist()], dtype=bool)
        alike = _well_sold(np.flatnonzero(inside[code]), sales)
        alike = alike[text[row[alike]] @ own < _SAME]
        path = path.rpartition(_SEPARATOR)[0]
    return alike[np.lexsort((alike, -(text[row[alike]] @ own)))][:most]


def _well_sold(places: np.ndarray, sales: np.ndarray) -> np.ndarray:
    sold = places[sales[places] > 0]
    return sold[sales[sold] >= np.quantile(sales[sold], WELL_SOLD)] if len(sold) else sold


def leaf(category: str) -> str:
    """The finest level of a category."""
    return category.rpartition(_SEPARATOR)[2].strip()
