"""Inputs that a store does not have, and the features and channels that carry no information without them."""

from __future__ import annotations

import json
from collections.abc import Iterable

from features.contract import EVENTS, ITEMS, PROMOTIONS, REVIEW_SENTIMENT, SEARCHES
from features.declarations import ITEM_FEATURES, ITEM_FEATURES_TABLE, USER_FEATURES
from features.declarations.aggregate import PARTIALS
from jobs.execution.manifest import last_done
from jobs.execution.night import Night
from jobs.runtime.logs import event
from model.retrieval.channels import CHANNELS, silent_channels
from model.retrieval.signal_channels import PICTURES_OF_ITEMS, SIGNAL_CHANNELS


def silent_features(absent: frozenset[str]) -> list[str]:
    """`<entity>.<feature>` of the declared features that are the same for everyone without these inputs."""
    return [
        f"{feature.entity}.{feature.name}"
        for feature in (*ITEM_FEATURES, *USER_FEATURES)
        if any(not absent.isdisjoint(_inputs(column)) for column in feature.source_columns)
    ]


def _inputs(source: str) -> set[str]:
    """The inputs that a source column of a feature is computed from: columns, a table, or a type of event."""
    table, _, name = source.partition(".")
    if table in (PROMOTIONS.name, SEARCHES.name):
        return {table}
    if table == ITEM_FEATURES_TABLE.name:
        return {f"{ITEMS.name}.{name}"}
    if table == REVIEW_SENTIMENT.name:
        return {f"{EVENTS.name}.{name}"}
    column = PARTIALS[table].column(name) if table in PARTIALS else None
    if column is None:
        return {source}
    return {f"{column.event}s", f"{EVENTS.name}.{column.of}"}


def channels_in_use(night: Night) -> tuple[str, ...]:
    """The first stage's channels and the configured ones, without those that score all items alike in this store."""
    names = (*CHANNELS, *night.conf.sequences.channels, *night.conf.signals.channels)
    return without_silent(night, names)


def without_silent(night: Night, names: Iterable[str]) -> tuple[str, ...]:
    """The channels without those that score all items alike in this store."""
    row = last_done(night.tables, "ingest")
    absent = json.loads(row["decisions"].get("absent", "[]")) if row else []
    if night.conf.features.low_rating is None:
        absent.append("events.rating")  # no rating is negative feedback
    if not night.conf.images.embed:
        absent.append(PICTURES_OF_ITEMS)
    silent = silent_channels(names := tuple(names), absent)
    return tuple(name for name in names if name not in silent)


def report_absences(absent: frozenset[str]) -> None:
    """Logs what the store does not have and what is switched off by it."""
    if absent:
        event("not in this store", columns=",".join(sorted(absent)))
    channels = silent_channels((*CHANNELS, *SIGNAL_CHANNELS), absent)
    for what, names in (("features", silent_features(absent)), ("channels", channels)):
        if names:
            event("switched off", **{what: ",".join(names)})
