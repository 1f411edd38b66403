"""Names follow from the declarations, and the tables follow from the names."""

from __future__ import annotations

import pytest
from pyspark.sql.types import DoubleType, LongType

from features.declarations import ITEM_FEATURES, ITEM_FEATURES_TABLE, USER_FEATURES, USER_FEATURES_TABLE, Feature
from features.declarations.feature import LIFE, aggregated, days


@pytest.mark.parametrize(
    ("what", "aggregation", "window", "name", "kind"),
    [
        ("purchases", "count", days(28), "purchases_count_28d", LongType()),
        ("spend", "sum", LIFE, "spend_sum_life", DoubleType()),
        ("visit", "days", days(7), "visit_days_7d", LongType()),
    ],
)
def test_names_and_types_are_derived(what: str, aggregation: str, window: str, name: str, kind: object) -> None:
    made = aggregated("item", what, aggregation, window, "x", meaning="m")
    assert (made.name, made.type) == (name, kind)


def test_weighted_counts_are_double() -> None:
    assert aggregated("item", "exposures", "count", days(28), "x", meaning="m", weighted=True).type == DoubleType()


@pytest.mark.parametrize(
    ("features", "table", "key"),
    [(ITEM_FEATURES, ITEM_FEATURES_TABLE, "item_id"), (USER_FEATURES, USER_FEATURES_TABLE, "user_id")],
)
def test_tables_hold_the_key_and_each_feature_once(features: tuple[Feature, ...], table: object, key: str) -> None:
    names = [feature.name for feature in features]
    assert len(set(names)) == len(names)
    assert table.column_names == ["as_of", key, *names]  # type: ignore[attr-defined]
    assert table.required == table.column_names  # type: ignore[attr-defined]
    assert all(feature.meaning for feature in features)
