"""Forgets one shopper: in every table and its history, online in both colours, and in later deliveries."""

from __future__ import annotations

from pyspark.sql import SparkSession

from jobs.config.configuration import Config
from jobs.execution.command import parser, run
from jobs.online.erasure import erase_online
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

    An interrupted run completes when it is repeated. Sums over shoppers (daily_item, trained models) keep the shopper's
    contribution: it identifies no one, and the next training is without the shopper. Files of versions before the
    erasure are removed after `housekeeping.forget_retain_hours`. The shopper's id is not logged.

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
        deleted = erase_from_tables(tables, user_id, conf.housekeeping.forget_retain_hours)
    event("erased from tables", run=run_id, **deleted)
    return deleted


if __name__ == "__main__":
    arguments = parser(forget.__doc__)
    arguments.add_argument("--user", required=True, metavar="U", help="the shopper's user_id")
    args = arguments.parse_args()
    run(args.conf, forget.__name__, lambda spark, conf, run_id: forget(spark, conf, run_id, args.user))
