"""Counts exposure and response events as they come, and tells the storefront which items have reached their caps."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from pyspark.sql import SparkSession
from pyspark.sql.streaming.query import StreamingQuery

from features.contract import ITEM_EXPOSURE
from features.contract.live_counts import LIVE_ITEM_COUNTS
from features.live.counting import fit_to_count, once_each
from jobs.alerts.alert import Alert
from jobs.alerts.sending import send
from jobs.live.batch import BatchWork
from jobs.live.counters import Counters
from jobs.live.live_plan import LivePlan, read_live_plan
from jobs.live.online import register_live
from jobs.live.source import event_stream
from jobs.online.store import feature_store_yaml, open_store
from jobs.online.views import table_path
from jobs.runtime.command import parser, run
from jobs.runtime.config import Config
from jobs.runtime.lock import only_writer
from jobs.runtime.logs import event, log_to
from jobs.runtime.night import Night, Record
from jobs.tables.warehouse import Warehouse

STREAM = "events"
LOOK_SECONDS = 10


def stream_events(spark: SparkSession, conf: Config, run_id: str, *, available_now: bool) -> None:
    """Counts events into live_item_counts and live_user_counts, exactly once, until it is stopped.

    Pushes the counts of the day and the live factor of the items of each batch to Feast's view live_item, and alerts
    when an item reaches its cap or a group starves. Killed and started again it goes on where it was; an event counts
    once. It runs beside the nights and takes no lock of theirs. With --available-now it takes what is there and ends.
    """
    folder = Path(conf.warehouse).absolute() / "streaming"
    with only_writer(folder, run_id):
        log_to(run_id, folder / "logs")
        query = started(spark, conf, run_id, folder / "checkpoint", available_now=available_now)
        event("stream started", run=run_id, step="stream_events", source=conf.stream.format)
        try:
            late = _watched(query, run_id)
        finally:
            query.stop()
        event("stream ended", run=run_id, step="stream_events", dropped_as_late=late)


def started(spark: SparkSession, conf: Config, run_id: str, checkpoint: Path, *, available_now: bool) -> StreamingQuery:
    """The running query."""
    # Every batch adds a file to each table of counts.
    spark.conf.set("spark.databricks.delta.autoCompact.enabled", "true")
    spark.conf.set("spark.databricks.delta.autoCompact.minNumFiles", "50")
    # The state of each partition is a file a batch; the first start settles their number in the checkpoint.
    spark.conf.set("spark.sql.shuffle.partitions", str(conf.stream.partitions))
    tables = Warehouse(spark, conf.warehouse)
    store = None
    if feature_store_yaml(conf).exists():
        store = open_store(conf)
        register_live(store, table_path(conf, LIVE_ITEM_COUNTS))
    work = BatchWork(
        conf, STREAM, tables, store, Counters(tables, STREAM), _live_plan(spark, conf), _sender(spark, conf, run_id)
    )
    events = event_stream(spark, conf.stream).where(fit_to_count(conf.stream.ahead_minutes))
    writer = (
        once_each(events, conf.stream.watermark_minutes)
        .writeStream.queryName(STREAM)
        .option("checkpointLocation", str(checkpoint))
        .foreachBatch(work)
    )
    if available_now:
        return writer.trigger(availableNow=True).start()
    return writer.trigger(processingTime=f"{conf.stream.trigger_seconds} seconds").start()


def _watched(query: StreamingQuery, run_id: str) -> int:
    """Waits for the end; tells how many events came later than the watermark, and returns their number."""
    told, late, ended = -1, 0, False
    while not ended:
        ended = bool(query.awaitTermination(LOOK_SECONDS))
        for progress in query.recentProgress:
            if progress["batchId"] > told:
                told = progress["batchId"]
                dropped = sum(one["numRowsDroppedByWatermark"] for one in progress["stateOperators"])
                late += dropped
                if dropped:
                    event("events later than the watermark", run=run_id, step="stream_events", batch=told, rows=dropped)
    return late


def _live_plan(spark: SparkSession, conf: Config) -> Callable[[], LivePlan]:
    """Reads the plan again when item_exposure has a new version."""
    held: dict[int | None, LivePlan] = {}

    def newest() -> LivePlan:
        version = Warehouse(spark, conf.warehouse).version(ITEM_EXPOSURE)
        if version not in held:
            held.clear()
            held[version] = read_live_plan(spark, conf)
        return held[version]

    return newest


def _sender(spark: SparkSession, conf: Config, run_id: str) -> Callable[[Sequence[Alert]], None]:
    def alert(alerts: Sequence[Alert]) -> None:
        night = Night(conf, alerts[0].as_of, run_id, spark, Warehouse(spark, conf.warehouse), Record())
        send(night, "stream_events", alerts, added=True)

    return alert


def main() -> None:
    """Parses the command line and runs the stream."""
    made = parser(stream_events.__doc__)
    made.add_argument("--path", metavar="FOLDER", help="folder of the events (default: stream.path)")
    made.add_argument("--available-now", action="store_true", help="take what is there and end")
    given = made.parse_args()

    def body(spark: SparkSession, conf: Config, run_id: str) -> None:
        stream = conf.stream.model_copy(update={"path": given.path} if given.path else {})
        stream_events(spark, conf.model_copy(update={"stream": stream}), run_id, available_now=given.available_now)

    run(given.conf, "stream_events", body, writes=False)


if __name__ == "__main__":
    main()
