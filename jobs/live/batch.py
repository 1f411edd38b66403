"""What is done with each batch of the stream: counted into Delta once, pushed online, alerts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import pandas as pd
from feast import FeatureStore
from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import StructType

from features.contract.live_counts import COUNTS, LIVE_ITEM_COUNTS, LIVE_USER_COUNTS, SUMS
from features.contract.table import Table
from features.live.counting import window_counts
from jobs.alerts.alert import Alert
from jobs.live.counters import Counters
from jobs.live.live_plan import LivePlan
from jobs.live.online import push
from jobs.runtime import clock
from jobs.runtime.config import Config
from jobs.runtime.logs import event
from jobs.tables.warehouse import Warehouse
from model.exposure.live import live_factor

_ITEM_SCHEMA = StructType([LIVE_ITEM_COUNTS.schema[name] for name in ("day", "window_start", "item_id", *SUMS)])


@dataclass
class BatchWork:
    """Counts batches into Delta exactly once, and tells the storefront and people what follows.

    A batch that is run again after a crash has the same id, and Delta leaves out a write whose application and version
    it has seen (txnAppId, txnVersion). Counters, the online values and alerts follow from what is counted, so that they
    come out the same.
    """

    conf: Config
    stream: str
    tables: Warehouse
    store: FeatureStore | None
    counters: Counters
    plan: Callable[[], LivePlan]
    alert: Callable[[Sequence[Alert]], None]
    told: set[str] = field(default_factory=set)

    def __call__(self, events: DataFrame, batch_id: int) -> None:
        """The function of foreachBatch."""
        began = clock.seconds()
        kept = events.persist()
        partials = self._counts_of(kept, "item_id").toPandas()
        # From the driver, where they are needed for what follows: Delta is not asked for what was just written.
        items = events.sparkSession.createDataFrame(partials, _ITEM_SCHEMA)
        self._write(items, batch_id, LIVE_ITEM_COUNTS)
        self._write(self._counts_of(kept, "user_id"), batch_id, LIVE_USER_COUNTS)
        kept.unpersist()
        touched = self.counters.add(batch_id, partials)
        if len(touched):
            self._follow_up(touched)
        event("batch counted", step="stream_events", batch=batch_id,
              weight=int(partials[list(COUNTS)].to_numpy(dtype="float64").sum()), items=len(touched),
              seconds=round(clock.seconds() - began, 2))  # fmt: skip

    def _counts_of(self, events: DataFrame, key: str) -> DataFrame:
        plan, minutes = self.conf.plan, self.conf.stream.window_minutes
        return window_counts(events, key, plan.placement, minutes, plan.position_weights)

    def _write(self, counts: DataFrame, batch_id: int, table: Table) -> None:
        # One file a batch: a batch is small, and files are what readers pay for.
        rows = counts.coalesce(1).select("*", F.lit(self.stream).alias("stream"), F.lit(batch_id).alias("batch_id"))
        self.tables.add_once(rows, table, f"longtail {self.stream} {table.name}", batch_id)

    def _follow_up(self, touched: pd.DataFrame) -> None:
        plan, day = self.plan(), self.counters.day
        assert day is not None
        cap, delivered = plan.cap.reindex(touched.index), touched["delivered"]
        ease = self.conf.stream.ease_from
        factor = pd.Series(live_factor(delivered.to_numpy(), cap.to_numpy(), ease), index=touched.index)
        if self.store is not None:
            push(self.store, touched, factor, day, clock.now())
        burned = touched.index[(delivered >= cap).to_numpy()]
        found = [
            Alert(
                "live.cap_reached", "warning", day, str(item),
                f"item {item} has reached its cap of {cap[item]:.1f} expected exposures with {delivered[item]:.1f}",
                "live_item_counts and the item's cap in item_exposure; its live_factor is 0 for the rest of the day",
                float(delivered[item]), float(cap[item]),
            )
            for item in burned
        ]  # fmt: skip
        found += [
            Alert(
                "live.group_starves", "warning", day, name,
                f"{name} has {100 * error:.0f} % less of today's exposure than its floor asks for, beyond chance",
                "the storefront's use of the lists, exposure_account of the last night",
                error, 0.5,
            )
            for name, error in plan.starving(self.counters.counts["delivered"])
        ]  # fmt: skip
        fresh = [one for one in found if one.key not in self.told]
        self.told |= {one.key for one in fresh}
        if fresh:
            self.alert(fresh)
