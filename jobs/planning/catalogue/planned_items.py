"""The items of a night's plan: who may enter the lists, and what the store can give of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from features.contract import ITEM_POTENTIAL, STOCK_SUGGESTIONS
from jobs.config.plan import NOT_LIFTED_BY
from jobs.execution.night import Night
from jobs.planning.catalogue.eligibility import why_excluded
from jobs.planning.catalogue.not_lifted import with_not_lifted_by
from jobs.planning.catalogue.supply import launch_exposures, purchases_in_stock
from jobs.planning.columns import item_rows_of, named_columns, names_potential, names_stock
from jobs.planning.merchandising import Merchandising
from jobs.runtime.errors import LongtailError
from jobs.tables.sql import sql_equals


@dataclass(frozen=True)
class Catalogue:
    """Items with the columns that the plan names.

    known: every item of the night, whether it may enter or not
    items: the items that may enter the lists, sorted by item_id
    in_stock: float64 (items), purchase lines that the stock allows, infinite where it is no bound
    launch: float64 (items), expected exposures that a new item gets at least
    """

    known: pd.DataFrame
    items: pd.DataFrame
    in_stock: np.ndarray
    launch: np.ndarray

    @property
    def item_ids(self) -> np.ndarray:
        """Identifiers of the items that may enter, sorted."""
        return self.items["item_id"].to_numpy()


def read_catalogue(night: Night, merchandising: Merchandising) -> Catalogue:
    """Reads item_features, items and, where the plan names columns of them, item_potential and stock_suggestions.

    Raises LongtailError when no item may enter, or one of the latter has no rows for the night.
    """
    plan = night.conf.plan
    if names_potential(plan) and not night.tables.has(
        ITEM_POTENTIAL, sql_equals(as_of=night.as_of, policy=plan.scored_as)
    ):
        raise LongtailError(
            f"The plan names a column of item_potential, which has no rows for {night.as_of} and policy "
            f"{plan.scored_as}.",
            f"Run measure_potential for {night.as_of} first.",
        )
    if names_stock(plan) and not night.tables.has(STOCK_SUGGESTIONS, sql_equals(as_of=night.as_of)):
        raise LongtailError(
            f"The plan names a column of stock_suggestions, which has no rows for {night.as_of}.",
            f"Run suggest for {night.as_of} first; without tracked stock, remove the column from the plan.",
        )
    columns = tuple(name for name in named_columns(plan) if name != NOT_LIFTED_BY)
    rows = item_rows_of(night.tables, night.as_of, columns, plan)
    known = (with_not_lifted_by(night, rows) if plan.not_lifted.words else rows).toPandas()
    items = known[why_excluded(plan, known, merchandising) == ""].sort_values("item_id", ignore_index=True)
    if items.empty:
        raise LongtailError(
            f"No item of {night.as_of} may enter the lists.",
            "Look at plan.segments, plan.sensitive_categories and bans, and at is_eligible in item_features.",
        )
    return Catalogue(known, items, purchases_in_stock(plan.stock, items), launch_exposures(plan.launch, items))
