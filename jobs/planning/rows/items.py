"""What a plan gives each item, as rows of item_exposure."""

from __future__ import annotations

import numpy as np
import pandas as pd

from jobs.planning.catalogue.planned_items import Catalogue
from jobs.planning.merchandising import Merchandising
from jobs.planning.rows.reasons import binding_of_items
from jobs.planning.rules.item_bounds import ItemBounds
from jobs.planning.solution.solving import Solved


def item_rows(
    catalogue: Catalogue, bounds: ItemBounds, merchandising: Merchandising, shared_exposure: np.ndarray, solved: Solved
) -> pd.DataFrame:
    """One row an item that may enter, in the columns of item_exposure.

    shared_exposure: float64 (items), exposures by the list of the shoppers without consent
    """
    binding, _ = binding_of_items(catalogue.item_ids, bounds, merchandising, solved)
    return pd.DataFrame(
        {
            "item_id": catalogue.item_ids,
            "segment": catalogue.items["segment"],
            "boost": 0.0 - solved.plan.solution.price,
            "floor": bounds.floor,
            # Below `allocated` where the list of the shoppers without consent alone goes above it.
            "cap": bounds.cap,
            "allocated": solved.plan.delivered + shared_exposure,
            "binding": binding,
        }
    )
