"""The same through Spark's steps: python -m tests.benchmark.signals.store.

A browsing world as the tables of a warehouse, whose first stage `train_first_stage` trains on a past period and whose
candidates `build_candidates` scores. For each of the variants: recall@100 as in `tests.benchmark.signals`, of tail and
of cold items, the signals that the fit kept, the weights of ALS, and the seconds of training and candidates. --views 10
has every view ten times, minutes later, to measure what they cost.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

import numpy as np
from pyspark.sql import SparkSession

from features.contract import PROMOTIONS
from features.contract.table import Table
from jobs.build_candidates import candidates_of
from jobs.execution.night import Night
from jobs.registry.drafts import Draft
from jobs.retrieval.date_side import prepare_date
from jobs.train_first_stage import trained
from model.periods import Periods
from model.retrieval.first_stage import FirstStage
from model.retrieval.signal_channels import channels_by_signal
from model.simulation import event_log
from model.simulation.browsing import browsing_world
from model.simulation.event_log import Events
from model.simulation.needs import browse
from tests.benchmark.signals.side import ALPHA, FACTORS, ITERATIONS, REGULARISATION, Side, side
from tests.jobs.retrieval.browsing_store import dates_of, day, in_seconds, night_of, tables_of
from tests.spark_session import local_session

LISTED, LEAST_COLD = 100, 5
VARIANTS: Mapping[str, tuple[str, ...]] = {
    "purchases alone": (),
    "signals.channels: auto": ("signals.channels=auto",),
    "auto, weights: learnt": ("signals.channels=auto", "signals.weights=learnt"),
}
_SIZES = (
    f"channels.als_factors={FACTORS}", f"channels.als_iterations={ITERATIONS}", f"channels.als_alpha={ALPHA}",
    f"channels.als_regularisation={REGULARISATION}", "first_stage.l2=1e-3", "first_stage.negatives_per_user=100",
    f"candidates.per_user={LISTED}", f"candidates.least_cold={LEAST_COLD}", "signals.channels=[]",
)  # fmt: skip


@dataclass(frozen=True)
class Store:
    """cuts: the sides of a past period's cut and of the night's, a horizon later"""

    folder: Path
    tables: Mapping[Table, list[dict[str, object]]]
    history: float
    horizon: float
    cuts: Mapping[float, Side]

    def write(self, spark: SparkSession) -> None:
        """Writes the tables."""
        night_of(spark, self.folder, self.tables, day(self.history))

    def night(self, spark: SparkSession, changes: Sequence[str] = ()) -> Night:
        """The night of the store, by a configuration with these changes."""
        return night_of(spark, self.folder, {}, day(self.history), [*_SIZES, *changes])


def browsing_store(
    folder: Path, seed: int, users: int, items: int, history: float, horizon: float, views: int = 1
) -> Store:
    """The store of a world, with every view `views` times."""
    world = browsing_world(seed, users, items, history)
    log = browse(world, history + horizon, seed)
    viewed = log.events[event_log.VIEW]
    repeated = [(viewed.visitor, viewed.item, viewed.time + n * 60.0 / 86400.0) for n in range(views)]
    log = in_seconds(
        log.with_events(event_log.VIEW, Events.of(*(np.concatenate(c) for c in zip(*repeated, strict=True))))
    )
    cuts = {cut: side(world, log, cut, horizon) for cut in (history - horizon, history)}
    return Store(folder, {**tables_of(log), **dates_of(world, cuts), PROMOTIONS: []}, history, horizon, cuts)


def first_stage_of(night: Night, store: Store) -> FirstStage:
    """Trained on the period before the night."""
    past, now = (day(cut) for cut in store.cuts)
    draft = Draft(night.as_of, store.folder, "e1", past, int(store.horizon), (past, now), "hash")
    return trained(night, draft, Periods(int(store.horizon), past, (), now), has_trained=False)


def lists_of(night: Night, first_stage: FirstStage) -> dict[str, list[str]]:
    """The candidates of each shopper on the night."""
    prepared = prepare_date(night, night.as_of, "e1", first_stage.channels, first_stage.event_weights)
    rows = candidates_of(night, prepared, first_stage).orderBy("user_id", "rank").collect()
    prepared.release()
    lists: dict[str, list[str]] = {}
    for row in rows:
        lists.setdefault(row["user_id"], []).append(row["item_id"])
    return lists


def recalls(lists: Mapping[str, Iterable[str]], now: Side) -> tuple[float, float]:
    """Recall of the tail and of cold items, mean over shoppers with such targets."""
    catalogue, tail, cold = now.catalogue, [], []
    for user, targets in now.targets.items():
        hit = np.isin(catalogue.item_ids[catalogue.eligible[targets]], list(lists[user]))
        tail.append(hit.mean())
        if (is_cold := catalogue.cold[targets]).any():
            cold.append(hit[is_cold].mean())
    return float(np.mean(tail)), float(np.mean(cold))


def measure(spark: SparkSession, seed: int, views: int, users: int, items: int, history: float) -> None:
    """Prints a line for each variant of one world."""
    with tempfile.TemporaryDirectory() as folder:
        store = browsing_store(Path(folder), seed, users, items, history, 28.0, views)
        store.write(spark)
        counts = {table.name: len(rows) for table, rows in store.tables.items()}
        print(f"world {seed}, every view {views} times: {counts['events']} events", flush=True)
        for name, changes in VARIANTS.items():
            night, begin = store.night(spark, changes), perf_counter()
            first_stage = first_stage_of(night, store)
            middle = perf_counter()
            lists = lists_of(night, first_stage)
            tail, cold = recalls(lists, store.cuts[store.history])
            print(
                f"  {name:24s} tail {tail:.4f} cold {cold:.4f} training {middle - begin:5.1f} s candidates "
                f"{perf_counter() - middle:5.1f} s; kept {', '.join(channels_by_signal(first_stage.channels))}; "
                f"weights {dict(first_stage.event_weights)}",
                flush=True,
            )


def main() -> None:
    """Measures the worlds."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, nargs=2, default=(3, 4), help="first, and first not measured")
    parser.add_argument("--views", type=int, default=1, help="how often every view happens")
    parser.add_argument("--size", type=int, nargs=2, default=(200, 500), help="shoppers and items")
    parser.add_argument("--history", type=float, default=112.0, help="days before the night")
    args = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as folder,
        local_session(Path(folder), **{"sql.shuffle.partitions": "2"}) as spark,
    ):
        for seed in range(*args.seeds):
            measure(spark, seed, args.views, *args.size, args.history)


if __name__ == "__main__":
    main()
