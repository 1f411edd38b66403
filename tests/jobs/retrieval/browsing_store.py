"""A browsing world as the tables of a warehouse: events of visitors, whom they turned out to be, and their searches."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
from pyspark.sql import SparkSession

from features.contract import EVENTS, IDENTITIES, ITEMS, SEARCHES, TEXT_EMBEDDINGS, USER_EMBEDDINGS, USERS
from features.contract.table import Table
from features.declarations import ITEM_FEATURES_TABLE, USER_FEATURES_TABLE
from jobs.config.configuration import load_config
from jobs.execution.night import Night, Record
from jobs.tables.warehouse import Warehouse
from model.simulation import event_log
from model.simulation.browsing import BrowsingWorld
from model.simulation.event_log import EventLog
from tests.benchmark.signals.side import Side
from tests.jobs.small_tables import filled
from tests.spark_session import ROOT

BEGIN = date(2024, 1, 1)  # day 0 of the world
_TYPES = {event_log.RETURN: "return", event_log.LOW_RATING: "review"}


def day(number: float) -> date:
    """The date of a day of the world."""
    return BEGIN + timedelta(days=int(number))


def at(time: float) -> datetime:
    """The moment of a time of the world, in days."""
    return datetime(BEGIN.year, BEGIN.month, BEGIN.day, tzinfo=UTC) + timedelta(seconds=round(time * 86400))


def in_seconds(log: EventLog) -> EventLog:
    """The log with times of full seconds, as tables have them."""
    kinds = {name: replace(e, time=np.round(e.time * 86400) / 86400) for name, e in log.events.items()}
    return replace(log, events=kinds)


def tables_of(log: EventLog, refusing: Iterable[int] = ()) -> dict[Table, list[dict[str, Any]]]:
    """Rows by table. Purchases name their shopper, other events only the visitor.

    refusing: shoppers without consent to personalisation
    """
    refusing, events, searches = set(refusing), [], []
    for kind, of_kind in log.events.items():
        for n, (visitor, item, time) in enumerate(zip(of_kind.visitor, of_kind.item, of_kind.time, strict=True)):
            when, owner = at(time), f"u{log.owner[visitor]:06}"
            shared = {"visitor_id": f"v{visitor}", "ingested_at": when}
            if kind == event_log.SEARCH:
                searches.append({
                    **shared, "search_id": f"s{n}", "search_time": when, "search_date": when.date(),
                    "query": log.queries[item], "user_id": None, "results": None,
                })  # fmt: skip
                continue
            events.append({
                **shared, "event_id": f"{kind}{n}", "user_id": owner if kind == event_log.PURCHASE else None,
                "item_id": f"i{item:06}", "event_type": _TYPES.get(kind, kind), "event_time": when,
                "event_date": when.date(), "quantity": 1, "price": Decimal(1), "sample_weight": 1.0,
                "rating": 1.0 if kind == event_log.LOW_RATING else None,
            })  # fmt: skip
    identities = [
        {"visitor_id": f"v{visitor}", "user_id": f"u{owner:06}", "valid_from": at(known)}
        for visitor, (owner, known) in enumerate(zip(log.owner, log.identified, strict=True))
        if np.isfinite(known)
    ]
    users = [
        {"user_id": f"u{owner:06}", "consent_personalisation": owner not in refusing}
        for owner in np.unique(log.owner[log.owner >= 0])
    ]
    return {EVENTS: events, IDENTITIES: identities, SEARCHES: searches, USERS: users}


def dates_of(world: BrowsingWorld, cuts: Mapping[float, Side]) -> dict[Table, list[dict[str, Any]]]:
    """What the steps before the first stage leave of each cut, by an encoder e1 of random projections."""
    features, people, shoppers = [], [], []
    vectors = next(iter(cuts.values())).catalogue.text
    for cut, known in cuts.items():
        shared, catalogue = {"as_of": day(cut)}, known.catalogue
        eligible = np.zeros(world.items, dtype=bool)
        eligible[catalogue.eligible] = True
        cold = np.zeros(world.items, dtype=bool)
        cold[catalogue.eligible] = catalogue.cold
        for item in range(world.items):
            features.append({
                **shared, "item_id": f"i{item:06}", "title": f"title {item}",
                "category": f"c{world.item_type[item] // 8}", "product_type": f"t{world.item_type[item]}",
                "brand": f"b{world.brand[item]}",
                "provider_id": f"b{world.brand[item]}", "price_mean_90d": 0.0, "text_hash": _hash(world.texts[item]),
                "segment": "cold" if cold[item] else "tail" if eligible[item] else "head",
                "is_eligible": bool(eligible[item]),
            })  # fmt: skip
        for user in known.shoppers.user_ids:
            people.append({**shared, "user_id": str(user)})
            shoppers.append({
                **shared, "user_id": str(user), "encoder_version": "e1", "embedding": [1.0] * vectors.shape[1],
            })  # fmt: skip
    distinct = {_hash(text): row for row, text in enumerate(world.texts)}
    embeddings = [
        {"text_hash": digest, "encoder_version": "e1", "embedding": [float(x) for x in vectors[row]]}
        for digest, row in distinct.items()
    ]
    items = [{"item_id": f"i{item:06}", "title": text, "valid_from": at(0)} for item, text in enumerate(world.texts)]
    return {
        ITEM_FEATURES_TABLE: features, USER_FEATURES_TABLE: people, USER_EMBEDDINGS: shoppers,
        TEXT_EMBEDDINGS: embeddings, ITEMS: items,
    }  # fmt: skip


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def night_of(
    spark: SparkSession, folder: Path, tables: Mapping[Table, list[dict[str, Any]]], as_of: date,
    changes: Sequence[str] = (),
) -> Night:  # fmt: skip
    """A night of a warehouse with these rows, which replace those that are there."""
    conf = load_config(ROOT / "conf/local.yaml", [f"warehouse={folder}", "features.low_rating=2", *changes])
    night = Night(conf, as_of, "run", spark, Warehouse(spark, conf.warehouse), Record())
    for table, rows in tables.items():
        night.tables.replace(filled(spark, table, rows), table, None)
    return night
