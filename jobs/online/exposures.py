"""The columns that the storefront reads of a plan, and the queries that make them from the tables of the plan."""

from __future__ import annotations

from collections.abc import Mapping

from pyspark.sql.types import ArrayType, StringType

from features.contract import EXPOSURE_SCORES, ITEM_EXPOSURE
from features.contract.table import Table
from jobs.config.configuration import Plan
from jobs.online.fields import OnlineField
from jobs.tables.sql import sql_equals, sql_in, sql_literal

SEGMENT = "segment:"  # what the key of a list begins with that is not personal
# Array of the list -> the column of exposure_scores that it holds, best rank first.
_OF_THE_LIST = {
    "item_ids": "item_id",
    "scores": "score",
    "relevances": "relevance",
    "boosts": "boost",
    "propensities": "propensity",
    "reasons": "reason",
}
_OF_THE_NIGHT = ("policy", "placement", "model_version", "run_id")
_OF_THE_ITEM = ("boost", "segment", "allocated")


def _fields(table: Table, names: tuple[str, ...]) -> tuple[OnlineField, ...]:
    columns = {column.name: column for column in table.columns}
    return tuple(OnlineField(name, columns[name].type, columns[name].meaning) for name in names)


def _arrays() -> tuple[OnlineField, ...]:
    columns = {column.name: column for column in EXPOSURE_SCORES.columns}
    return tuple(
        OnlineField(array, ArrayType(columns[name].type, False), f"In the order of the list: {columns[name].meaning}")
        for array, name in _OF_THE_LIST.items()
    )


_ARM = OnlineField("arm", StringType(), "Arm of the running test that the shopper is in; empty where there is none.")
_AS_OF = OnlineField("as_of", StringType(), "Night that the values are of, as an ISO date.")
USER_EXPOSURE_FIELDS = (*_arrays(), _AS_OF, *_fields(EXPOSURE_SCORES, _OF_THE_NIGHT), _ARM)
ITEM_EXPOSURE_FIELDS = (*_fields(ITEM_EXPOSURE, _OF_THE_ITEM), _AS_OF)


def user_exposure_query(table: str, plan: Plan, arms: Mapping[str, str]) -> str:
    """SQL over exposure_scores, named as `table`: one row an as_of and shopper, the list as arrays by rank.

    arms: by policy the arm whose shoppers have its lists; {policy: ''} where no test runs.
    Columns: event_timestamp (as_of 00:00), user_id and those of USER_EXPOSURE_FIELDS.
    """
    arm = f"CASE policy {' '.join(f'WHEN {sql_literal(p)} THEN {sql_literal(a)}' for p, a in arms.items())} END"
    members = ", ".join(_OF_THE_LIST.values())
    arrays = ", ".join(f"transform(list, x -> x.{name}) AS {array}" for array, name in _OF_THE_LIST.items())
    night = ", ".join(f"max({name}) AS {name}" for name in _OF_THE_NIGHT)
    return (
        f"SELECT timestamp(night) AS event_timestamp, user_id, {arrays}, string(night) AS as_of, "
        f"{', '.join(_OF_THE_NIGHT)}, {arm} AS arm FROM (SELECT as_of AS night, user_id, "
        f"array_sort(collect_list(struct(rank, {members}))) AS list, {night} "
        f"FROM {table} WHERE {sql_in('policy', arms)} AND {sql_equals(placement=plan.placement)} "
        f"GROUP BY as_of, user_id, policy)"
    )


def fallback_query(table: str, plan: Plan) -> str:
    """As `user_exposure_query`, over fallback_lists: the key is 'segment:' and the segment, boosts are none."""
    arrays = ", ".join(f"transform(list, x -> x.{name}) AS {array}" for array, name in _OF_THE_LIST.items())
    night = ", ".join(f"max({name}) AS {name}" for name in _OF_THE_NIGHT)
    key = f"concat({sql_literal(SEGMENT)}, shopper_segment)"
    members = "item_id, value AS score, relevance, 0.0D AS boost, 1.0D AS propensity, reason"
    return (
        f"SELECT timestamp(night) AS event_timestamp, {key} AS user_id, {arrays}, "
        f"string(night) AS as_of, {', '.join(_OF_THE_NIGHT)}, '' AS arm FROM (SELECT as_of AS night, shopper_segment, "
        f"array_sort(collect_list(struct(rank, {members}))) AS list, {night} "
        f"FROM {table} WHERE {_of_the_plan(plan)} GROUP BY as_of, shopper_segment)"
    )


def item_exposure_query(table: str, plan: Plan) -> str:
    """SQL over item_exposure, named as `table`: event_timestamp, item_id and those of ITEM_EXPOSURE_FIELDS."""
    return (
        f"SELECT timestamp(as_of) AS event_timestamp, item_id, {', '.join(_OF_THE_ITEM)}, string(as_of) AS as_of "
        f"FROM {table} WHERE {_of_the_plan(plan)}"
    )


def _of_the_plan(plan: Plan) -> str:
    return sql_equals(policy=plan.policy, placement=plan.placement)
