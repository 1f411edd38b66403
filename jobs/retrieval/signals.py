"""What shoppers and visitors did short of buying before one date, as the inputs of the signal channels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import numpy as np
from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from scipy import sparse

from features.collaborative.purchases import days_before, events_before, sales_by_item
from features.collaborative.signals import event_lists, session_items, signal_events, visitor_key
from features.contract import EVENTS
from features.shopper_sample import shopper_sample
from features.texts import REFUSALS
from features.visitors import actor
from jobs.execution.night import Night
from jobs.retrieval.item_sales import item_sales
from jobs.retrieval.searches import Searches, searches_before
from jobs.reviews.reading import with_bad_reviews
from jobs.tables.visitors import events_of_shoppers
from model.retrieval.channels import declared, links_followed
from model.retrieval.item_statistics import ItemSales
from model.retrieval.links import Interactions
from model.retrieval.sessions import SESSION_COSINES
from model.retrieval.shoppers import PURCHASE
from model.retrieval.signal_channels import channels_by_signal
from model.retrieval.signals import NEGATIVE, SEARCH, VIEW, SignalScore, signal_statistics

_POPULARITY = {"popularity_7d": 7.0}


@dataclass(frozen=True)
class DateSignals:
    """The events of one date that a model's channels, or its ALS, read.

    events: `signal_events` of all shoppers and visitors, in memory
    of_shoppers: user_id, signal, item_row, days_ago of shoppers and of the visitors identified as them by then
    signals: those that channels read for a shopper, in the order of their columns
    channels: names of all channels that the model reads
    searches: None where no channel reads them
    item_rows: item_id and item_row of the known items
    """

    night: Night
    as_of: date
    item_rows: DataFrame
    events: DataFrame
    of_shoppers: DataFrame
    signals: tuple[str, ...]
    channels: tuple[str, ...]
    searches: Searches | None

    def lists(self) -> DataFrame | None:
        """`event_lists` of the shoppers; None where no channel reads any."""
        if not self.signals:
            return None
        lines = self.of_shoppers
        if self.searches is not None:
            lines = lines.unionByName(self.searches.lines)
        return event_lists(lines, self.signals, self.night.conf.signals.history_events)

    def statistics(self, sales: ItemSales, eligible: np.ndarray) -> dict[str, np.ndarray]:
        """[n] of each statistic that the channels read, from shoppers and visitors of all kinds.

        sales: the responses of the known items
        """
        scores = [score for name in self.channels if isinstance(score := declared(name).score, SignalScore)]
        if not scores:
            return {}
        counts = {PURCHASE: sales}
        if NEGATIVE in self.signals and self.night.conf.relevance.target != PURCHASE:
            bought = events_before(self.night.tables.read(EVENTS), self.item_rows, self.as_of, PURCHASE)
            counts[PURCHASE] = self._counts(bought, sales.product_type, eligible)
        for signal in (VIEW, NEGATIVE):
            if signal in self.signals:
                lines = self.events.where(F.col("signal") == signal).select(
                    actor().alias("user_id"), "item_row", days_before(self.as_of).alias("days_ago")
                )
                counts[signal] = self._counts(lines, sales.product_type, eligible)
        return signal_statistics(scores, counts, eligible)

    def _counts(self, lines: DataFrame, product_type: np.ndarray, eligible: np.ndarray) -> ItemSales:
        no_promotions = sparse.csr_matrix((1, len(eligible)), dtype=np.float32)
        return item_sales(
            sales_by_item(lines, _POPULARITY).toPandas(), _POPULARITY, product_type, eligible, no_promotions
        )

    def sessions(self) -> Interactions | None:
        """Views of the sampled visitors by session; None where no channel links the items of a session."""
        if SESSION_COSINES not in links_followed(self.channels):
            return None
        conf = self.night.conf.signals
        views = self.events.where(F.col("signal") == VIEW)
        visitors = shopper_sample(views.select(visitor_key().alias("user_id")).distinct(), conf.visitor_sample)
        minutes = self.night.conf.features.session_minutes
        met = session_items(views, visitors, days_before(self.as_of), minutes, conf.history_events)
        rows = met.toPandas().sort_values(["user_id", "session", "days_ago", "item_row"], ignore_index=True)
        number = rows.groupby(["user_id", "session"]).ngroup()
        return Interactions(number.to_numpy(), rows.item_row.to_numpy(), rows.days_ago.to_numpy())

    def rated_lines(self, bought: DataFrame, numbered: DataFrame, weights: Mapping[str, float]) -> DataFrame:
        """user_row, item_row, signal: purchases, and the shoppers' events of the weighed types.

        bought: user_id and item_row, one row a purchase; numbered: user_id and user_row
        """
        purchases = bought.select("user_id", F.lit(PURCHASE).alias("signal"), "item_row")
        others = self.of_shoppers.where(F.col("signal").isin(*weights)).select("user_id", "signal", "item_row")
        lines = purchases.unionByName(others).join(numbered, on="user_id", how="inner")
        return lines.select("user_row", "item_row", "signal")


def read_signals(
    night: Night, as_of: date, item_rows: DataFrame, wanted: tuple[str, ...], weights: Mapping[str, float]
) -> DateSignals | None:
    """The events that the `wanted` channels and the weights of ALS read; None where they read none.

    Only what was known before `as_of` counts: of events, searches and identities alike. Shoppers without consent to
    personalisation contribute what names them, as their purchases do.
    """
    by_channels = tuple(channels_by_signal(wanted))
    read = {*by_channels, *weights}
    if not read:
        return None
    conf = night.conf
    signal_of = {signal: signal for signal in sorted(read - {NEGATIVE, SEARCH})}
    if NEGATIVE in read:
        signal_of |= dict.fromkeys(REFUSALS, NEGATIVE)
    events = with_bad_reviews(night, night.tables.read(EVENTS))
    met = signal_events(events, item_rows, as_of, signal_of, conf.signals.history_days, (NEGATIVE,)).persist()
    lines = events_of_shoppers(night.tables, met, as_of, conf.features.history_days).select(
        "user_id", "signal", "item_row", days_before(as_of).alias("days_ago")
    )
    searches = searches_before(night, as_of) if SEARCH in by_channels else None
    return DateSignals(night, as_of, item_rows, met, lines, by_channels, wanted, searches)
