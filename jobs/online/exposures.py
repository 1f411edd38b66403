"""The columns of a plan that the storefront reads, and the SQL that selects them from the plan's tables."""

from __future__ import annotations

from collections.abc import Mapping

from pyspark.sql.types import ArrayType, StringType

from features.contract import EXPOSURE_SCORES, ITEM_EXPOSURE, ITEM_NEIGHBOURS, ITEM_POTENTIAL
from features.contract.table import Table
from jobs.config.configuration import Plan
from jobs.online.fields import OnlineField
from jobs.serving.client import SEGMENT_PREFIX
from jobs.tables.sql import sql_equals, sql_in, sql_literal

# By array of the list: the column of exposure_scores that it holds, best rank first.
_ARRAYS = {
    "item_ids": "item_id",
    "scores": "score",
    "relevances": "relevance",
    "boosts": "boost",
    "propensities": "propensity",
    "reasons": "reason",
}
_NIGHT_COLUMNS = ("policy", "placement", "model_version", "run_id")
_ITEM_COLUMNS = ("boost", "segment", "allocated")
_POTENTIAL_COLUMNS = tuple(name for name in ITEM_POTENTIAL.column_names if name not in ITEM_POTENTIAL.key)

_NEIGHBOURS_COLUMNS = ("neighbour_ids", "lifts", "rest_lift")


def _fields(table: Table, names: tuple[str, ...]) -> tuple[OnlineField, ...]:
    columns = {column.name: column for column in table.columns}
    return tuple(OnlineField(name, columns[name].type, columns[name].meaning) for name in names)


def _arrays() -> tuple[OnlineField, ...]:
    columns = {column.name: column for column in EXPOSURE_SCORES.columns}
    return tuple(
        OnlineField(array, ArrayType(columns[name].type, False), f"In the order of the list: {columns[name].meaning}")
        for array, name in _ARRAYS.items()
    )


_ARM = OnlineField("arm", StringType(), "The shopper's arm of the running A/B test; empty without a test.")
_AS_OF = OnlineField("as_of", StringType(), "Night of the values, as an ISO date.")
USER_EXPOSURE_FIELDS = (*_arrays(), _AS_OF, *_fields(EXPOSURE_SCORES, _NIGHT_COLUMNS), _ARM)
ITEM_EXPOSURE_FIELDS = (*_fields(ITEM_EXPOSURE, _ITEM_COLUMNS), _AS_OF)
ITEM_NEIGHBOURS_FIELDS = _fields(ITEM_NEIGHBOURS, _NEIGHBOURS_COLUMNS)
ITEM_POTENTIAL_FIELDS = _fields(ITEM_POTENTIAL, _POTENTIAL_COLUMNS)


def user_exposure_query(table: str, plan: Plan, arms: Mapping[str, str]) -> str:
    """SQL over exposure_scores: one row for each as_of and shopper, the list as arrays by rank.

    The columns are event_timestamp (as_of 00:00), user_id and those of USER_EXPOSURE_FIELDS.

    table: name of the table in the query
    arms: by policy the arm whose shoppers have its lists; {policy: ''} without a test
    """
    arm = f"CASE policy {' '.join(f'WHEN {sql_literal(p)} THEN {sql_literal(a)}' for p, a in arms.items())} END"
    members = ", ".join(_ARRAYS.values())
    arrays = ", ".join(f"transform(list, x -> x.{name}) AS {array}" for array, name in _ARRAYS.items())
    night = ", ".join(f"max({name}) AS {name}" for name in _NIGHT_COLUMNS)
    return (
        f"SELECT timestamp(night) AS event_timestamp, user_id, {arrays}, string(night) AS as_of, "
        f"{', '.join(_NIGHT_COLUMNS)}, {arm} AS arm FROM (SELECT as_of AS night, user_id, "
        f"array_sort(collect_list(struct(rank, {members}))) AS list, {night} "
        f"FROM {table} WHERE {sql_in('policy', arms)} AND {sql_equals(placement=plan.placement)} "
        f"GROUP BY as_of, user_id, policy)"
    )


def fallback_query(table: str, plan: Plan) -> str:
    """As `user_exposure_query`, over fallback_lists: the key is SEGMENT_PREFIX and the segment, boosts are 0."""
    arrays = ", ".join(f"transform(list, x -> x.{name}) AS {array}" for array, name in _ARRAYS.items())
    night = ", ".join(f"max({name}) AS {name}" for name in _NIGHT_COLUMNS)
    key = f"concat({sql_literal(SEGMENT_PREFIX)}, shopper_segment)"
    members = "item_id, value AS score, relevance, 0.0D AS boost, 1.0D AS propensity, reason"
    return (
        f"SELECT timestamp(night) AS event_timestamp, {key} AS user_id, {arrays}, "
        f"string(night) AS as_of, {', '.join(_NIGHT_COLUMNS)}, '' AS arm FROM (SELECT as_of AS night, shopper_segment, "
        f"array_sort(collect_list(struct(rank, {members}))) AS list, {night} "
        f"FROM {table} WHERE {_is_of_plan(plan)} GROUP BY as_of, shopper_segment)"
    )


def item_exposure_query(table: str, plan: Plan) -> str:
    """SQL over item_exposure: event_timestamp, item_id and the columns of ITEM_EXPOSURE_FIELDS."""
    return (
        f"SELECT timestamp(as_of) AS event_timestamp, item_id, {', '.join(_ITEM_COLUMNS)}, string(as_of) AS as_of "
        f"FROM {table} WHERE {_is_of_plan(plan)}"
    )


def item_potential_query(table: str, plan: Plan) -> str:
    """SQL over item_potential: event_timestamp, item_id and ITEM_POTENTIAL_FIELDS of the items with an audience."""
    return (
        f"SELECT timestamp(as_of) AS event_timestamp, item_id, {', '.join(_POTENTIAL_COLUMNS)} "
        f"FROM {table} WHERE {sql_equals(policy=plan.scored_as)} AND audience_count > 0"
    )


def _is_of_plan(plan: Plan) -> str:
    return sql_equals(policy=plan.policy, placement=plan.placement)
