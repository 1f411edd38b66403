"""The published views: declared features and the tables of the plan."""

from __future__ import annotations

from pathlib import Path

from pyspark.sql.types import ArrayType

from features.contract import EXPOSURE_SCORES, ITEM_EXPOSURE, ITEM_NEIGHBOURS, ITEM_POTENTIAL
from features.contract.table import Table
from features.declarations import ITEM_FEATURES, ITEM_FEATURES_TABLE, USER_FEATURES, USER_FEATURES_TABLE, Feature
from jobs.config.configuration import Config
from jobs.config.experiment import plans_of_arms
from jobs.online.exposures import (
    ITEM_EXPOSURE_FIELDS,
    ITEM_NEIGHBOURS_FIELDS,
    ITEM_POTENTIAL_FIELDS,
    USER_EXPOSURE_FIELDS,
    item_exposure_query,
    item_potential_query,
    user_exposure_query,
)
from jobs.online.fields import OnlineField, OnlineView
from jobs.runtime.storage import has_scheme
from jobs.serving.client import (
    ITEM_EXPOSURE_VIEW,
    ITEM_FEATURES_VIEW,
    ITEM_NEIGHBOURS_VIEW,
    ITEM_POTENTIAL_VIEW,
    USER_EXPOSURE_VIEW,
    USER_FEATURES_VIEW,
)
from jobs.tables.sql import sql_identifier


def online_views(conf: Config) -> tuple[OnlineView, ...]:
    """The shopper's list, the item's boost, the features of both; item's potential and neighbours where they are on."""
    views = (
        OnlineView(
            name=USER_EXPOSURE_VIEW,
            entity="user",
            meaning=EXPOSURE_SCORES.meaning,
            fields=USER_EXPOSURE_FIELDS,
            table=table_path(conf, EXPOSURE_SCORES),
            timestamp="event_timestamp",
            query=user_exposure_query(_in_sql(conf, EXPOSURE_SCORES), conf.plan, _arms(conf)),
        ),
        OnlineView(
            name=ITEM_EXPOSURE_VIEW,
            entity="item",
            meaning=ITEM_EXPOSURE.meaning,
            fields=ITEM_EXPOSURE_FIELDS,
            table=table_path(conf, ITEM_EXPOSURE),
            timestamp="event_timestamp",
            query=item_exposure_query(_in_sql(conf, ITEM_EXPOSURE), conf.plan),
        ),
        OnlineView(
            name=USER_FEATURES_VIEW,
            entity="user",
            meaning=USER_FEATURES_TABLE.meaning,
            fields=tuple(map(_field, USER_FEATURES)),
            table=table_path(conf, USER_FEATURES_TABLE),
            timestamp="as_of",
        ),
        OnlineView(
            name=ITEM_FEATURES_VIEW,
            entity="item",
            meaning=f"{ITEM_FEATURES_TABLE.meaning} Online: eligible items.",
            fields=tuple(map(_field, ITEM_FEATURES)),
            table=table_path(conf, ITEM_FEATURES_TABLE),
            timestamp="as_of",
        ),
    )
    return (
        *views,
        *([_potential(conf)] if conf.potential.is_measured else []),
        *([_neighbours(conf)] if conf.neighbours.are_linked else []),
    )


def table_path(conf: Config, table: Table) -> str:
    """The URI or absolute path of a Delta table: readers of the catalogue have other working directories."""
    folder = conf.warehouse if has_scheme(conf.warehouse) else str(Path(conf.warehouse).absolute())
    return f"{folder.rstrip('/')}/{table.name}"


def _potential(conf: Config) -> OnlineView:
    return OnlineView(
        name=ITEM_POTENTIAL_VIEW,
        entity="item",
        meaning=f"{ITEM_POTENTIAL.meaning} Online: items with an audience.",
        fields=ITEM_POTENTIAL_FIELDS,
        table=table_path(conf, ITEM_POTENTIAL),
        timestamp="event_timestamp",
        query=item_potential_query(_in_sql(conf, ITEM_POTENTIAL), conf.plan),
    )


def _neighbours(conf: Config) -> OnlineView:
    return OnlineView(
        name=ITEM_NEIGHBOURS_VIEW,
        entity="item",
        meaning=ITEM_NEIGHBOURS.meaning,
        fields=ITEM_NEIGHBOURS_FIELDS,
        table=table_path(conf, ITEM_NEIGHBOURS),
        timestamp="as_of",
    )


def _arms(conf: Config) -> dict[str, str]:
    plans = plans_of_arms(conf.plan, conf.experiment)
    return {plan.policy: arm for arm, plan in plans.items()}


def _in_sql(conf: Config, table: Table) -> str:
    return f"delta.{sql_identifier(table_path(conf, table))}"


def _field(feature: Feature) -> OnlineField:
    default = "empty" if isinstance(feature.type, ArrayType) else str(feature.default)
    tags = {
        "owner": feature.owner,
        "meaning": feature.meaning,
        "source": ", ".join(feature.source_columns),
        "aggregation": feature.aggregation,
        "default": default,
        "freshness": feature.freshness,
    }
    if feature.window is not None:
        tags["window"] = feature.window
    return OnlineField(feature.name, feature.type, feature.meaning, tags)
