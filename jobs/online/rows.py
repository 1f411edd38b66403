"""The rows of a night in Delta, as readers get them online."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from features.contract import EXPOSURE_SCORES, FALLBACK_LISTS, ITEM_EXPOSURE, ITEM_NEIGHBOURS, ITEM_POTENTIAL
from features.contract.fallback_lists import EVERYONE
from features.contract.table import Table
from features.declarations import ITEM_FEATURES_TABLE, USER_FEATURES_TABLE
from jobs.config.configuration import Plan
from jobs.execution.night import Night
from jobs.experiments.arms import policies_of_arms
from jobs.online.driver_rows import DriverRows
from jobs.online.exposures import fallback_query, item_exposure_query, item_potential_query, user_exposure_query
from jobs.online.fields import OnlineView
from jobs.online.row_sums import RowSums, summed_by_spark, summed_in_memory
from jobs.online.spark_rows import SparkRows
from jobs.online.view_rows import ViewRows
from jobs.runtime.errors import LongtailError
from jobs.serving.client import (
    ITEM_EXPOSURE_VIEW,
    ITEM_FEATURES_VIEW,
    ITEM_NEIGHBOURS_VIEW,
    ITEM_POTENTIAL_VIEW,
    USER_EXPOSURE_VIEW,
    USER_FEATURES_VIEW,
)

DRIVER_VALUES = 5_000_000  # of a view that is collected: some 50 MB, however many shoppers there are


@dataclass(frozen=True)
class NightRows:
    """The checked rows of a night by view, and the version of the model that scored them."""

    views: Mapping[str, ViewRows]
    model_version: str


def night_rows(night: Night, views: tuple[OnlineView, ...]) -> NightRows:
    """By view its key and fields: one row an entity, no NULL.

    A view of at most DRIVER_VALUES values is collected, as a job that writes it would cost more; of a larger one a row
    of sums reaches the driver. Raises LongtailError naming view and column when the night has no rows for a view, a
    duplicate key or a missing value, where it has no personal list or no fallback list for unknown shoppers, and where
    its lists come from several versions of the model.
    """
    arms = policies_of_arms(night)
    # Of a view that the configuration leaves out there may be no table.
    queries: dict[str, Callable[[], DataFrame]] = {
        USER_EXPOSURE_VIEW: lambda: _lists(night, arms),
        ITEM_EXPOSURE_VIEW: lambda: _queried(night, ITEM_EXPOSURE, item_exposure_query),
        ITEM_POTENTIAL_VIEW: lambda: _queried(night, ITEM_POTENTIAL, item_potential_query),
        ITEM_NEIGHBOURS_VIEW: lambda: night.tables.read_date(ITEM_NEIGHBOURS, night.as_of),
        USER_FEATURES_VIEW: lambda: night.tables.read_date(USER_FEATURES_TABLE, night.as_of),
        ITEM_FEATURES_VIEW: lambda: night.tables.read_date(ITEM_FEATURES_TABLE, night.as_of).where(
            F.col("is_eligible")
        ),
    }

    def read(view: OnlineView) -> tuple[ViewRows, RowSums]:
        frame = queries[view.name]().select(view.join_key, *view.field_names)
        if frame.count() * len(view.fields) > DRIVER_VALUES:
            sums = _checked(summed_by_spark(frame, view), view, night)
            return SparkRows(view.join_key, frame, sums.entities), sums
        table = frame.toArrow()
        return DriverRows(view.join_key, table), _checked(summed_in_memory(table, view), view, night)

    # Small Spark jobs; in parallel they take little longer than the longest.
    with ThreadPoolExecutor(len(views)) as threads:
        reads = dict(zip((view.name for view in views), threads.map(read, views), strict=True))
    rows = {name: of_view for name, (of_view, _) in reads.items()}
    return NightRows(rows, _model_version(reads[USER_EXPOSURE_VIEW][1].model_versions))


def _queried(night: Night, table: Table, query: Callable[[str, Plan], str]) -> DataFrame:
    return night.spark.sql(query("{rows}", night.conf.plan), rows=night.tables.read_date(table, night.as_of))


def _lists(night: Night, arms: Mapping[str, str]) -> DataFrame:
    """The lists and the fallback lists, whose key is 'segment:' and the segment."""
    lists = _queried(night, EXPOSURE_SCORES, lambda table, plan: user_exposure_query(table, plan, arms))
    return lists.unionByName(_queried(night, FALLBACK_LISTS, fallback_query))


def _checked(sums: RowSums, view: OnlineView, night: Night) -> RowSums:
    if not sums.personal:
        raise LongtailError(
            f"There is nothing to publish as {view.name} for {night.as_of} (policy {night.conf.plan.policy}, "
            f"placement {night.conf.plan.placement}).",
            "Run the steps before publish for the night with this configuration.",
        )
    if view.name == USER_EXPOSURE_VIEW and not sums.has_everyone:
        # Unknown shoppers would see nothing.
        raise LongtailError(
            f"fallback_lists has no list for {EVERYONE} on {night.as_of} (policy {night.conf.plan.policy}, placement "
            f"{night.conf.plan.placement}).",
            "Run plan_exposure for the night again; if the list stays empty, check plan.stock and plan.caps.",
        )
    if sums.most_rows > 1:
        raise LongtailError(
            f"The rows of {view.name} for {night.as_of} contain a duplicate {view.join_key}.",
            "Run the step that writes them again.",
        )
    if sums.missing:
        raise LongtailError(
            f"The rows of {view.name} for {night.as_of} have no value in {', '.join(sums.missing)}.",
            "Run the step that writes them again.",
        )
    return sums


def _model_version(versions: tuple[str, ...]) -> str:
    if len(versions) != 1:
        raise LongtailError(
            f"The night's lists come from several model versions: {', '.join(versions)}.",
            "Run score and plan_exposure for the night again.",
        )
    return versions[0]
