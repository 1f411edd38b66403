"""The tables of the benchmark: what each step costs, how that grows with the shoppers, and ten million of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tests.benchmark.scale.night import Cost
from tests.benchmark.scale.store import Size

MANY = 10_000_000
_GIB, _MIB = 2**30, 2**20


@dataclass(frozen=True)
class Measurement:
    """The costs of one night on a store of one size."""

    size: Size
    costs: tuple[Cost, ...]

    def seconds(self, step: str) -> float:
        return next(cost.seconds for cost in self.costs if cost.step == step)


def cost_table(measurement: Measurement) -> str:
    """One row a step: seconds, milliseconds a shopper, peak memory, bytes to the driver."""
    shoppers = measurement.size.shoppers
    head = ("step", "seconds", "ms a shopper", "Java, GiB", "driver's Python, GiB", "a worker, GiB", "all, GiB",
            "to the driver, MiB", "largest job, MiB")  # fmt: skip
    rows = [
        (
            f"`{cost.step}`", f"{cost.seconds:,.0f}", f"{1e3 * cost.seconds / shoppers:.3f}", _gib(cost.java),
            _gib(cost.python), _gib(cost.worker), _gib(cost.together), _mib(cost.to_driver),
            f"{_mib(cost.largest_job)} ({cost.largest_at})" if cost.largest_at else _mib(cost.largest_job),
        )
        for cost in measurement.costs
    ]  # fmt: skip
    total = sum(cost.seconds for cost in measurement.costs)
    rows.append(("all steps", f"{total:,.0f}", f"{1e3 * total / shoppers:.3f}", "", "", "", "", "", ""))
    return _table(head, rows)


def growth_table(small: Measurement, large: Measurement) -> str:
    """One row a step: what the larger store costs relative to the smaller one.

    Time is relative to the shoppers: 1.00 means that a shopper costs the same. Memory and bytes are not.
    """
    head = ("step", "time a shopper", "Java", "driver's Python", "a worker", "bytes to the driver")
    before = {cost.step: cost for cost in small.costs}
    shoppers = large.size.shoppers / small.size.shoppers
    rows = [
        (
            f"`{now.step}`", _ratio(now.seconds, before[now.step].seconds * shoppers),
            _ratio(now.java, before[now.step].java), _ratio(now.python, before[now.step].python),
            _ratio(now.worker, before[now.step].worker), _ratio(now.to_driver, before[now.step].to_driver),
        )
        for now in large.costs if now.step in before
    ]  # fmt: skip
    return _table(head, rows)


def projection_table(small: Measurement, large: Measurement, cores: int, cluster: int) -> str:
    """Core hours for MANY shoppers from the two sizes, and hours on a cluster of so many cores.

    The seconds that grow with the shoppers are the difference between the sizes divided by the difference of their
    shoppers, on `cores` busy cores; the rest of a step is fixed and does not get shorter on a cluster.
    """
    head = ("step", "ms a further shopper", "fixed, s", f"core hours, {MANY:,} shoppers", f"hours on {cluster:,} cores")
    rows, all_core_hours, all_hours = [], 0.0, 0.0
    known = {cost.step for cost in small.costs}
    for step in [cost.step for cost in large.costs if cost.step in known]:
        more = large.size.shoppers - small.size.shoppers
        slope = max(0.0, large.seconds(step) - small.seconds(step)) / more
        fixed = max(0.0, large.seconds(step) - slope * large.size.shoppers)
        core_hours = slope * MANY * cores / 3600
        hours = core_hours / cluster + fixed / 3600
        all_core_hours, all_hours = all_core_hours + core_hours, all_hours + hours
        rows.append((f"`{step}`", f"{1e3 * slope:.3f}", f"{fixed:,.0f}", f"{core_hours:,.1f}", f"{hours:.2f}"))
    rows.append(("all steps", "", "", f"{all_core_hours:,.1f}", f"{all_hours:.2f}"))
    return _table(head, rows)


def _ratio(now: float, before: float) -> str:
    return f"{now / before:.2f}" if before else "new" if now else "0"


def _gib(size: int) -> str:
    return f"{size / _GIB:.2f}"


def _mib(size: int) -> str:
    return f"{size / _MIB:,.1f}"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
