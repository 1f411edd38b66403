"""The lists of a plan as rows of exposure_scores and fallback_lists."""

from __future__ import annotations

import numpy as np
import pandas as pd

from features.contract.fallback_lists import EVERYONE
from jobs.planning.catalogue.planned_items import Catalogue
from jobs.planning.merchandising import Merchandising
from jobs.planning.rows.reasons import reasons_of_entries
from jobs.planning.rules.item_bounds import ItemBounds
from jobs.planning.shared_lists import SharedLists
from jobs.planning.solution.solving import Solved
from model.exposure.reasons import NOT_PERSONAL


def list_rows(
    catalogue: Catalogue, bounds: ItemBounds, merchandising: Merchandising, shared: SharedLists, solved: Solved
) -> pd.DataFrame:
    """One row an entry of a list, in the columns of exposure_scores; shoppers without consent have the shared list."""
    problem, plan = solved.pairs.problem, solved.plan
    item = problem.item_index[plan.pair]
    boost = 0.0 - plan.solution.price[item]
    value = problem.value[plan.pair]
    personal = pd.DataFrame(
        {
            "user_id": solved.context_ids[plan.user],
            "rank": plan.rank + 1,
            "item_id": catalogue.item_ids[item],
            "score": value + boost,
            "relevance": solved.pairs.relevance[plan.pair],
            "value": value,
            "boost": boost,
            "exposure": plan.solution.planned[plan.pair],
            "propensity": plan.propensity,
            "reason": reasons_of_entries(catalogue, bounds, merchandising, solved),
        }
    )
    rows = pd.concat([personal, _of_opted_out(catalogue.item_ids, shared)], ignore_index=True)
    return rows.astype({"rank": np.int32})


def _of_opted_out(item_ids: np.ndarray, shared: SharedLists) -> pd.DataFrame:
    items = shared.of_everyone
    users, each = len(shared.user_ids), len(items)
    value = np.tile(shared.value[EVERYONE][items], users)
    return pd.DataFrame(
        {
            "user_id": np.repeat(shared.user_ids, each),
            "rank": np.tile(np.arange(each) + 1, users),
            "item_id": np.tile(item_ids[items], users),
            "score": value,
            "relevance": np.tile(shared.relevance[EVERYONE][items], users),
            "value": value,
            "boost": 0.0,
            "exposure": 1.0,
            "propensity": 1.0,
            "reason": NOT_PERSONAL,
        }
    )


def fallback_rows(item_ids: np.ndarray, shared: SharedLists) -> pd.DataFrame:
    """One row an entry of a shared list, in the columns of fallback_lists."""
    parts = [
        pd.DataFrame(
            {
                "shopper_segment": segment,
                "rank": (np.arange(len(items)) + 1).astype(np.int32),
                "item_id": item_ids[items],
                "value": shared.value[segment][items],
                "relevance": shared.relevance[segment][items],
                "reason": NOT_PERSONAL,
            }
        )
        for segment, items in shared.lists.items()
    ]
    return pd.concat(parts, ignore_index=True)
