"""The rows of a night in Delta, as readers get them online."""

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
from jobs.online.exposures import fallback_query, item_exposure_query, user_exposure_query
from jobs.online.fields import OnlineView
from jobs.runtime.errors import LongtailError
from jobs.serving.client import (
    ITEM_EXPOSURE_VIEW,
    ITEM_FEATURES_VIEW,
    SEGMENT_PREFIX,
    USER_EXPOSURE_VIEW,
    USER_FEATURES_VIEW,
)

Rows = dict[str, pd.DataFrame]


def collect_rows(night: Night, views: tuple[OnlineView, ...]) -> Rows:
    """By view its key and fields: one row an entity, no NULL, sorted by key.

    Raises LongtailError naming view and column when the night has no rows for a view, a duplicate key or a missing
    value, and where it has no personal list or no fallback list for unknown shoppers.
    """
    arms = policies_of_arms(night)
    lists = _queried(night, EXPOSURE_SCORES, lambda table, plan: user_exposure_query(table, plan, arms))
    frames = {
        USER_EXPOSURE_VIEW: _with_fallbacks(night, lists),
        ITEM_EXPOSURE_VIEW: _queried(night, ITEM_EXPOSURE, item_exposure_query),
        USER_FEATURES_VIEW: night.tables.read_date(USER_FEATURES_TABLE, night.as_of),
        ITEM_FEATURES_VIEW: night.tables.read_date(ITEM_FEATURES_TABLE, night.as_of).where(F.col("is_eligible")),
    }
    # Each is a small Spark job; in parallel they take little longer than the longest.
    with ThreadPoolExecutor(len(views)) as threads:
        read = threads.map(lambda view: _read(frames[view.name], view), views)
        return {view.name: _checked(rows, view, night) for view, rows in zip(views, read, strict=True)}


def model_version_of(rows: Rows) -> str:
    """The model version that scored the night. Raises LongtailError when there are several."""
    versions = sorted(rows[USER_EXPOSURE_VIEW]["model_version"].unique())
    if len(versions) != 1:
        raise LongtailError(
            f"The night's lists come from several model versions: {', '.join(versions)}.",
            "Run score and plan_exposure for the night again.",
        )
    return str(versions[0])


def _queried(night: Night, table: Table, query: Callable[[str, Plan], str]) -> DataFrame:
    return night.spark.sql(query("{rows}", night.conf.plan), rows=night.tables.read_date(table, night.as_of))


def _with_fallbacks(night: Night, lists: DataFrame) -> DataFrame:
    """The lists and the fallback lists, whose key is 'segment:' and the segment."""
    return lists.unionByName(_queried(night, FALLBACK_LISTS, fallback_query))


def _read(frame: DataFrame, view: OnlineView) -> pd.DataFrame:
    # Arrays stay in Arrow: as Python objects they take many times the memory and the time.
    table = frame.select(view.join_key, *view.field_names).toArrow()
    return table.to_pandas(types_mapper=lambda kind: pd.ArrowDtype(kind) if pa.types.is_list(kind) else None)


def _checked(rows: pd.DataFrame, view: OnlineView, night: Night) -> pd.DataFrame:
    is_fallback = rows[view.join_key].str.startswith(SEGMENT_PREFIX)
    if is_fallback.all():
        raise LongtailError(
            f"There is nothing to publish as {view.name} for {night.as_of} (policy {night.conf.plan.policy}, "
            f"placement {night.conf.plan.placement}).",
            "Run the steps before publish for the night with this configuration.",
        )
    fallbacks = set(rows.loc[is_fallback, view.join_key])
    if view.name == USER_EXPOSURE_VIEW and f"{SEGMENT_PREFIX}{EVERYONE}" not in fallbacks:
        # Unknown shoppers would see nothing.
        raise LongtailError(
            f"fallback_lists has no list for {EVERYONE} on {night.as_of} (policy {night.conf.plan.policy}, placement "
            f"{night.conf.plan.placement}).",
            "Run plan_exposure for the night again; if the list stays empty, check plan.stock and plan.caps.",
        )
    if not rows[view.join_key].is_unique:
        raise LongtailError(
            f"The rows of {view.name} for {night.as_of} contain a duplicate {view.join_key}.",
            "Run the step that writes them again.",
        )
    missing = [name for name in view.field_names if rows[name].isna().any()]
    if missing:
        raise LongtailError(
            f"The rows of {view.name} for {night.as_of} have no value in {', '.join(missing)}.",
            "Run the step that writes them again.",
        )
    return rows.sort_values(view.join_key, ignore_index=True)
