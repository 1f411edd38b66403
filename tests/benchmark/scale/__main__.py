"""Measures a night on made-up stores of two sizes: per step seconds, memory and bytes to the driver.

A quick check:  python -m tests.benchmark.scale --shoppers 2000 20000 --items 2000
Steps that were measured are kept in --folder, so the command resumes where it was stopped. `make benchmark-scale`
runs it.
"""

from __future__ import annotations

import argparse
import signal
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from jobs.nightly import STEPS
from tests.benchmark.scale.night import (
    CORES,
    Cost,
    Machine,
    StepFailedError,
    configured,
    costs_in,
    measured,
    remove_store,
    store_in,
)
from tests.benchmark.scale.store import Size
from tests.benchmark.scale.tables import Measurement, cost_table, growth_table, projection_table


def main() -> None:
    """Runs the sizes one after the other and prints the tables."""
    args = _arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # ends the step's processes too
    machine = Machine(args.heap)
    by_size: list[tuple[Size, list[Cost]]] = []
    for shoppers in args.shoppers:
        size = Size(shoppers, args.items, args.events)
        folder = args.folder / size.name
        print(f"{size.in_words}, {args.nights} nights", file=sys.stderr, flush=True)
        costs = costs_in(folder)
        wanted = {(night, step) for night in range(args.nights) for step in args.steps}
        if not wanted <= {(cost.night, cost.step) for cost in costs}:
            store_in(folder, size, machine)
            try:
                costs = measured(folder, configured(folder, args.set), args.steps, args.nights, machine)
            except StepFailedError as error:
                sys.exit(f"{error}\nThe folder {folder} is kept; run the command again to go on at this step.")
            if not args.keep:
                remove_store(folder)
        # A step that is switched off reports 0 seconds.
        by_size.append((size, [cost for cost in costs if (cost.night, cost.step) in wanted and cost.seconds > 0]))
    for night in range(args.nights):
        _print([Measurement(size, tuple(cost for cost in costs if cost.night == night)) for size, costs in by_size],
               night, args.cluster)  # fmt: skip


def _print(measurements: list[Measurement], night: int, cluster: int) -> None:
    for measurement in measurements:
        print(f"\n## Night {night + 1}: {measurement.size.in_words}, {CORES} cores, {datetime.now(UTC):%Y-%m-%d}\n")
        print(cost_table(measurement))
    if len(measurements) > 1:
        small, large = measurements[0], measurements[-1]
        print(f"\n## Night {night + 1}: {large.size.shoppers:,} shoppers relative to {small.size.shoppers:,}\n")
        print(growth_table(small, large))
        print(f"\n## Night {night + 1}: projected from the two sizes\n")
        print(projection_table(small, large, CORES, cluster), flush=True)


def _arguments() -> argparse.Namespace:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = arguments.add_argument
    add("--shoppers", type=int, nargs="+", default=[100_000, 1_000_000], help="sizes, the smallest first")
    add("--items", type=int, default=100_000, help="items (default: %(default)s)")
    add("--events", type=int, default=20, help="mean number of events of a shopper (default: %(default)s)")
    add("--nights", type=int, choices=(1, 2), default=1, help="the second night has one more day (default: 1)")
    add("--steps", nargs="+", choices=STEPS, default=STEPS, metavar="STEP", help="steps to run (default: all)")
    add("--set", action="append", default=[], metavar="KEY=VALUE", help="a key of the configuration")
    add("--heap", default="4g", help="Java heap of the driver (default: %(default)s)")
    add("--cluster", type=int, default=200, help="cores of the projected cluster (default: %(default)s)")
    add("--folder", type=Path, default=Path(tempfile.gettempdir()) / "longtail-scale", help="default: %(default)s")
    add("--keep", action="store_true", help="keep stores and warehouses of measured sizes")
    args = arguments.parse_args()
    args.folder = args.folder.absolute()
    return args


if __name__ == "__main__":
    main()
