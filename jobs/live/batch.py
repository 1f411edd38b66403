"""What is done with each batch of the stream: counted into Delta once, pushed online, alerts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import pandas as pd
from feast import FeatureStore
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.types import StructType

from features.contract.live_counts import COUNTS, LIVE_ITEM_COUNTS, LIVE_USER_COUNTS
from features.contract.table import Table
from features.live.counting import window_counts
from jobs.alerts.alert import Alert
from jobs.config.configuration import Config
from jobs.live.counters import Counters
from jobs.live.live_plan import LivePlan
from jobs.live.online import LIVE_ITEM, LIVE_USER, push
from jobs.runtime import clock
from jobs.runtime.logs import event
from jobs.tables.warehouse import Warehouse
from model.exposure.live import live_factor


@dataclass
class BatchWork:
    """Counts batches into Delta exactly once, and tells the storefront and people what follows.

    A batch that is run again after a crash has the same id, and Delta leaves out a write whose application and version
    it has seen (txnAppId, txnVersion). Counters, the online values and alerts follow from what is counted, so that they
    come out the same. A shopper with more than account.most_exposures_a_day is taken for a program: from the next batch
    on the exposures count for the shopper alone, and no longer for the items.
    """

    conf: Config
    stream: str
    tables: Warehouse
    store: FeatureStore | None
    items: Counters
    shoppers: Counters
    plan: Callable[[], LivePlan]
    alert: Callable[[Sequence[Alert]], None]
    told: set[str] = field(default_factory=set)

    def __call__(self, events: DataFrame, batch_id: int) -> None:
        """The function of foreachBatch."""
        began = clock.seconds()
        kept = events.persist()
        programs = self._programs()
        by_people = kept.where((F.col("event_type") != "exposure") | ~F.col("user_id").isin(programs))
        of_items = self._counts_of(by_people if programs else kept, "item_id").toPandas()
        of_shoppers = self._counts_of(kept, "user_id").toPandas()
        kept.unpersist()
        # In this order: who is a program in a batch follows from the batches before it, also when it is run again.
        self._write(events.sparkSession, of_items, batch_id, LIVE_ITEM_COUNTS)
        self._write(events.sparkSession, of_shoppers, batch_id, LIVE_USER_COUNTS)
        items, shoppers = self.items.add(batch_id, of_items), self.shoppers.add(batch_id, of_shoppers)
        if len(items):
            self._follow_up(items)
        if self.store is not None and self.shoppers.day is not None:
            push(self.store, LIVE_USER, shoppers, self.shoppers.day, clock.now())
        self._report(self._alerts(items) if len(items) else [])
        event("batch counted", step="stream_events", batch=batch_id,
              weight=int(of_shoppers[list(COUNTS)].to_numpy(dtype="float64").sum()), items=len(items),
              programs=len(programs), seconds=round(clock.seconds() - began, 2))  # fmt: skip

    def _programs(self) -> list[str]:
        shown = self.shoppers.counts["exposures"]
        return list(shown.index[shown > self.conf.account.most_exposures_a_day])

    def _counts_of(self, events: DataFrame, key: str) -> DataFrame:
        weights, minutes = self.plan().position_weights, self.conf.stream.window_minutes
        return window_counts(events, key, self.conf.plan.placement, minutes, weights)

    def _write(self, spark: SparkSession, counts: pd.DataFrame, batch_id: int, table: Table) -> None:
        """From the driver, where they are needed for what follows: Delta is not asked for what was just written."""
        schema = StructType([table.schema[name] for name in counts.columns])
        # One file a batch: a batch is small, and files are what readers pay for.
        rows = spark.createDataFrame(counts, schema).coalesce(1)
        rows = rows.select("*", F.lit(self.stream).alias("stream"), F.lit(batch_id).alias("batch_id"))
        self.tables.add_once(rows, table, f"longtail {self.stream} {table.name}", batch_id)

    def _follow_up(self, touched: pd.DataFrame) -> None:
        """Tells the storefront what an item has got so far, and what that leaves of it."""
        day = self.items.day
        assert day is not None
        if self.store is None:
            return
        cap = self.plan().cap.reindex(touched.index)
        factor = live_factor(touched["delivered"].to_numpy(), cap.to_numpy(), self.conf.stream.ease_from)
        push(self.store, LIVE_ITEM, touched.assign(live_factor=factor), day, clock.now())

    def _alerts(self, touched: pd.DataFrame) -> list[Alert]:
        """Of the items that a batch touched, of the floors, and of shoppers that are programs."""
        plan, day = self.plan(), self.items.day
        assert day is not None
        cap, delivered = plan.cap.reindex(touched.index), touched["delivered"]
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
            for name, error in plan.starving(self.items.counts["delivered"])
        ]  # fmt: skip
        programs, most = len(self._programs()), self.conf.account.most_exposures_a_day
        if programs:
            text = f"{programs} shoppers have more than {most:g} exposures today: their further ones count for no item"
            look_at = "live_user_counts by exposures; the night leaves the whole day of such a shopper out"
            found.append(Alert("live.programs", "warning", day, "shoppers", text, look_at, float(programs), 0.0))
        return found

    def _report(self, found: Sequence[Alert]) -> None:
        fresh = [one for one in found if one.key not in self.told]
        self.told |= {one.key for one in fresh}
        if fresh:
            self.alert(fresh)
