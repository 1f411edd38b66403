"""The work for each batch of the stream: counts into Delta exactly once, online values, alerts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING

import pandas as pd
from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import StructType

from features.contract.live_counts import COUNTS, LIVE_ITEM_COUNTS, LIVE_USER_COUNTS
from features.contract.table import Table
from features.live.counting import DAY, EPOCH, window_counts
from jobs.alerts.alert import Alert
from jobs.config.configuration import Config
from jobs.language.sentences import say, speaking
from jobs.live.counters import ItemCounts, NightCounts
from jobs.live.live_plan import LivePlan
from jobs.live.online import LIVE_ITEM, LIVE_USER, push
from jobs.live.shopper_counts import ShopperCounts
from jobs.runtime import clock
from jobs.runtime.logs import event
from jobs.tables.warehouse import Warehouse
from model.exposure.live import live_factor

if TYPE_CHECKING:
    from feast import FeatureStore

ROWS_OF_A_FILE = 500_000


@dataclass
class BatchWork:
    """Counts batches into Delta exactly once, pushes the new values online and raises alerts.

    A batch that runs again after a crash has the same id, and Delta skips a write whose application and version it has
    seen (txnAppId, txnVersion). Online values and alerts follow from the counts, so they are the same again. A shopper
    with more than account.most_exposures_a_day counts as bot traffic: from the next batch on, further exposures count
    for the shopper but not for the items.
    """

    conf: Config
    stream: str
    tables: Warehouse
    store: FeatureStore | None
    items: ItemCounts
    shoppers: ShopperCounts
    plan: Callable[[], LivePlan]
    alert: Callable[[Sequence[Alert]], None]
    reported: set[str] = field(default_factory=set)
    reported_on: date | None = None
    night: NightCounts = field(init=False)

    def __post_init__(self) -> None:
        self.night = NightCounts(self.tables)

    def __call__(self, events: DataFrame, batch_id: int) -> None:
        """The function of foreachBatch."""
        began = clock.seconds()
        plan, bots = self.plan(), sorted(self.shoppers.bots)
        batch = events.persist()
        without_bots = batch.where((F.col("event_type") != "exposure") | ~F.coalesce("user_id", F.lit("")).isin(bots))
        of_items = self._counts_of(without_bots if bots else batch, "item_id", plan, plan.since).toPandas()
        of_shoppers = self._counts_of(batch.where(F.col("user_id").isNotNull()), "user_id", plan).persist()
        weight = sum((F.sum(name) for name in COUNTS), F.lit(0.0)).alias("weight")
        sums = of_shoppers.agg(F.count("*").alias("rows"), F.max("day").alias("newest"), weight).head()
        assert sums is not None
        # In this order: the bots of a batch follow from earlier batches alone, also when the batch runs again.
        schema = StructType([LIVE_ITEM_COUNTS.schema[name] for name in of_items.columns])
        self._write(events.sparkSession.createDataFrame(of_items, schema), len(of_items), batch_id, LIVE_ITEM_COUNTS)
        self._write(of_shoppers, sums["rows"], batch_id, LIVE_USER_COUNTS)
        self.night.add(batch_id, of_items, plan.since)
        items = self.items.add(batch_id, of_items)
        if len(items):
            self._push_items(items, plan)
        for shoppers in self.shoppers.add(batch_id, of_shoppers, sums["rows"], sums["newest"]):
            if self.store is not None:
                push(self.store, LIVE_USER, shoppers, self.shoppers.day, clock.now())
        of_shoppers.unpersist()
        batch.unpersist()
        with speaking(self.conf.report.language):
            alerts = self._alerts(items, plan) if len(items) else []
        self._report(alerts)
        event("batch counted", step="stream_events", batch=batch_id, weight=int(sums["weight"] or 0), items=len(items),
              bots=len(bots), seconds=round(clock.seconds() - began, 2))  # fmt: skip

    def _counts_of(self, events: DataFrame, key: str, plan: LivePlan, since: datetime = EPOCH) -> DataFrame:
        minutes = self.conf.stream.window_minutes
        return window_counts(events, key, self.conf.plan.placement, minutes, plan.position_weights, since)

    def _write(self, counts: DataFrame, rows: int, batch_id: int, table: Table) -> None:
        # One file a batch where it is small, as each file costs every reader.
        few = counts.coalesce(max(1, rows // ROWS_OF_A_FILE))
        marked = few.select("*", F.lit(self.stream).alias("stream"), F.lit(batch_id).alias("batch_id"))
        self.tables.add_once(marked, table, f"longtail {self.stream} {table.name}", batch_id)

    def _push_items(self, touched: pd.DataFrame, plan: LivePlan) -> None:
        """Pushes the counts of the items that the batch touched, and their live factors, to the storefront."""
        day, since = self.items.day, self.night.since
        assert day is not None
        assert since is not None
        if self.store is None:
            return
        cap, delivered = plan.cap.reindex(touched.index), self._delivered(touched)
        factor = live_factor(delivered.to_numpy(), cap.to_numpy(), self.conf.stream.ease_from)
        of_night = {"night": str(plan.as_of or ""), "until": (since + DAY).isoformat()}
        push(self.store, LIVE_ITEM, touched.assign(live_factor=factor, **of_night), day, clock.now())

    def _delivered(self, touched: pd.DataFrame) -> pd.Series:
        """What these items were delivered on the night's day so far."""
        return self.night.delivered.reindex(touched.index, fill_value=0.0)

    def _alerts(self, touched: pd.DataFrame, plan: LivePlan) -> list[Alert]:
        """Alerts on touched items at their cap, on floors far below their share, and on bot traffic."""
        day = self.items.day
        assert day is not None
        cap, delivered = plan.cap.reindex(touched.index), self._delivered(touched)
        at_cap = touched.index[(delivered >= cap).to_numpy()]
        alerts = [
            Alert(
                "live.cap_reached", "warning", day, str(item),
                say(
                    "item {item} has reached its cap of {cap} expected exposures with {delivered}",
                    item=item, cap=f"{cap[item]:.1f}", delivered=f"{delivered[item]:.1f}",
                ),
                say("live_item_counts and the item's cap in item_exposure; its live_factor is 0 until another night "
                    "is live, at most until 24 hours of this one are over"),
                float(delivered[item]), float(cap[item]),
            )
            for item in at_cap
        ]  # fmt: skip
        alerts += [
            Alert(
                "live.group_starves", "warning", day, name,
                say(
                    "{name} has {share} % less of today's exposure than its floor requires, beyond chance",
                    name=name, share=f"{100 * error:.0f}",
                ),
                say("the storefront's use of the lists, exposure_account of the previous night"),
                error, 0.5,
            )
            for name, error in plan.starving(self.night.delivered)
        ]  # fmt: skip
        bots, most = len(self.shoppers.bots), self.conf.account.most_exposures_a_day
        if bots:
            message = say(
                "{bots} shoppers have more than {most} exposures today: further ones count for no item",
                bots=bots,
                most=f"{most:g}",
            )
            look_at = say("live_user_counts by exposures; the night leaves the whole day of such a shopper out")
            alerts.append(Alert("live.programs", "warning", day, "shoppers", message, look_at, float(bots), 0.0))
        return alerts

    def _report(self, alerts: Sequence[Alert]) -> None:
        """Sends those of a day's alerts that were not sent on that day."""
        if alerts and alerts[0].as_of != self.reported_on:
            self.reported_on, self.reported = alerts[0].as_of, set()
        unreported = [alert for alert in alerts if alert.key not in self.reported]
        self.reported |= {alert.key for alert in unreported}
        if unreported:
            self.alert(unreported)
