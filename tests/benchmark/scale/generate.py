"""Writes the files of a made-up store; spark-submit runs it for tests.benchmark.scale."""

from __future__ import annotations

import argparse
from pathlib import Path

from jobs.runtime.session import spark_session
from tests.benchmark.scale.store import Size, write_store


def main() -> None:
    """Writes a store of --shoppers, --items and --events into --folder."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--folder", type=Path, required=True)
    for name in ("shoppers", "items", "events"):
        arguments.add_argument(f"--{name}", type=int, required=True)
    args = arguments.parse_args()
    spark = spark_session("benchmark_scale")
    write_store(spark, args.folder, Size(args.shoppers, args.items, args.events))
    spark.stop()


if __name__ == "__main__":
    main()
