"""Runs the stream in a process of its own that a test can kill."""

from __future__ import annotations

import sys

from jobs.alerts.posting import BackgroundPosting
from jobs.config.configuration import load_config
from jobs.runtime.session import spark_session
from jobs.stream_events import alert_sender, started


def main(conf_path: str, available_now: str) -> None:
    conf = load_config(conf_path)
    spark = spark_session("stream")
    with BackgroundPosting() as posting:
        sender = alert_sender(spark, conf, "test", posting)
        query = started(spark, conf, sender, available_now=available_now == "now")
        query.awaitTermination()


if __name__ == "__main__":
    main(*sys.argv[1:])
