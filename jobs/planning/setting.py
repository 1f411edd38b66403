"""A night's plan before its pairs: items, shoppers, bounds, groups, the lists that are not personal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from pyspark.sql import functions as F

from features.contract import USERS
from features.contract.fallback_lists import EVERYONE
from features.declarations import USER_FEATURES_TABLE
from jobs.config.plan import Plan
from jobs.execution.night import Night
from jobs.experiments.arms import arm_of, planned_in
from jobs.planning.columns import ATTRIBUTE, item_rows_of, named_columns
from jobs.planning.corrections import corrected, read_corrections
from jobs.planning.eligibility import why_excluded
from jobs.planning.groups import NamedGroup, named_groups
from jobs.planning.item_bounds import ItemBounds, item_bounds
from jobs.planning.item_value import worth_of
from jobs.planning.merchandising import Merchandising, merchandising_on
from jobs.planning.pairs import Pairs, eligible_pairs
from jobs.planning.shared import SharedLists, shared_lists
from jobs.planning.unmatched import unmatched_names
from jobs.planning.visits import VISIT_COLUMNS, planned_visits
from jobs.runtime.errors import ConfigurationError, LongtailError
from model.exposure.list_rules import ListRules
from model.exposure.problem import total_exposure


@dataclass(frozen=True)
class Setting:
    """Everything of a night's plan but its pairs.

    items: the items that may enter, sorted by item_id, with the columns that the plan names
    users: user_id (sorted), visits (expected in a day), consents (bool), shopper_segment of all shoppers of the night
    factor and addend: float64 (items), value = relevance x factor + addend
    user_ids: shoppers with pairs, sorted
    total: expected exposures of full lists of all who get one, which shares refer to
    unmatched: by key of the configuration the names that match no item of the night
    """

    plan: Plan
    items: pd.DataFrame
    list_rules: ListRules
    users: pd.DataFrame
    bounds: ItemBounds
    groups: tuple[NamedGroup, ...]
    shared: SharedLists
    wishes: Merchandising
    factor: np.ndarray
    addend: np.ndarray
    pairs: Pairs
    user_ids: np.ndarray
    total: float
    unmatched: Mapping[str, tuple[str, ...]]

    @property
    def item_ids(self) -> np.ndarray:
        return self.items["item_id"].to_numpy()


def read_setting(night: Night) -> Setting:
    """Reads the tables of the night; Spark has run over the pairs once, and they are not on the driver.

    Raises LongtailError where a table has no rows for the night, nothing may enter, shoppers have no features, or more
    than one model version scored the night; ConfigurationError where pins, bans or columns are wrong.
    """
    plan = night.conf.plan
    wishes = merchandising_on(plan.merchandising, night.as_of)
    known = item_rows_of(night.tables, night.as_of, named_columns(plan)).toPandas()
    items = known[why_excluded(plan, known, wishes) == ""].sort_values("item_id", ignore_index=True)
    if items.empty:
        raise LongtailError(
            f"No item of {night.as_of} may enter the lists.",
            "Look at plan.segments, plan.sensitive_categories and bans, and at is_eligible in item_features.",
        )
    users, part = _of_arm(night, _users(night))
    pairs = eligible_pairs(night, items, users)
    user_ids = pairs.shoppers()
    sums = _checked(night, pairs.sums(users))
    place = pd.Index(items["item_id"])
    means, largest = _means(sums, users, place), np.zeros(len(items))
    best = sums.groupby("item_id")["largest"].max()
    largest[place.get_indexer(best.index)] = best.to_numpy()
    listed = users[users["user_id"].isin(user_ids) | ~users["consents"]]
    total = total_exposure(listed["visits"].to_numpy(), np.array(plan.position_weights))
    bounds, groups = corrected(
        read_corrections(night),
        place,
        item_bounds(plan, items, wishes, total, largest, part),
        named_groups(plan, items, total, part),
    )
    factor, addend = worth_of(plan, items)
    types, _ = pd.factorize(items["product_type"].where(items["product_type"] != ""), sort=True)
    list_rules = ListRules(types[None].astype(np.int32), np.array([plan.max_per_product_type]), ("product_type",))
    shared = shared_lists(plan, users, means, (factor, addend), bounds, groups, list_rules)
    return Setting(
        plan=plan,
        items=items,
        list_rules=list_rules,
        users=users,
        bounds=bounds,
        groups=groups,
        shared=shared,
        wishes=wishes,
        factor=factor,
        addend=addend,
        pairs=pairs,
        user_ids=user_ids.to_numpy(),
        total=total,
        unmatched=unmatched_names(plan, known, wishes),
    )


def _of_arm(night: Night, users: pd.DataFrame) -> tuple[pd.DataFrame, float]:
    """The shoppers whom the night's plan is for, and their part of all expected visits: all of them without a test.

    By that part the arms divide what the store has once (stock, budgets, exposures of a launch).
    """
    arm = arm_of(night)
    if not arm:
        return users, 1.0
    mine = planned_in(night.conf, users["user_id"], users["consents"].to_numpy()) == arm
    visits = users["visits"].sum()
    part = float(users.loc[mine, "visits"].sum() / visits) if visits > 0 else float(mine.mean())
    return users[mine].reset_index(drop=True), part


def _users(night: Night) -> pd.DataFrame:
    by = night.conf.plan.shopper_segments
    columns = [*VISIT_COLUMNS, "consent_personalisation"]
    rows = night.tables.read_date(USER_FEATURES_TABLE, night.as_of)
    if by is None:
        segment = F.lit("")
    elif by.startswith(ATTRIBUTE):
        attributes = night.tables.read(USERS).select("user_id", "attributes")
        rows = rows.join(attributes, on="user_id", how="left")
        segment = F.coalesce(F.col("attributes").getItem(by.removeprefix(ATTRIBUTE)), F.lit(""))
    elif by in USER_FEATURES_TABLE.column_names:
        segment = F.col(by).cast("string")
    else:
        raise ConfigurationError(
            f"plan.shopper_segments: user_features has no column {by}.", f"Name one, or {ATTRIBUTE}KEY of users."
        )
    found = rows.select(*columns, segment.alias("shopper_segment")).toPandas().sort_values("user_id", ignore_index=True)
    found["visits"] = planned_visits(night, found)
    found = found.rename(columns={"consent_personalisation": "consents"})
    return found[["user_id", "visits", "consents", "shopper_segment"]]


def _checked(night: Night, sums: pd.DataFrame) -> pd.DataFrame:
    if sums["total"].isna().any():
        first = sums.loc[sums["total"].isna(), "item_id"].min()
        raise LongtailError(
            f"relevance is NaN for some pairs of {night.as_of}, among them some of the item {first}.",
            "Run score again; if it stays, look at the features of that item.",
        )
    return sums


def _means(sums: pd.DataFrame, users: pd.DataFrame, place: pd.Index) -> dict[str, np.ndarray]:
    """Mean relevance over the consenting shoppers, of everyone and by segment; a pair that was not scored counts 0."""
    consenting = users[users["consents"]]
    of_segment = consenting.groupby("shopper_segment").size()
    means = {EVERYONE: _mean_over(sums, len(consenting), place)}
    for segment, rows in sums.groupby("shopper_segment"):
        if segment and isinstance(segment, str):
            means[segment] = _mean_over(rows, int(of_segment.get(segment, 1)), place)
    return means


def _mean_over(sums: pd.DataFrame, shoppers: int, place: pd.Index) -> np.ndarray:
    mean = np.zeros(len(place))
    np.add.at(mean, place.get_indexer(pd.Index(sums["item_id"])), sums["total"].to_numpy() / max(shoppers, 1))
    # Spark adds up in no fixed order; the last digits must not decide ranks.
    return np.minimum(np.round(mean, 12), 1.0)
