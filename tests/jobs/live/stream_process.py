"""Runs the stream in a process of its own, so that a test can kill it."""

from __future__ import annotations

import sys
from pathlib import Path

from jobs.runtime.config import load_config
from jobs.runtime.session import spark_session
from jobs.stream_events import started


def main(conf_path: str, checkpoint: str, available_now: str) -> None:
    conf = load_config(conf_path)
    query = started(spark_session("stream"), conf, "test", Path(checkpoint), available_now=available_now == "now")
    query.awaitTermination()


if __name__ == "__main__":
    main(*sys.argv[1:])
