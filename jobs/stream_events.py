"""Counts exposure and response events as they come, and tells the storefront which items have reached their caps."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from pyspark.sql import SparkSession
from pyspark.sql.streaming.listener import StreamingQueryProgress
from pyspark.sql.streaming.query import StreamingQuery

from features.contract import ITEM_EXPOSURE, RUNS
from features.contract.live_counts import LIVE_ITEM_COUNTS, LIVE_USER_COUNTS
from features.live.counting import fit_to_count, once_each, unfit_counts
from jobs.alerts.alert import Alert
from jobs.alerts.posting import PostingBeside
from jobs.alerts.sending import send
from jobs.config.configuration import Config
from jobs.execution.command import parser, run
from jobs.execution.night import Night, Record
from jobs.live.batch import BatchWork
from jobs.live.counters import Counters
from jobs.live.live_plan import LivePlan, read_live_plan
from jobs.live.online import register_live
from jobs.live.source import event_stream
from jobs.online.store import feature_store_yaml, open_store
from jobs.online.views import table_path
from jobs.runtime.errors import Refused
from jobs.runtime.lock import only_writer
from jobs.runtime.logs import event, log_to
from jobs.tables.erasure import without_forgotten
from jobs.tables.warehouse import Warehouse

STREAM, UNFIT = "events", "unfit"
LOOK_SECONDS = 10
Sender = Callable[[Sequence[Alert]], None]


def stream_events(spark: SparkSession, conf: Config, run_id: str, *, available_now: bool) -> None:
    """Counts events into live_item_counts and live_user_counts, exactly once, until it is stopped.

    Pushes the counts of the day of the items and shoppers of each batch, and the live factor of the items, to Feast's
    views live_item and live_user, and alerts when an item reaches its cap, a group starves or a shopper is a program.
    Killed and started again it goes on where it was; an event counts once. Refused where its checkpoint is gone, for it
    would count everything again. It runs beside the nights and takes no lock of theirs. With --available-now it takes
    what is there and ends.
    """
    folder = Path(conf.warehouse).absolute() / "streaming"
    # A receiver of alerts that does not answer holds up no batch.
    with only_writer(folder, run_id), PostingBeside() as posting:
        log_to(run_id, folder / "logs")
        sender = alert_sender(spark, conf, run_id, posting)
        query = started(spark, conf, folder / "checkpoint", sender, available_now=available_now)
        event("stream started", run=run_id, step="stream_events", source=conf.stream.format)
        try:
            left_out = _watched(query, run_id)
        finally:
            query.stop()
        event("stream ended", run=run_id, step="stream_events", **left_out)


def started(
    spark: SparkSession, conf: Config, checkpoint: Path, sender: Sender, *, available_now: bool
) -> StreamingQuery:
    """The running query."""
    # Every batch adds a file to each table of counts.
    spark.conf.set("spark.databricks.delta.autoCompact.enabled", "true")
    spark.conf.set("spark.databricks.delta.autoCompact.minNumFiles", "50")
    # The state of each partition is a file a batch; the first start settles their number in the checkpoint.
    spark.conf.set("spark.sql.shuffle.partitions", str(conf.stream.partitions))
    tables = Warehouse(spark, conf.warehouse)
    items, shoppers = (Counters(tables, table, STREAM) for table in (LIVE_ITEM_COUNTS, LIVE_USER_COUNTS))
    if items.last_batch >= 0 and not (checkpoint / "offsets").exists():
        raise Refused(
            f"{LIVE_ITEM_COUNTS.name} has {items.last_batch + 1} batches of this stream, and {checkpoint} is gone, "
            "which knows what they held: what comes would be counted again, or not at all.",
            f"Bring the checkpoint back, or delete the tables {LIVE_ITEM_COUNTS.name} and {LIVE_USER_COUNTS.name} with "
            "it and start from what the source still has.",
        )
    store = None
    if feature_store_yaml(conf).exists():
        store = open_store(conf)
        register_live(store, partial(table_path, conf))
    work = BatchWork(conf, STREAM, tables, store, items, shoppers, _live_plan(spark, conf), sender)
    ahead = conf.stream.ahead_minutes
    events = event_stream(spark, conf.stream).observe(UNFIT, *unfit_counts(ahead)).where(fit_to_count(ahead))
    events = without_forgotten(tables, tables.local_folder, events)
    writer = (
        once_each(events, conf.stream.watermark_minutes)
        .writeStream.queryName(STREAM)
        .option("checkpointLocation", str(checkpoint))
        .foreachBatch(work)
    )
    if available_now:
        return writer.trigger(availableNow=True).start()
    return writer.trigger(processingTime=f"{conf.stream.trigger_seconds} seconds").start()


def _watched(query: StreamingQuery, run_id: str) -> dict[str, int]:
    """Waits for the end; tells of every batch how many events were left out and why, and returns the sums."""
    told, sums, ended = -1, Counter[str](), False
    while not ended:
        ended = bool(query.awaitTermination(LOOK_SECONDS))
        for progress in query.recentProgress:
            if progress["batchId"] > told:
                told = progress["batchId"]
                mine = _left_out(progress)
                sums.update(mine)
                if any(mine.values()):
                    event("events left out", run=run_id, step="stream_events", batch=told, **mine)
    return dict(sums)


def _left_out(progress: StreamingQueryProgress) -> dict[str, int]:
    """Rows of a batch that were not counted, by reason."""
    late = sum(one["numRowsDroppedByWatermark"] for one in progress["stateOperators"])
    unfit = progress["observedMetrics"].get(UNFIT)
    return {"later_than_the_watermark": late, **({} if unfit is None else unfit.asDict())}


def _live_plan(spark: SparkSession, conf: Config) -> Callable[[], LivePlan]:
    """Reads the plan again when a night was planned or a step, such as a publish, has ended."""
    held: dict[tuple[int | None, ...], LivePlan] = {}

    def newest() -> LivePlan:
        tables = Warehouse(spark, conf.warehouse)
        versions = tuple(tables.version(table) for table in (ITEM_EXPOSURE, RUNS))
        if versions not in held:
            held.clear()
            held[versions] = read_live_plan(spark, conf)
        return held[versions]

    return newest


def alert_sender(spark: SparkSession, conf: Config, run_id: str, posting: PostingBeside) -> Sender:
    """Sends the alerts of a batch; `posting` posts them to the webhook in its own time."""

    def alert(alerts: Sequence[Alert]) -> None:
        night = Night(conf, alerts[0].as_of, run_id, spark, Warehouse(spark, conf.warehouse), Record())
        send(night, "stream_events", alerts, added=True, beside=posting)

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
