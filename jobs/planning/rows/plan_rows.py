"""All rows that a plan writes, by table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.execution.night import Night
from jobs.planning.catalogue.planned_items import Catalogue
from jobs.planning.merchandising import Merchandising
from jobs.planning.rows.items import item_rows
from jobs.planning.rows.lists import fallback_rows, shared_list_rows
from jobs.planning.rows.prices import price_rows
from jobs.planning.rules.rules import Rules
from jobs.planning.shared_lists import SharedLists
from jobs.planning.solution.solving import Solved
from model.phrases import phrases


@dataclass(frozen=True)
class PlanRows:
    """Rows of exposure_scores, exploration_draws, item_exposure, constraint_prices and fallback_lists.

    lists, draws: of the first two, which stay with Spark; entries: number of the rows of exposure_scores
    """

    lists: DataFrame
    draws: DataFrame
    entries: int
    items: pd.DataFrame
    prices: pd.DataFrame
    fallback: pd.DataFrame


def plan_rows(
    night: Night,
    model_version: str,
    catalogue: Catalogue,
    merchandising: Merchandising,
    rules: Rules,
    shared: SharedLists,
    opted_out: DataFrame,
    solved: Solved,
) -> PlanRows:
    """The plan in the columns of its tables.

    model_version: the one that scored the night; opted_out: user_id of the shoppers without consent
    """
    plan = night.conf.plan
    of_policy: dict[str, Any] = {"as_of": night.as_of, "policy": plan.policy}
    of_placement: dict[str, Any] = {**of_policy, "placement": plan.placement}
    of_run: dict[str, Any] = {**of_placement, "model_version": model_version, "run_id": night.run_id}
    bounds, delivered = rules.bounds, shared.delivered
    lists, reason = solved.lists, phrases(night.conf.report.language).shared_list
    if shared.users:
        lists = lists.unionByName(shared_list_rows(catalogue.item_ids, shared, opted_out, reason))
    items = item_rows(catalogue, bounds, merchandising, delivered, solved.bounds, solved.plan)
    return PlanRows(
        draws=solved.draws.withColumns(
            {name: F.lit(of_run[name]) for name in ("as_of", "policy", "placement", "run_id")}
        ),
        lists=lists.withColumns({name: F.lit(value) for name, value in of_run.items()}),
        entries=solved.counts.entries + shared.users * len(shared.of_everyone),
        items=items.assign(**of_placement),
        prices=price_rows(catalogue.item_ids, bounds, rules.groups, delivered, solved.plan).assign(**of_policy),
        fallback=fallback_rows(catalogue.item_ids, shared, reason).assign(**of_run),
    )
