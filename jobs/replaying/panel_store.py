"""A small simulated store whose shoppers choose as the panel's households do."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
from scipy.sparse import csr_array

from model.simulation.latent_classes import fitted_classes
from model.simulation.world import Habits, World, world_of

CLASSES, ROUNDS = 24, 40
UNITS = 44.0  # stock of a scarce item, for each shopper an item: some of them sell out within days


@dataclass(frozen=True)
class PanelStore:
    """The simulated world with the attributes of its items; rows are numbered as in the world.

    items: item_id, title, category, product_type, brand, provider_id, price
    """

    world: World
    items: pd.DataFrame
    user_ids: list[str]


def panel_store(folder: Path, shoppers: int, items: int, examination: np.ndarray, seed: int, begins: int) -> PanelStore:
    """Draws shoppers and products from the panel's files, with tastes fitted to the households' purchases.

    With more shoppers than households, several shoppers share a household's tastes and activity. Half of the items are
    those bought most; the others are drawn from all that were ever bought, so that there is a long tail.

    begins: day of the world on which the storefront opens; new items arrive in the 28 days after it
    """
    lines = pq.read_table(folder / "transactions.parquet", columns=["household_id", "product_id", "sales_value"])
    bought = pd.DataFrame({name: lines[name].to_numpy() for name in lines.column_names})
    products = pq.read_table(folder / "products.parquet").to_pandas()
    products = products[products["product_type"].notna() & products["product_id"].isin(bought["product_id"])]
    random = np.random.default_rng(seed)
    households = np.unique(bought["household_id"])
    like = _drawn(random, len(households), shoppers)
    count = bought.groupby("product_id").size().reindex(products["product_id"]).to_numpy()
    most = np.argsort(-count, kind="stable")[: items // 2]
    others = random.choice(np.setdiff1d(np.arange(len(products)), most), items - len(most), replace=False)
    at = np.sort(np.concatenate([most, others]))
    chosen, sold = products.iloc[at].reset_index(drop=True), count[at]
    types, of_item = np.unique(chosen["product_type"], return_inverse=True)
    of_product = pd.Series(np.searchsorted(types, chosen["product_type"]), index=chosen["product_id"])
    household = np.searchsorted(households, bought["household_id"])
    kind = bought["product_id"].map(of_product).to_numpy()
    inside = ~np.isnan(kind)
    counts = csr_array(
        (np.ones(int(inside.sum())), (household[inside], kind[inside].astype(np.int64))),
        shape=(len(households), len(types)),
    )
    counts.sum_duplicates()
    tastes = fitted_classes(counts, CLASSES, ROUNDS, seed)
    tastes = replace(tastes, membership=tastes.membership[like])
    lines_a_day = np.bincount(household, minlength=len(households))[like] / 365
    visits = np.clip(lines_a_day / lines_a_day.mean() * 3.0, 0.1, 6.0)
    world = world_of(
        tastes, of_item, sold + 1.0, visits, np.minimum(lines_a_day, 4.0), examination,
        Habits(units=round(UNITS * shoppers / items)), seed,
    )  # fmt: skip
    world = replace(world, arrives=np.where(world.arrives > 0, world.arrives + begins, 0))
    price = bought.groupby("product_id")["sales_value"].median().reindex(chosen["product_id"]).to_numpy()
    return PanelStore(world, _attributes(chosen, price), [f"s{number}" for number in range(1, shoppers + 1)])


def _drawn(random: np.random.Generator, households: int, shoppers: int) -> np.ndarray:
    """[shoppers] household of each; their numbers of shoppers differ by at most one."""
    rounds = -(-shoppers // households)
    return np.concatenate([random.permutation(households) for _ in range(rounds)])[:shoppers]


def _attributes(products: pd.DataFrame, price: np.ndarray) -> pd.DataFrame:
    texts = {name: products[name].fillna("").str.capitalize() for name in ("department", "product_category")}
    kind = products["product_type"].str.capitalize()
    size = products["package_size"].fillna("").str.lower()
    return pd.DataFrame(
        {
            "item_id": "i" + products["product_id"].astype(str),
            "title": (kind + ", " + size).str.rstrip(", "),
            "category": texts["department"] + " > " + texts["product_category"],
            "product_type": kind,
            "brand": products["brand"],
            "provider_id": products["manufacturer_id"].astype(str),
            "price": np.round(np.maximum(price, 0.1), 2),
        }
    )
