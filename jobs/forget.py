"""Forgets one shopper: in every table and its history, online in both colours, and in later deliveries."""

from __future__ import annotations

from pyspark.sql import SparkSession

from jobs.config.configuration import Config
from jobs.encoder.kept_checkpoint import erase_training_texts
from jobs.execution.command import parser, run
from jobs.online.erasure import erase_from_former_file, erase_online
from jobs.online.store import has_store, open_store
from jobs.online.views import online_views
from jobs.runtime.lock import STREAM, only_writer
from jobs.runtime.logs import event
from jobs.tables.erasure import erase_from_tables, remember_forgotten
from jobs.tables.warehouse import Warehouse

_STOP_THE_STREAM = (
    "Stop jobs/stream_events.py, run forget again, then restart it: it continues where it stopped. Nothing was erased."
)


def forget(spark: SparkSession, conf: Config, run_id: str, user_id: str) -> dict[str, int]:
    """Erases the shopper; returns the rows deleted by table. An unknown shopper is only added to the list of forgotten.

    Erases the visitors who were identified as the shopper as well, in every row that names no other shopper.

    An interrupted run completes when it is repeated. Sums over shoppers (daily_item, trained models) keep the shopper's
    contribution: it identifies no one, and the next training is without the shopper. Files of versions before the
    erasure are removed after `housekeeping.forget_retain_hours`. The shopper's id is not logged.

    The SQLite file of a warehouse that has moved to Redis is erased as well, and so are the training texts of a
    fine-tuning that was killed. At its end the command prints what it cannot reach.

    Refused while jobs/stream_events.py runs: an uncommitted file of its counts would be removed, and it would continue
    to count the shopper. Its checkpoint holds no shoppers, only the event_id of each event of the last
    `stream.watermark_minutes`, by which an event counts once; these ids are dropped as the stream continues.
    """
    tables = Warehouse(spark, conf.warehouse)
    with only_writer(tables.files, f"forget, run {run_id}", name=STREAM, remedy=_STOP_THE_STREAM):
        remember_forgotten(tables, user_id)
        if has_store(conf):
            views = erase_online(open_store(conf), online_views(conf), user_id)
            event("erased online", run=run_id, views=",".join(views))
        if erase_from_former_file(conf, user_id):
            event("erased from the former SQLite store", run=run_id)
        texts = erase_training_texts(tables.files)
        if texts:
            event("erased training texts", run=run_id, files=len(texts))
        deleted = erase_from_tables(tables, user_id, conf.housekeeping.forget_retain_hours)
    event("erased from tables", run=run_id, **deleted)
    return deleted


def out_of_reach(conf: Config) -> list[str]:
    """What may still name a forgotten shopper after `forget`, and what to do about it, a line each."""
    retain = conf.housekeeping.forget_retain_hours
    reasons = [
        "Redis: the append-only file holds the shopper until BGREWRITEAOF, the snapshot until BGSAVE, on each replica "
        "too; a replica that is cut off serves the shopper until it is connected again. Delete its back-ups."
        if conf.online.store == "redis"
        else "A Redis that online.store named before: delete its keys there.",
        "An online store of another address or another online.project: run forget with a configuration that names it.",
        "Ranking services: the client remembers the shopper's last list until it reads that shopper again or ends.",
        "Copies and back-ups of the warehouse, and old versions in a bucket that keeps them: delete them there.",
        "Files that export_audience wrote: delete or export them again.",
        "The store's own files, tables and topics: they stay as they are, and ingest leaves the shopper out.",
        "Logs and printed output: what nightly printed with summary.shoppers, what show printed, lines of libraries "
        "and of Spark, the storefront's logs.",
        "Temporary folders of drivers and executors that were killed (TMPDIR, spark.local.dir): delete them.",
    ]
    if retain > 0:
        reasons.append(f"Older versions of the tables for {retain:g} hours: run forget again after that.")
    return reasons


def _forget(spark: SparkSession, conf: Config, run_id: str, user_id: str) -> None:
    deleted = forget(spark, conf, run_id, user_id)
    print(f"Erased rows: {', '.join(f'{table} {rows:,}' for table, rows in deleted.items()) or 'none'}.")
    print("\n".join(["Not reached:", *(f"- {reason}" for reason in out_of_reach(conf))]))


if __name__ == "__main__":
    arguments = parser(forget.__doc__)
    arguments.add_argument("--user", required=True, metavar="U", help="the shopper's user_id")
    args = arguments.parse_args()
    run(args.conf, forget.__name__, lambda spark, conf, run_id: _forget(spark, conf, run_id, args.user))
