"""Events of a stream: those that can be counted, and their sums by window."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import StructField, StructType

from features.contract import EVENTS
from features.contract.live_counts import COUNTS, SUMS
from features.delivery.attention import with_attention

COLUMNS = (
    "event_id", "user_id", "item_id", "event_type", "event_time", "placement", "position", "sample_weight",
    "visitor_id",
)  # fmt: skip
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)
_TYPES = {"exposures": "exposure", "clicks": "click", "carts": "cart", "purchases": "purchase"}


def stream_schema() -> StructType:
    """The columns of the contract's events that the stream reads, all nullable."""
    fields = {field.name: field for field in EVENTS.schema.fields}
    return StructType([StructField(name, fields[name].dataType, True) for name in COLUMNS])


def fit_to_count(ahead_minutes: int) -> Column:
    """Whether a row has its ids, one of them of a shopper or a visitor, and a time at most `ahead_minutes` ahead of the
    clock.

    One event of a wrong clock, far in the future, would make the watermark drop every later event.
    """
    return ~(_lacks_id() | F.col("event_time").isNull() | _is_ahead(ahead_minutes))


def unfit_counts(ahead_minutes: int) -> list[Column]:
    """Aggregates: rows that cannot be counted, by reason, each counted once. A row that is no event lacks its ids."""
    no_id, no_time = _lacks_id(), F.col("event_time").isNull()
    return [
        F.count_if(no_id).alias("without_id"),
        F.count_if(~no_id & no_time).alias("without_time"),
        F.count_if(~no_id & ~no_time & _is_ahead(ahead_minutes)).alias("ahead_of_the_clock"),
    ]


def _lacks_id() -> Column:
    return F.col("event_id").isNull() | F.coalesce("user_id", "visitor_id").isNull() | F.col("item_id").isNull()


def _is_ahead(minutes: int) -> Column:
    late = F.col("event_time") > F.current_timestamp() + F.expr(f"INTERVAL {minutes} MINUTES")
    return F.coalesce(late, F.lit(False))


def once_each(events: DataFrame, watermark_minutes: int) -> DataFrame:
    """Each event_id once, however often it comes within the watermark; later events are dropped."""
    return events.withWatermark("event_time", f"{watermark_minutes} minutes").dropDuplicatesWithinWatermark(
        ["event_id"]
    )


def day_of_night(since: datetime, at: datetime) -> datetime:
    """When the day of a night that holds `at` began: days of 24 hours from `since`, when the night went live."""
    return since + max(0, (at - since) // DAY) * DAY


def window_counts(
    events: DataFrame,
    key: str,
    placement: str,
    window_minutes: int,
    position_weights: Sequence[float],
    since: datetime = EPOCH,
) -> DataFrame:
    """day, window_start, the key, the counts by sample weight, and delivered; rows of other event types leave nothing.

    Only exposures of the placement count; an event without a weight counts 1.

    position_weights: by position
    since: when a night went live: a window in which one of its days begins is two, of which the second starts then
    """
    weight = F.coalesce("sample_weight", F.lit(1.0))
    here = (F.col("event_type") != "exposure") | F.coalesce(F.col("placement") == placement, F.lit(False))
    counted = with_attention(events.where(F.col("event_type").isin(*_TYPES.values()) & here), position_weights)
    values = {name: F.when(F.col("event_type") == _TYPES[name], weight).otherwise(0.0) for name in COUNTS}
    values["delivered"] = values["exposures"] * F.col("attention")
    sums = [F.sum(values[name]).alias(name) for name in SUMS]
    moment = F.unix_micros("event_time")
    into_day = F.pmod(moment - _micros(since - EPOCH), F.lit(_micros(DAY)))
    of_clock = F.window("event_time", f"{window_minutes} minutes").getField("start")
    start = F.greatest(of_clock, F.timestamp_micros(moment - into_day)).alias("window_start")
    return (
        counted.groupBy(start, key)
        .agg(*sums)
        .select(F.to_date("window_start").alias("day"), "window_start", key, *SUMS)
    )


def _micros(duration: timedelta) -> int:
    return duration // timedelta(microseconds=1)
