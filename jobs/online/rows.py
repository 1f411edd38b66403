"""The rows of a night in Delta, as readers get them online."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import reduce

import pyarrow as pa
from pyspark.sql import Column, DataFrame, Row
from pyspark.sql import functions as F
from pyspark.sql.pandas.types import from_arrow_schema
from pyspark.sql.types import DoubleType, FloatType

from features.contract import EXPOSURE_SCORES, FALLBACK_LISTS, ITEM_EXPOSURE, ITEM_POTENTIAL
from features.contract.fallback_lists import EVERYONE
from features.contract.table import Table
from features.declarations import ITEM_FEATURES_TABLE, USER_FEATURES_TABLE
from jobs.config.configuration import Plan
from jobs.execution.night import Night
from jobs.experiments.arms import policies_of_arms
from jobs.online.exposures import fallback_query, item_exposure_query, item_potential_query, user_exposure_query
from jobs.online.fields import OnlineView
from jobs.online.view_rows import BUCKET, WRITTEN, ViewRows, WriteTask, Written, as_batch, complete
from jobs.runtime.errors import LongtailError
from jobs.serving.client import (
    ITEM_EXPOSURE_VIEW,
    ITEM_FEATURES_VIEW,
    ITEM_POTENTIAL_VIEW,
    SEGMENT_PREFIX,
    USER_EXPOSURE_VIEW,
    USER_FEATURES_VIEW,
)

_BUCKETS_A_TASK = 16
_FLAGS = 63  # of a long


@dataclass(frozen=True)
class NightRows:
    """The checked rows of a night by view, and the version of the model that scored them."""

    views: Mapping[str, ViewRows]
    model_version: str


@dataclass(frozen=True)
class SparkRows:
    """The rows of a view as a Spark frame of its join key and fields; see ViewRows. Only samples reach the driver."""

    join_key: str
    frame: DataFrame
    entities: int

    def written_by(self, task: WriteTask, buckets: int) -> list[Written]:
        """Runs the task on Python workers, some buckets each."""
        key = F.col(self.join_key)
        bucket = F.crc32(key.cast("binary")) % buckets
        rows = self.frame.select(bucket.cast("int").alias(BUCKET), "*")
        at_once = self.frame.sparkSession.sparkContext.defaultParallelism
        partitions = min(buckets, max(at_once, -(-buckets // _BUCKETS_A_TASK)))
        rows = rows.repartitionById(partitions, F.col(BUCKET))
        # Feast's keys have the length of the id before the id.
        rows = rows.sortWithinPartitions(BUCKET, F.octet_length(key), key)
        return complete(_results(rows, task), task, buckets)

    def run_once(self, task: WriteTask) -> None:
        """Runs the task on one Python worker."""
        complete(_results(self.frame.sparkSession.range(0, 1, 1, 1), task), task, 0)

    def sample(self, most: int, seed: int) -> pa.Table:
        """All rows, or those with the `most` lowest hashes of key and seed."""
        if self.entities <= most:
            return self.frame.toArrow()
        drawn = F.xxhash64(F.col(self.join_key), F.lit(seed))
        return self.frame.orderBy(drawn, self.join_key).limit(most).toArrow()


def night_rows(night: Night, views: tuple[OnlineView, ...]) -> NightRows:
    """By view its key and fields: one row an entity, no NULL.

    Each view costs one Spark job that returns one row of sums. Raises LongtailError naming view and column when the
    night has no rows for a view, a duplicate key or a missing value, where it has no personal list or no fallback list
    for unknown shoppers, and where its lists come from several versions of the model.
    """
    arms = policies_of_arms(night)
    lists = _queried(night, EXPOSURE_SCORES, lambda table, plan: user_exposure_query(table, plan, arms))
    # Of a view that the configuration leaves out there may be no table.
    queries: dict[str, Callable[[], DataFrame]] = {
        USER_EXPOSURE_VIEW: lambda: _with_fallbacks(night, lists),
        ITEM_EXPOSURE_VIEW: lambda: _queried(night, ITEM_EXPOSURE, item_exposure_query),
        ITEM_POTENTIAL_VIEW: lambda: _queried(night, ITEM_POTENTIAL, item_potential_query),
        USER_FEATURES_VIEW: lambda: night.tables.read_date(USER_FEATURES_TABLE, night.as_of),
        ITEM_FEATURES_VIEW: lambda: night.tables.read_date(ITEM_FEATURES_TABLE, night.as_of).where(
            F.col("is_eligible")
        ),
    }
    frames = {view.name: queries[view.name]().select(view.join_key, *view.field_names) for view in views}
    # Each is a small Spark job; in parallel they take little longer than the longest.
    with ThreadPoolExecutor(len(views)) as threads:
        summed = threads.map(lambda view: _sums(frames[view.name], view), views)
        sums = {view.name: _checked(row, view, night) for view, row in zip(views, summed, strict=True)}
    rows = {view.name: SparkRows(view.join_key, frames[view.name], sums[view.name].entities) for view in views}
    return NightRows(rows, _model_version(sums[USER_EXPOSURE_VIEW].model_versions))


def _queried(night: Night, table: Table, query: Callable[[str, Plan], str]) -> DataFrame:
    return night.spark.sql(query("{rows}", night.conf.plan), rows=night.tables.read_date(table, night.as_of))


def _with_fallbacks(night: Night, lists: DataFrame) -> DataFrame:
    """The lists and the fallback lists, whose key is 'segment:' and the segment."""
    return lists.unionByName(_queried(night, FALLBACK_LISTS, fallback_query))


def _results(rows: DataFrame, task: WriteTask) -> Iterator[Written]:
    """Runs the task on the rows' partitions; one result a bucket reaches the driver."""

    def run(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for result in task(batches):
            yield as_batch([result])
        for _ in batches:  # Spark waits until a failed task has taken its rows
            pass

    return (Written(**row.asDict()) for row in rows.mapInArrow(run, from_arrow_schema(WRITTEN)).collect())


def _sums(frame: DataFrame, view: OnlineView) -> Row:
    """One row: entities, the most rows of one, whether it has personal lists and everyone's, fields without a value.

    missing: flags of the key and the fields, a long for _FLAGS of them
    """
    names = [view.join_key, *view.field_names]
    kinds = dict(zip(frame.columns, (field.dataType for field in frame.schema.fields), strict=True))
    flags = [_flags(names[start : start + _FLAGS], kinds) for start in range(0, len(names), _FLAGS)]
    version = F.col("model_version") if "model_version" in names else F.lit(None).cast("string")
    by_key = (
        frame.select(F.col(view.join_key).alias("key"), version.alias("version"), F.array(*flags).alias("missing"))
        .groupBy("key")
        .agg(
            F.count(F.lit(1)).alias("rows"),
            F.min("version").alias("first"),
            F.max("version").alias("last"),
            *(F.bit_or(F.col("missing")[place]).alias(f"missing_{place}") for place in range(len(flags))),
        )
    )
    versions = F.array_distinct(F.concat(F.collect_set("first"), F.collect_set("last")))
    [row] = by_key.agg(
        F.count(F.lit(1)).alias("entities"),
        F.max("rows").alias("most_rows"),
        F.count_if(~F.col("key").startswith(SEGMENT_PREFIX)).alias("personal"),
        F.count_if(F.col("key") == f"{SEGMENT_PREFIX}{EVERYONE}").alias("everyone"),
        F.array_sort(versions).alias("model_versions"),
        F.array(*(F.bit_or(f"missing_{place}") for place in range(len(flags)))).alias("missing"),
    ).collect()
    return row


def _flags(names: list[str], kinds: Mapping[str, object]) -> Column:
    """A long with a bit for each column that has no value: NULL or NaN."""

    def without_value(name: str) -> Column:
        column = F.col(name)
        is_float = isinstance(kinds[name], DoubleType | FloatType)
        return column.isNull() | F.isnan(column) if is_float else column.isNull()

    bits = (F.when(without_value(name), F.lit(1 << place)).otherwise(F.lit(0)) for place, name in enumerate(names))
    return reduce(lambda both, bit: both.bitwiseOR(bit.cast("long")), bits, F.lit(0).cast("long"))


def _checked(sums: Row, view: OnlineView, night: Night) -> Row:
    if not sums.personal:
        raise LongtailError(
            f"There is nothing to publish as {view.name} for {night.as_of} (policy {night.conf.plan.policy}, "
            f"placement {night.conf.plan.placement}).",
            "Run the steps before publish for the night with this configuration.",
        )
    if view.name == USER_EXPOSURE_VIEW and not sums.everyone:
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
    missing = list(_flagged([view.join_key, *view.field_names], sums.missing))
    if missing:
        raise LongtailError(
            f"The rows of {view.name} for {night.as_of} have no value in {', '.join(missing)}.",
            "Run the step that writes them again.",
        )
    return sums


def _flagged(names: list[str], flags: Iterable[int]) -> Iterator[str]:
    """The columns whose bit is set."""
    for start, long in enumerate(flags):
        yield from (
            name for place, name in enumerate(names[start * _FLAGS : (start + 1) * _FLAGS]) if long >> place & 1
        )


def _model_version(versions: list[str]) -> str:
    if len(versions) != 1:
        raise LongtailError(
            f"The night's lists come from several model versions: {', '.join(versions)}.",
            "Run score and plan_exposure for the night again.",
        )
    return versions[0]
