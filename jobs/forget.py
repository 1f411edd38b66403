"""Forgets one shopper: in every table and its history, online in both colours, and in what the source gives later."""

from __future__ import annotations

from pyspark.sql import SparkSession

from jobs.config.configuration import Config
from jobs.execution.command import parser, run
from jobs.online.erasure import erase_online
from jobs.online.store import feature_store_yaml, open_store
from jobs.online.views import online_views
from jobs.runtime.lock import only_writer
from jobs.runtime.logs import event
from jobs.tables.erasure import erase_from_tables, remember_forgotten
from jobs.tables.warehouse import Warehouse

_STOP_THE_STREAM = (
    "Stop jobs/stream_events.py, run forget again, then start it anew: it goes on where it was. Nothing was erased."
)


def forget(spark: SparkSession, conf: Config, run_id: str, user_id: str) -> dict[str, int]:
    """Erases the shopper; returns the rows deleted by table. A shopper whom nothing knows is only put on the list.

    Stopped anywhere and run again, it completes. Sums over shoppers (daily_item, models that are trained) keep what the
    shopper added to them: they do not tell who it was, and the next training is without the shopper. Files of versions
    before the erasure are removed, but for `housekeeping.forget_retain_hours`. No name of the shopper is logged.

    Refused while jobs/stream_events.py runs: a file of its counts that it has not committed yet would be removed, and
    it would go on counting the shopper. Its checkpoint knows no shoppers, but the event_id of each event of the last
    `stream.watermark_minutes`, so that it counts once; these ids go as the stream goes on.
    """
    tables = Warehouse(spark, conf.warehouse)
    folder = tables.local_folder
    with only_writer(folder / "streaming", f"forget, run {run_id}", remedy=_STOP_THE_STREAM):
        remember_forgotten(tables, folder, user_id)
        if feature_store_yaml(conf).exists():
            views = erase_online(open_store(conf), online_views(conf), user_id)
            event("erased online", run=run_id, views=",".join(views))
        deleted = erase_from_tables(tables, user_id, conf.housekeeping.forget_retain_hours)
    event("erased from tables", run=run_id, **deleted)
    return deleted


if __name__ == "__main__":
    made = parser(forget.__doc__)
    made.add_argument("--user", required=True, metavar="U", help="the shopper's user_id")
    given = made.parse_args()
    run(given.conf, forget.__name__, lambda spark, conf, run_id: forget(spark, conf, run_id, given.user))
