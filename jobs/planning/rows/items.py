"""What a plan gives each item, as rows of item_exposure."""

from __future__ import annotations

import numpy as np
import pandas as pd

from jobs.config.plan import NOT_LIFTED_BY
from jobs.planning.catalogue.planned_items import Catalogue
from jobs.planning.entries.reasons import binding_of_items
from jobs.planning.merchandising import Merchandising
from jobs.planning.rules.item_bounds import ItemBounds
from model.exposure.plan import Plan
from model.exposure.problem import Problem


def item_rows(
    catalogue: Catalogue, bounds: ItemBounds, merchandising: Merchandising, shared_exposure: np.ndarray,
    problem: Problem, plan: Plan,
) -> pd.DataFrame:  # fmt: skip
    """One row an item that may enter, in the columns of item_exposure; of `problem` only the bounds are read.

    shared_exposure: float64 (items), exposures by the list of the shoppers without consent
    """
    items = catalogue.items
    binding, _ = binding_of_items(catalogue.item_ids, bounds, merchandising, problem, plan.solution)
    return pd.DataFrame(
        {
            "item_id": catalogue.item_ids,
            "segment": items["segment"],
            "boost": 0.0 - plan.solution.price,
            "floor": bounds.floor,
            # Below `allocated` where the list of the shoppers without consent alone goes above it.
            "cap": bounds.cap,
            "allocated": plan.delivered + shared_exposure,
            "binding": binding,
            NOT_LIFTED_BY: items.get(NOT_LIFTED_BY),
        }
    )
