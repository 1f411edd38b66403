"""Measures a first and a second night on one and on several copies of the panel, read as a store's files.

Shoppers of the panel, or a sample of them, are copied, so that ten copies have ten times the shoppers and events and
the same products. The second night adds the week that the first did not have, about 2 % of the events. No training is
due in either. Driver and executor run in separate processes (local-cluster, an executor of two cores), so that the
driver's memory can be measured alone. Run by `make benchmark-ingest`.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from unittest.mock import patch

import pyspark
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from features.contract import EVENTS
from features.contract.source_parts import SOURCE_PARTS
from features.quality.contract_checks import with_contract_columns
from features.quality.outcomes import with_outcome
from features.quality.tally import summed, tally
from jobs.build_features import build_features
from jobs.config.configuration import Config, load_config
from jobs.execution.manifest import run_step
from jobs.ingest import ingest
from jobs.runtime.session import spark_session
from jobs.sources.complete_journey.panel import Panel
from jobs.sources.files import FilesSource

ROOT = Path(__file__).resolve().parents[2]
FIRST, SECOND = date(2017, 11, 24), date(2017, 12, 1)
STEPS = (ingest, build_features)
DRIVER_GIB, EXECUTOR_GIB = 1, 3
CONF = """
warehouse: {folder}/warehouse
source:
  kind: files
  files:
    inputs:
      lines: {{path: "{folder}/lines", format: parquet}}
      products: {{path: "{folder}/products", format: parquet}}
    items:
      - input: products
        columns: {{item_id: product_id, title: product_type, product_type: product_type, category: department,
                  brand: brand, updated_at: {{constant: "2016-12-31 00:00:00"}}}}
    users:
      - input: lines
        columns: {{user_id: household_id, updated_at: transaction_timestamp,
                  consent_personalisation: {{constant: true}}}}
    events:
      - input: lines
        columns: {{event_id: {{columns: [household_id, basket_id, product_id]}}, user_id: household_id,
                  item_id: product_id, event_type: {{constant: purchase}}, event_time: transaction_timestamp,
                  quantity: {{sql: "least(quantity, 99)"}}, price: sales_value, store_id: store_id,
                  basket_id: basket_id}}
"""


@dataclass(frozen=True)
class Cost:
    """Seconds and events of both nights, seconds of checking the contract, and the driver's peak memory in GiB."""

    households: int
    copies: int
    first_events: int
    second_events: int
    first: dict[str, float]
    second: dict[str, float]
    contract: float
    peak: float


def main() -> None:
    """Measures each size in separate processes and prints the comparison."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument(
        "--copies", type=int, nargs="+", default=[1, 10], help="copies of the shoppers (default: 1 10)"
    )
    arguments.add_argument(
        "--households", type=int, default=2469, help="households of the panel to copy (default: all, %(default)s)"
    )
    arguments.add_argument("--one", type=int, help=argparse.SUPPRESS)
    args = arguments.parse_args()
    if args.one is not None:
        print(json.dumps(asdict(measure(args.households, args.one))), flush=True)
        return
    costs = []
    for copies in args.copies:
        costs.append(measured_in_a_process(args.households, copies))
        print_cost(costs[-1])
    compare(costs[0], costs[-1])


def measured_in_a_process(households: int, copies: int) -> Cost:
    """Measures one size by spark-submit on a local cluster."""
    spark_home = Path(pyspark.__file__).parent
    cluster = ["--master", f"local-cluster[1,2,{EXECUTOR_GIB * 1024}]", "--executor-memory", f"{EXECUTOR_GIB}g"]
    command = [
        str(spark_home / "bin/spark-submit"), "--properties-file", "conf/spark-local.conf", *cluster,
        "--driver-memory", f"{DRIVER_GIB}g", str(Path(__file__)),
        "--households", str(households), "--one", str(copies),
    ]  # fmt: skip
    env = os.environ | {
        "PYTHONPATH": str(ROOT),
        "PYSPARK_PYTHON": sys.executable,
        "PYSPARK_DRIVER_PYTHON": sys.executable,
    }
    done = subprocess.run(command, cwd=ROOT, env=env, stdout=subprocess.PIPE, text=True, check=True)
    return Cost(**json.loads(done.stdout.splitlines()[-1]))


def measure(households: int, copies: int) -> Cost:
    """Runs both nights of one size on an empty warehouse."""
    folder = Path(tempfile.mkdtemp(prefix="longtail-benchmark-"))
    spark = spark_session("benchmark_ingest")
    try:
        (folder / "conf.yaml").write_text(CONF.format(folder=folder), encoding="utf-8")
        conf = load_config(folder / "conf.yaml")
        events = {as_of: _write(spark, folder, households, copies, as_of) for as_of in (FIRST, SECOND)}
        nights = {}
        for as_of in (FIRST, SECOND):
            if as_of == SECOND:
                (folder / "waiting").rename(folder / "lines/second")
            with patch("jobs.build_features.training_is_due", return_value=False):
                nights[as_of] = {step.__name__: run_step(step, spark, conf, as_of, str(as_of))[1] for step in STEPS}
        java = spark.sparkContext._jvm.java.lang.ProcessHandle.current().pid()  # type: ignore[union-attr]
        peak = sum(_peak(pid) for pid in (java, os.getpid()))
        contract = _contract_seconds(spark, conf)
        return Cost(households, copies, events[FIRST], events[SECOND], nights[FIRST], nights[SECOND], contract, peak)
    finally:
        executor_logs = Path(pyspark.__file__).parent / "work" / spark.sparkContext.applicationId
        spark.stop()
        shutil.rmtree(folder)
        shutil.rmtree(executor_logs, ignore_errors=True)


def _write(spark: SparkSession, folder: Path, households: int, copies: int, as_of: date) -> int:
    """Writes the lines that are new on `as_of`, and returns their number; those of the second night wait elsewhere."""
    panel = Panel(spark)
    sample = panel.transactions().select("household_id").distinct()
    sample = sample.orderBy(F.xxhash64("household_id"), "household_id").limit(households)
    lines = panel.transactions().join(F.broadcast(sample), on="household_id", how="left_semi")
    at = F.col("transaction_timestamp")
    if as_of == FIRST:
        panel.products().write.parquet(str(folder / "products"))
        lines, place = lines.where(at < F.lit(FIRST)), folder / "lines/first"
    else:
        lines, place = lines.where((at >= F.lit(FIRST)) & (at < F.lit(SECOND))), folder / "waiting"
    copied = lines.crossJoin(F.broadcast(spark.range(copies).withColumnRenamed("id", "copy")))
    copied = copied.withColumn("household_id", F.concat_ws("x", "household_id", "copy")).drop("copy")
    copied.write.parquet(str(place))
    return spark.read.parquet(str(place)).count()


def _contract_seconds(spark: SparkSession, conf: Config) -> float:
    """Seconds that checking and counting all events add to reading and mapping them."""
    assert conf.source.files is not None
    nothing_taken = spark.createDataFrame([], SOURCE_PARTS.schema)
    source = FilesSource(spark, conf.source.files, nothing_taken, SECOND)
    rows = with_contract_columns(source.events(None, SECOND), EVENTS)
    checked = with_outcome(rows, EVENTS, "event_time", SECOND)
    mapping, checking = _seconds(rows), _seconds(checked)
    counting = _seconds(summed(tally(checked, EVENTS, F.to_date("event_time"))))
    # Counting reads and maps the counted columns again, so this is an upper estimate.
    return max(checking - mapping, 0.0) + counting


def _seconds(frame: DataFrame) -> float:
    started = time.perf_counter()
    frame.write.format("noop").mode("overwrite").save()
    return time.perf_counter() - started


def _peak(pid: int) -> float:
    lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    [peak] = [line.split()[1] for line in lines if line.startswith("VmHWM")]
    return int(peak) / 2**20


def print_cost(cost: Cost) -> None:
    """Prints the figures of one size."""
    first, second = sum(cost.first.values()), sum(cost.second.values())
    print(
        f"{cost.households:,} households, {cost.copies} copies: {cost.first_events:,} events,"
        f" then {cost.second_events:,} more ({cost.second_events / cost.first_events:.1%})"
    )
    for name, night in (("first", cost.first), ("second", cost.second)):
        print(f"  {name} night: " + ", ".join(f"{step} {seconds:.0f} s" for step, seconds in night.items()))
    print(f"  second night as a share of the first: {second / first:.0%}")
    print(f"  checking the contract as a share of the first ingest: {cost.contract / cost.first['ingest']:.0%}")
    print(f"  microseconds an event in the first night: {first / cost.first_events * 1e6:.0f}")
    print(f"  driver's peak memory, Java and Python: {cost.peak:.2f} GiB, with a heap of {DRIVER_GIB} GiB", flush=True)


def compare(small: Cost, large: Cost) -> None:
    """Prints how time an event and memory change from the smaller to the larger size."""
    before, after = (sum(cost.first.values()) / cost.first_events for cost in (small, large))
    print(f"an event with {large.copies} copies against {small.copies}: {after / before:.2f} of the time,")
    print(f"  driver's peak memory {large.peak / small.peak:.2f} times", flush=True)


if __name__ == "__main__":
    main()
