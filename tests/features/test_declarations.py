"""Names follow from the declarations, and the tables follow from the names."""

from __future__ import annotations

import pytest
from pyspark.sql.types import DoubleType, LongType

from features.contract import DAILY_ITEM, DAILY_PAIR, DAILY_USER
from features.contract.table import Table
from features.declarations import ITEM_FEATURES, ITEM_FEATURES_TABLE, USER_FEATURES, USER_FEATURES_TABLE, Feature
from features.declarations.feature import LIFE, Group, summed


@pytest.mark.parametrize(
    ("what", "aggregation", "window", "name", "kind"),
    [
        ("purchases", "count", 28, "purchases_count_28d", LongType()),
        ("buyers", "distinct", 28, "buyers_count_28d", LongType()),
        ("spend", "sum", LIFE, "spend_sum_life", DoubleType()),
        ("visit", "days", 7, "visit_days_7d", LongType()),
    ],
)
def test_names_and_types_are_derived(what: str, aggregation: str, window: int | str, name: str, kind: object) -> None:
    (made,) = Group("item", "daily_item", "demand").over((window,), what, aggregation, "x", "Of {window}.")
    assert (made.name, made.type, made.owner, made.source_columns) == (name, kind, "demand", ("daily_item.x",))
    assert "{" not in made.meaning


def test_weighted_counts_are_double() -> None:
    (made,) = Group("item", "daily_item", "demand").over((28,), "exposures", "count", "x", "m", weighted=True)
    assert made.type == DoubleType()


@pytest.mark.parametrize(
    ("features", "table", "key"),
    [(ITEM_FEATURES, ITEM_FEATURES_TABLE, "item_id"), (USER_FEATURES, USER_FEATURES_TABLE, "user_id")],
)
def test_tables_hold_the_key_and_each_feature_once(features: tuple[Feature, ...], table: object, key: str) -> None:
    names = [feature.name for feature in features]
    assert len(set(names)) == len(names)
    assert table.column_names == ["as_of", key, *names]  # type: ignore[attr-defined]
    assert table.required == table.column_names  # type: ignore[attr-defined]
    assert all(feature.meaning and feature.owner and feature.table and feature.freshness for feature in features)


@pytest.mark.parametrize("table", [DAILY_ITEM, DAILY_USER, DAILY_PAIR], ids=lambda table: table.name)
def test_what_is_summed_up_is_a_column_of_the_partials(table: Table) -> None:
    made_up = {"full_price_sum"}  # spend and discount together
    for feature in (*summed(ITEM_FEATURES, table.name), *summed(USER_FEATURES, table.name)):
        assert {feature.source, feature.per or feature.source} <= {*table.column_names, *made_up}, feature.name
