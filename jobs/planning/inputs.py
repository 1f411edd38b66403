"""What the plan of a night is made from: pairs, items and shoppers, as arrays on the driver."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import functions as F

from features.contract import CONSTRAINT_PRICES, RELEVANCE
from features.declarations import ITEM_FEATURES_TABLE, USER_FEATURES_TABLE
from jobs.planning.floors import ITEM_CAP, members_of
from jobs.runtime.config import Plan
from jobs.runtime.errors import LongtailError
from jobs.runtime.night import Night
from model.exposure.feasibility import ITEM_FLOOR
from model.exposure.prices import Prices
from model.exposure.problem import Group, Problem, total_exposure


@dataclass(frozen=True)
class Inputs:
    """The problem with the names of its users and items.

    user_ids, item_ids: arrays of strings in the problem's order, both sorted
    items: item_id, segment, product_type and the columns of the floors, in that order
    cause: main cause of each pair's relevance, an Arrow dictionary array; empty string where none is told
    all_users: shoppers known on the night, with or without candidates
    """

    problem: Problem
    user_ids: np.ndarray
    item_ids: np.ndarray
    items: pd.DataFrame
    cause: pa.DictionaryArray
    model_version: str
    all_users: int


def read_inputs(night: Night) -> Inputs:
    """Reads relevance, item_features and user_features of the night.

    Only eligible items of plan.segments and pairs at or above plan.relevance_bar enter.
    Raises LongtailError where a table has no rows for the night, no pair enters, shoppers have no features, or more
    than one model version scored the night.
    """
    plan = night.conf.plan
    items = _items(night)
    pairs, model_version = _pairs(night)
    user_ids, user = _coded(pairs["user_id"])
    names, of_pair = _coded(pairs["item_id"])
    item = pd.Index(items["item_id"]).get_indexer(pd.Index(names))[of_pair]
    order = np.lexsort((item, user))
    order = order[item[order] >= 0]
    user, item = user[order], item[order]
    if not len(order):
        raise LongtailError(
            f"No pair of relevance for {night.as_of} is of an eligible item and reaches the bar.",
            "Look at plan.segments and plan.relevance_bar, and at is_eligible in item_features.",
        )
    present = np.unique(user)
    visits = _visits(night)
    visit_probability = visits.reindex(user_ids[present]).to_numpy(dtype=np.float64)
    if np.isnan(visit_probability).any():
        raise LongtailError(
            f"{int(np.isnan(visit_probability).sum())} shoppers of relevance have no row in user_features.",
            f"Run build_features and score for {night.as_of} again.",
        )
    problem = problem_of(
        plan,
        items,
        np.searchsorted(present, user),
        item,
        pairs["relevance"].to_numpy()[order],
        visit_probability,
    )
    cause = pairs["cause"].combine_chunks().dictionary_encode().take(pa.array(order))
    return Inputs(
        problem, user_ids[present], items["item_id"].to_numpy(), items, cause, model_version, all_users=len(visits)
    )


def problem_of(
    plan: Plan,
    items: pd.DataFrame,
    user: np.ndarray,
    item: np.ndarray,
    relevance: np.ndarray,
    visit_probability: np.ndarray,
) -> Problem:
    """The problem that the configuration makes of the pairs; user and item: int (pairs), sorted by user, then item.

    Caps and floors are shares of the exposure that full lists of all these users would deliver.
    """
    weights = np.array(plan.position_weights)
    total = total_exposure(visit_probability, weights)
    floored = (items["segment"] == plan.item_floor.segment).to_numpy()
    types, _ = pd.factorize(items["product_type"].where(items["product_type"] != ""), sort=True)
    return Problem(
        user_start=np.searchsorted(user, np.arange(len(visit_probability) + 1)),
        item_index=item.astype(np.int32),
        relevance=relevance.astype(np.float64),
        visit_probability=visit_probability,
        position_weights=weights,
        exploration_slots=plan.exploration_slots,
        item_cap=np.full(len(items), plan.max_item_share * total),
        item_floor=np.where(floored, plan.item_floor.exposures, 0.0),
        groups=tuple(Group(name, members_of(f, items), f.share * total) for name, f in plan.floors.items()),
        item_type=types.astype(np.int64),
        max_per_type=plan.max_per_product_type,
    )


def last_prices(night: Night, inputs: Inputs) -> tuple[Prices | None, date | None]:
    """The newest prices of the policy from before the night, and their date; items and groups unknown then have 0."""
    known = night.tables.read_or_empty(CONSTRAINT_PRICES).where(
        (F.col("policy") == night.conf.plan.policy) & (F.col("as_of") < F.lit(night.as_of))
    )
    found = known.agg(F.max("as_of").alias("as_of")).first()
    if found is None or found["as_of"] is None:
        return None, None
    rows = known.where(F.col("as_of") == F.lit(found["as_of"])).select("constraint", "member", "price").toPandas()
    place = pd.Index(inputs.item_ids)

    def of_items(constraint: str) -> np.ndarray:
        mine = rows[rows["constraint"] == constraint]
        at = place.get_indexer(pd.Index(mine["member"]))
        price = np.zeros(len(place))
        price[at[at >= 0]] = mine["price"].to_numpy()[at >= 0]
        return price

    of_group = rows.set_index("constraint")["price"]
    group = np.array([float(of_group.get(g.name, 0.0)) for g in inputs.problem.groups], dtype=np.float64)
    return Prices(of_items(ITEM_CAP), of_items(ITEM_FLOOR), group), found["as_of"]


def _items(night: Night) -> pd.DataFrame:
    plan = night.conf.plan
    columns = dict.fromkeys(["item_id", "segment", "product_type", *(f.column for f in plan.floors.values())])
    rows = night.tables.read_date(ITEM_FEATURES_TABLE, night.as_of)
    rows = rows.where(F.col("is_eligible") & F.col("segment").isin(list(plan.segments))).select(*columns)
    return rows.toPandas().sort_values("item_id", ignore_index=True)


def _visits(night: Night) -> pd.Series:
    rows = night.tables.read_date(USER_FEATURES_TABLE, night.as_of).select("user_id", "visit_probability").toPandas()
    return rows.set_index("user_id")["visit_probability"]


def _pairs(night: Night) -> tuple[pa.Table, str]:
    """user_id, item_id, relevance and cause of the pairs at or above the bar, and the version that scored them."""
    plan = night.conf.plan
    rows = night.tables.read_date(RELEVANCE, night.as_of).where(F.col("policy") == plan.policy)
    versions = [row["model_version"] for row in rows.select("model_version").distinct().collect()]
    if len(versions) != 1:
        found = f"scores of {len(versions)} model versions" if versions else "no rows"
        raise LongtailError(
            f"relevance has {found} for {night.as_of} and policy {plan.policy}.", f"Run score for {night.as_of} again."
        )
    pairs = rows.where(F.col("relevance") >= plan.relevance_bar).select(
        "user_id", "item_id", "relevance", F.coalesce(F.get(F.col("top_reasons"), F.lit(0)), F.lit("")).alias("cause")
    )
    return pairs.toArrow(), versions[0]


def _coded(column: pa.ChunkedArray) -> tuple[np.ndarray, np.ndarray]:
    """The sorted distinct strings of a column and the number of each row's string among them."""
    coded = column.combine_chunks().dictionary_encode()
    names = coded.dictionary
    order = pc.sort_indices(names).to_numpy()
    number = np.empty(len(order), dtype=np.int64)
    number[order] = np.arange(len(order))
    return names.to_numpy(zero_copy_only=False)[order], number[coded.indices.to_numpy()]
