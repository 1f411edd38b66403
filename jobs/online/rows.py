"""The rows of a night, from Delta, as they are to be read online."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pandas as pd
import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from features.contract import EXPOSURE_SCORES, FALLBACK_LISTS, ITEM_EXPOSURE
from features.contract.fallback_lists import EVERYONE
from features.contract.table import Table
from features.declarations import ITEM_FEATURES_TABLE, USER_FEATURES_TABLE
from jobs.config.configuration import Plan
from jobs.execution.night import Night
from jobs.experiments.arms import policies_of_arms
from jobs.online.exposures import SEGMENT, fallback_query, item_exposure_query, user_exposure_query
from jobs.online.fields import OnlineView
from jobs.runtime.errors import LongtailError

Rows = dict[str, pd.DataFrame]


def collect_rows(night: Night, views: tuple[OnlineView, ...]) -> Rows:
    """By view: its key and its fields, one row an entity, no NULL, sorted by key.

    Raises LongtailError naming view and column when the night has no rows for a view, a key twice or a value missing,
    and where it has no personal list, or none for shoppers who are unknown.
    """
    arms = policies_of_arms(night)
    lists = _queried(night, EXPOSURE_SCORES, lambda table, plan: user_exposure_query(table, plan, arms))
    frames = {
        "user_exposure": _with_fallbacks(night, lists),
        "item_exposure": _queried(night, ITEM_EXPOSURE, item_exposure_query),
        "user_features": night.tables.read_date(USER_FEATURES_TABLE, night.as_of),
        "item_features": night.tables.read_date(ITEM_FEATURES_TABLE, night.as_of).where(F.col("is_eligible")),
    }
    # Each is a small job of Spark: together they take little longer than the longest.
    with ThreadPoolExecutor(len(views)) as threads:
        read = threads.map(lambda view: _read(frames[view.name], view), views)
        return {view.name: _checked(rows, view, night) for view, rows in zip(views, read, strict=True)}


def model_version_of(rows: Rows) -> str:
    """The one version that scored the night. Raises LongtailError when there are several."""
    versions = sorted(rows["user_exposure"]["model_version"].unique())
    if len(versions) != 1:
        raise LongtailError(
            f"The lists of the night come from several model versions: {', '.join(versions)}.",
            "Run score and plan_exposure for the night again.",
        )
    return str(versions[0])


def _queried(night: Night, table: Table, query: Callable[[str, Plan], str]) -> DataFrame:
    return night.spark.sql(query("{rows}", night.conf.plan), rows=night.tables.read_date(table, night.as_of))


def _with_fallbacks(night: Night, lists: DataFrame) -> DataFrame:
    """Adds the lists that are not personal, by the key 'segment:NAME'."""
    return lists.unionByName(_queried(night, FALLBACK_LISTS, fallback_query))


def _read(frame: DataFrame, view: OnlineView) -> pd.DataFrame:
    # Lists stay Arrow's: as objects of Python they take many times the room and the time.
    table = frame.select(view.join_key, *view.field_names).toArrow()
    return table.to_pandas(types_mapper=lambda kind: pd.ArrowDtype(kind) if pa.types.is_list(kind) else None)


def _checked(rows: pd.DataFrame, view: OnlineView, night: Night) -> pd.DataFrame:
    shared = rows[view.join_key].str.startswith(SEGMENT)
    if shared.all():
        raise LongtailError(
            f"There is nothing to publish as {view.name} for {night.as_of} (policy {night.conf.plan.policy}, "
            f"placement {night.conf.plan.placement}).",
            "Run the steps before publish for that night, with this configuration.",
        )
    if view.name == "user_exposure" and f"{SEGMENT}{EVERYONE}" not in set(rows.loc[shared, view.join_key]):
        # Shoppers who are unknown would be shown nothing.
        raise LongtailError(
            f"fallback_lists has no list for {EVERYONE} on {night.as_of} (policy {night.conf.plan.policy}, placement "
            f"{night.conf.plan.placement}).",
            "Run plan_exposure for the night again; where its list stays empty, look at plan.stock and plan.caps.",
        )
    if not rows[view.join_key].is_unique:
        raise LongtailError(
            f"The rows of {view.name} for {night.as_of} hold a {view.join_key} twice.",
            "Run the step that writes them again.",
        )
    missing = [name for name in view.field_names if rows[name].isna().any()]
    if missing:
        raise LongtailError(
            f"The rows of {view.name} for {night.as_of} miss values of {', '.join(missing)}.",
            "Run the step that writes them again.",
        )
    return rows.sort_values(view.join_key, ignore_index=True)
