"""What can be compared between two nights of a store that has just begun."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from pyspark.sql import functions as F

from features.contract import DAILY_ITEM, ITEMS, PROMOTIONS, USERS
from features.declarations import Feature
from jobs.execution.night import Night

_CATALOGUE = (ITEMS.name, USERS.name, PROMOTIONS.name)


def first_event_day(night: Night) -> date | None:
    """The day of the first event, None without any. Reads `daily_item`."""
    first: date | None = night.tables.read_or_empty(DAILY_ITEM).agg(F.min("day").alias("day")).collect()[0]["day"]
    return first


def comparable_features(
    features: Sequence[Feature], previous: date, first_event: date | None, least_days: int
) -> set[str]:
    """The features in which a night is compared with the night `previous`.

    All of them, once the events go back `least_days` before it. Before that those of the catalogue and of attributes
    alone, since the others change for most entities every night: on the second night of a store two thirds of its
    shoppers may have bought within a day, after all of them on the first, and what began with the store is a day older
    in all of its rows.
    """
    if first_event is None or (previous - first_event).days >= least_days:
        return {feature.name for feature in features}
    return {feature.name for feature in features if feature.table in _CATALOGUE and not _is_age(feature)}


def _is_age(feature: Feature) -> bool:
    return feature.name.startswith("days_since_")
