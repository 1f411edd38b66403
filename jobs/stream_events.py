"""Counts exposures and responses as they arrive, and pushes each item's live factor to the storefront."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial

from pyspark.sql import SparkSession
from pyspark.sql.streaming.listener import StreamingQueryProgress
from pyspark.sql.streaming.query import StreamingQuery

from features.contract import ITEM_EXPOSURE, RUNS
from features.contract.live_counts import LIVE_ITEM_COUNTS, LIVE_USER_COUNTS
from features.live.counting import fit_to_count, once_each, unfit_counts
from jobs.alerts.alert import Alert
from jobs.alerts.posting import BackgroundPosting
from jobs.alerts.sending import send
from jobs.config.configuration import Config
from jobs.execution.command import parser, run
from jobs.execution.night import Night, Record
from jobs.live.batch import BatchWork
from jobs.live.counters import ItemCounts
from jobs.live.live_plan import LivePlan, read_live_plan
from jobs.live.online import register_live
from jobs.live.shopper_counts import ShopperCounts
from jobs.live.source import event_stream
from jobs.online.roll_backs import returns_to_runs
from jobs.online.store import has_store, open_store
from jobs.online.views import table_path
from jobs.runtime import clock
from jobs.runtime.errors import Refused
from jobs.runtime.lock import STREAM as STREAM_LOCK
from jobs.runtime.lock import only_writer
from jobs.runtime.logs import also_logged_to, event, log_folder
from jobs.runtime.storage import storage_of
from jobs.tables.erasure import without_forgotten
from jobs.tables.warehouse import Warehouse

CHECKPOINT = "streaming/checkpoint"
STREAM, UNFIT = "events", "unfit"
LOOK_SECONDS, PLAN_SECONDS = 10, 30
Sender = Callable[[Sequence[Alert]], None]


def stream_events(spark: SparkSession, conf: Config, run_id: str, *, available_now: bool) -> None:
    """Counts events into live_item_counts and live_user_counts, exactly once, until it is stopped.

    Pushes the day's counts of each batch's items and shoppers, and the items' live factors, to Feast's views live_item
    and live_user. Alerts when an item reaches its cap, a group starves or a shopper is bot traffic. Restarted after a
    crash it continues where it was, and each event counts once; without its checkpoint it is refused, because every
    event would count again. It runs next to the nights without taking their lock.
    """
    files = storage_of(conf.warehouse)
    log = log_folder(conf.warehouse) / f"stream-{run_id}.log"
    stream = f"stream_events, run {run_id}"
    # Alerts are posted in the background, so that an unresponsive receiver delays no batch.
    with only_writer(files, stream, name=STREAM_LOCK), BackgroundPosting() as posting, also_logged_to(log):
        sender = alert_sender(spark, conf, run_id, posting)
        query = started(spark, conf, sender, available_now=available_now)
        event("stream started", run=run_id, step="stream_events", source=conf.stream.format)
        try:
            left_out = _watch(query, run_id)
        finally:
            query.stop()
        event("stream ended", run=run_id, step="stream_events", **left_out)


def started(spark: SparkSession, conf: Config, sender: Sender, *, available_now: bool) -> StreamingQuery:
    """Starts the query. Raises Refused where the checkpoint of earlier batches is missing."""
    # Every batch adds a file to each table of counts.
    spark.conf.set("spark.databricks.delta.autoCompact.enabled", "true")
    spark.conf.set("spark.databricks.delta.autoCompact.minNumFiles", "50")
    # Each partition writes a state file a batch; the first start fixes their number in the checkpoint.
    spark.conf.set("spark.sql.shuffle.partitions", str(conf.stream.partitions))
    tables = Warehouse(spark, conf.warehouse)
    for table in (LIVE_ITEM_COUNTS, LIVE_USER_COUNTS):
        tables.prepare(table)
    items, shoppers = ItemCounts(tables, STREAM), ShopperCounts(tables, STREAM, conf.account.most_exposures_a_day)
    files = tables.files
    checkpoint = files.shown(CHECKPOINT)
    if items.last_batch >= 0 and not files.exists(f"{CHECKPOINT}/offsets"):
        raise Refused(
            f"{LIVE_ITEM_COUNTS.name} has {items.last_batch + 1} batches of this stream, but its checkpoint "
            f"{checkpoint} is missing: events would be counted again or not at all.",
            f"Restore the checkpoint, or delete the tables {LIVE_ITEM_COUNTS.name} and {LIVE_USER_COUNTS.name} and "
            "start with the events that the source still has.",
        )
    store = None
    if has_store(conf):
        store = open_store(conf)
        register_live(store, partial(table_path, conf))
    work = BatchWork(conf, STREAM, tables, store, items, shoppers, _live_plan(spark, conf), sender)
    ahead = conf.stream.ahead_minutes
    events = event_stream(spark, conf.stream).observe(UNFIT, *unfit_counts(ahead)).where(fit_to_count(ahead))
    events = without_forgotten(tables, events)
    writer = (
        once_each(events, conf.stream.watermark_minutes)
        .writeStream.queryName(STREAM)
        .option("checkpointLocation", checkpoint)
        .foreachBatch(work)
    )
    if available_now:
        return writer.trigger(availableNow=True).start()
    return writer.trigger(processingTime=f"{conf.stream.trigger_seconds} seconds").start()


def _watch(query: StreamingQuery, run_id: str) -> dict[str, int]:
    """Waits for the end; logs how many events each batch left out and why, and returns the sums."""
    last_seen, sums, ended = -1, Counter[str](), False
    while not ended:
        ended = bool(query.awaitTermination(LOOK_SECONDS))
        for progress in query.recentProgress:
            if progress["batchId"] > last_seen:
                last_seen = progress["batchId"]
                left_out = _left_out(progress)
                sums.update(left_out)
                if any(left_out.values()):
                    event("events left out", run=run_id, step="stream_events", batch=last_seen, **left_out)
    return dict(sums)


def _left_out(progress: StreamingQueryProgress) -> dict[str, int]:
    """Number of a batch's rows that were not counted, by reason."""
    late = sum(operator["numRowsDroppedByWatermark"] for operator in progress["stateOperators"])
    unfit = progress["observedMetrics"].get(UNFIT)
    return {"later_than_the_watermark": late, **({} if unfit is None else unfit.asDict())}


def _live_plan(spark: SparkSession, conf: Config) -> Callable[[], LivePlan]:
    """A function that reads the live plan again when a night was planned or rolled back, or a step, such as a publish,
    has ended.

    It looks every PLAN_SECONDS, as finding a table's version lists its log.
    """
    tables = Warehouse(spark, conf.warehouse)

    def versions() -> tuple[int | None, ...]:
        roll_backs = len(returns_to_runs(tables.files))
        return *(tables.version(table) for table in (ITEM_EXPOSURE, RUNS)), roll_backs

    looked, read_at = clock.seconds(), versions()
    plan = read_live_plan(spark, conf)

    def newest() -> LivePlan:
        nonlocal looked, read_at, plan
        if clock.seconds() - looked >= PLAN_SECONDS:
            looked, now = clock.seconds(), versions()
            if now != read_at:
                read_at, plan = now, read_live_plan(spark, conf)
        return plan

    return newest


def alert_sender(spark: SparkSession, conf: Config, run_id: str, posting: BackgroundPosting) -> Sender:
    """A function that sends the alerts of a batch; `posting` posts them to the webhook in the background."""

    def alert(alerts: Sequence[Alert]) -> None:
        night = Night(conf, alerts[0].as_of, run_id, spark, Warehouse(spark, conf.warehouse), Record())
        send(night, "stream_events", alerts, append=True, background=posting)

    return alert


def main() -> None:
    """Parses the command line and runs the stream."""
    arguments = parser(stream_events.__doc__)
    arguments.add_argument("--path", metavar="FOLDER", help="folder of the events (default: stream.path)")
    arguments.add_argument("--available-now", action="store_true", help="process the available events, then end")
    args = arguments.parse_args()

    def body(spark: SparkSession, conf: Config, run_id: str) -> None:
        stream = conf.stream.model_copy(update={"path": args.path} if args.path else {})
        stream_events(spark, conf.model_copy(update={"stream": stream}), run_id, available_now=args.available_now)

    run(args.conf, "stream_events", body, writes=False)


if __name__ == "__main__":
    main()
