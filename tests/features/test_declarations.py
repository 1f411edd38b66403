"""Names follow from the declarations, tables follow from the names, and every declared source is used."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest
from pyspark.errors import AnalysisException
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.types import DataType, DoubleType, IntegerType, LongType, StructField, StructType

from features.contract import DAILY_PAIR, DAILY_USER, SEARCHES, USER_HISTORY
from features.contract.table import Table
from features.declarations import (
    ITEM_FEATURES,
    ITEM_FEATURES_TABLE,
    PAIR_FEATURES,
    USER_FEATURES,
    USER_FEATURES_TABLE,
    Feature,
)
from features.declarations.aggregate import PARTIALS, Aggregation
from features.declarations.feature import LIFE, Group, by_expression
from features.derived.activity import active, session_categories
from features.derived.carts import left_in_cart
from features.derived.funnel import STEPS, with_funnel_shares
from features.derived.profiles import browsed, price_and_tail, profiles, stores
from features.derived.purchases import weekend_share
from features.derived.ranks import standing
from features.derived.responses import with_response_shares
from features.derived.reviews import BAD_SHARE, COUNTS, with_bad_share
from features.derived.searches import searched
from features.segments import with_segment
from tests.features.aggregates.frames import at, bought, features_of, items, returned

DAY = date(2017, 12, 1)
DEMAND = Group("item", "daily_item", "demand")
PAIRS = Group("item", "daily_pair", "demand")


@pytest.mark.parametrize(
    ("group", "what", "aggregation", "source", "window", "name", "kind", "meaning"),
    [
        (
            DEMAND,
            "purchases",
            "count",
            "purchases_count",
            28,
            "purchases_count_28d",
            LongType(),
            "Bought in the last 28 days.",
        ),
        (DEMAND, "spend", "sum", "spend_sum", LIFE, "spend_sum_life", DoubleType(), "Bought since the first event."),
        (DEMAND, "visit", "days", "purchases_count", 1, "visit_days_1d", LongType(), "Bought on the last day."),
        (PAIRS, "buyers", "distinct", "user_id", 28, "buyers_count_28d", LongType(), "Bought in the last 28 days."),
    ],
)
def test_names_types_and_meanings_are_derived(
    group: Group,
    what: str,
    aggregation: Aggregation,
    source: str,
    window: int | str,
    name: str,
    kind: DataType,
    meaning: str,
) -> None:
    (feature,) = group.over((window,), what, aggregation, source, "Bought {window}.", event="purchase")
    assert (feature.name, feature.type, feature.owner, feature.event) == (name, kind, "demand", "purchase")
    assert feature.source_columns[0] == f"{group.table}.{source}"
    assert feature.meaning == meaning


def test_counts_of_weights_are_double() -> None:
    (feature,) = DEMAND.over((28,), "exposures", "count", "exposures_weight", "m", event="exposure")
    assert feature.type == DoubleType()


@pytest.mark.parametrize(
    ("group", "aggregation", "source", "event", "per", "window", "problem"),
    [
        (
            DEMAND,
            "count",
            "purchases_count",
            "return",
            (),
            28,
            "counts return, but daily_item.purchases_count is of pu",
        ),
        (DEMAND, "count", "item_id", "purchase", (), 28, "sums up item_id, of which daily_item has no number"),
        (
            DEMAND,
            "count",
            "reviews_count",
            "purchase",
            (),
            28,
            "sums up reviews_count, of which daily_item has no numb",
        ),
        (DEMAND, "count", "purchases_count", "review", (), 28, "counts review, of which daily_item has no column"),
        (DEMAND, "mean", "spend_sum", "purchase", (), 28, "lacks `per`"),
        (DEMAND, "share", "discount_sum", "purchase", ("returns_count",), 28, "daily_item.returns_count is of return"),
        (DEMAND, "count", "purchases_count", "purchase", ("returns_count",), 28, "ignores `per`"),
        (PAIRS, "distinct", "returns_count", "return", (), 28, "Name a further key of daily_pair: user_id"),
        (PAIRS, "distinct", "item_id", "purchase", (), 28, "Name a further key of daily_pair: user_id"),
        (DEMAND, "distinct", "user_id", "purchase", (), 28, "Name a further key of daily_item: none"),
        (PAIRS, "distinct", "user_id", "purchase", (), LIFE, "Name a window in days"),
        (Group("item", "items", "demand"), "count", "price", "purchase", (), 28, "items, which is not a daily partial"),
    ],
)
def test_an_aggregate_that_would_not_be_computed_as_declared_is_an_error(
    group: Group,
    aggregation: Aggregation,
    source: str,
    event: str,
    per: tuple[str, ...],
    window: int | str,
    problem: str,
) -> None:
    with pytest.raises(ValueError, match="The feature things_") as error:
        group.over((window,), "things", aggregation, source, "m", event=event, per=per)
    assert problem in str(error.value)


def test_a_derived_feature_is_made_by_an_expression_or_a_function() -> None:
    with pytest.raises(ValueError, match="needs an expression or a function"):
        DEMAND.derived("weekend", "share", 90, "purchases_count", "m")
    with pytest.raises(ValueError, match="and not both"):
        DEMAND.derived("weekend", "share", 90, "day", "m", expression=lambda: weekend_share(90), function=standing)
    with pytest.raises(ValueError, match="reads sundays_count, which daily_item does not have"):
        DEMAND.derived("weekend", "share", 90, "sundays_count", "m", expression=lambda: weekend_share(90))


def test_shoppers_who_returned_an_item_need_a_declaration_alone(
    spark: SparkSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    returners = PAIRS.over((28, 90), "returners", "distinct", "user_id", "Returned, {window}.", event="return")
    declared = (*ITEM_FEATURES, *returners)
    monkeypatch.setattr("features.aggregates.item_features.ITEM_FEATURES", declared)
    rows = [
        bought("u", "a", at(9, 5)),
        bought("v", "a", at(11, 29)),
        returned("u", "a", at(9, 10)),
        returned("u", "a", at(11, 5)),
        returned("u", "a", at(11, 6)),
        returned("w", "a", at(11, 2)),  # a day too old for 28 days
        returned("x", "a", at(12, 1)),  # at as_of
    ]
    listed = items(spark, [("a", at(1, 1), None, None)])
    (row,) = features_of(spark, rows, listed, (DAY,)).collect()
    assert (row["returners_count_28d"], row["returners_count_90d"]) == (1, 2)
    assert (row["buyers_count_28d"], row["buyers_count_90d"]) == (1, 2)
    assert row["repeat_share_90d"] == 0.0


@pytest.mark.parametrize(
    ("features", "table", "key"),
    [(ITEM_FEATURES, ITEM_FEATURES_TABLE, "item_id"), (USER_FEATURES, USER_FEATURES_TABLE, "user_id")],
)
def test_tables_hold_the_key_and_each_feature_once(features: tuple[Feature, ...], table: Table, key: str) -> None:
    names = [feature.name for feature in features]
    assert len(set(names)) == len(names)
    assert table.column_names == ["as_of", key, *names]
    assert table.required == table.column_names
    assert all(feature.meaning and feature.owner and feature.table and feature.freshness for feature in features)


@pytest.mark.parametrize("features", [ITEM_FEATURES, USER_FEATURES, PAIR_FEATURES], ids=["items", "users", "pairs"])
@pytest.mark.parametrize("table", PARTIALS.values(), ids=PARTIALS)
def test_an_expression_over_a_daily_partial_uses_each_of_its_sources_and_nothing_else(
    spark: SparkSession, features: tuple[Feature, ...], table: Table
) -> None:
    for feature in by_expression(features, table.name):
        assert resolves(spark, feature, table, feature.sources), feature.name
        for source in feature.sources:
            # first_within counts the members of a key without reading it, and by the earlier purchase day.
            if feature.aggregation != "distinct":
                others = [name for name in feature.sources if name != source]
                assert not resolves(spark, feature, table, others), (feature.name, source)


def resolves(spark: SparkSession, feature: Feature, table: Table, sources: list[str] | tuple[str, ...]) -> bool:
    """Whether a feature can be computed from as_of, days_ago and these columns of a daily partial."""
    columns = {*sources, *(("previous_day",) if feature.aggregation == "distinct" else ())}
    fields = [
        StructField(field.name, LongType() if field.name.endswith("_sum") else field.dataType)
        for field in table.schema.fields
        if field.name in columns
    ]
    time = StructType([StructField("as_of", table.schema["day"].dataType), StructField("days_ago", IntegerType())])
    frame = spark.createDataFrame([], StructType([*time.fields, *fields]))
    try:
        return bool(frame.groupBy("as_of").agg(feature.computed()).columns)
    except AnalysisException:
        return False


def test_each_function_makes_the_features_that_name_it(spark: SparkSession) -> None:
    def empty(table: Table, *more: str) -> DataFrame:
        schema = StructType(table.schema.fields)
        for name in more:
            schema = schema.add(name, DoubleType())
        return spark.createDataFrame([], schema)

    pairs, item_features = empty(DAILY_PAIR), empty(ITEM_FEATURES_TABLE, "spend_units_90d")
    met = spark.createDataFrame([], "as_of date, item_id string, responses long")
    responses = {"responses_28d", "responses_90d"}
    makes = {
        (ITEM_FEATURES, with_segment): with_segment(met, 0.8),
        (ITEM_FEATURES, standing): standing(item_features),
        (ITEM_FEATURES, with_response_shares): _added(
            lambda rows: with_response_shares(rows, (28, 90)), empty(ITEM_FEATURES_TABLE, *responses)
        ),
        (ITEM_FEATURES, with_funnel_shares): _added(with_funnel_shares, empty(ITEM_FEATURES_TABLE), tuple(STEPS)),
        (ITEM_FEATURES, with_bad_share): _added(with_bad_share, empty(ITEM_FEATURES_TABLE, *COUNTS), (BAD_SHARE,)),
        (USER_FEATURES, searched): searched(empty(SEARCHES).withColumn("known_date", F.col("search_date")), [DAY]),
        (USER_FEATURES, left_in_cart): left_in_cart(pairs, [DAY]),
        (USER_FEATURES, active): active(empty(USER_HISTORY), "UTC", 30),
        (USER_FEATURES, session_categories): session_categories(active(empty(USER_HISTORY), "UTC", 30), item_features),
        (USER_FEATURES, stores): stores(empty(DAILY_USER), [DAY]),
        (USER_FEATURES, price_and_tail): price_and_tail(pairs, item_features, [DAY]),
        (USER_FEATURES, profiles): profiles(pairs, item_features, [DAY]),
        (USER_FEATURES, browsed): browsed(pairs, item_features, [DAY]),
        (USER_FEATURES, with_response_shares): _added(
            lambda rows: with_response_shares(rows, (28,)), empty(USER_FEATURES_TABLE, *responses)
        ),
    }
    declared: dict[object, set[str]] = {}
    for features in (ITEM_FEATURES, USER_FEATURES):
        for feature in features:
            if feature.function is not None:
                declared.setdefault((features, feature.function), set()).add(feature.name)
    assert {key: set(frame.columns) - {"as_of", "item_id", "user_id"} for key, frame in makes.items()} == declared


def _added(
    function: Callable[[DataFrame], DataFrame], rows: DataFrame, begin: tuple[str, ...] = ("response_share",)
) -> DataFrame:
    """The columns that a function adds to rows of features without those that begin so."""
    bare = rows.drop(*(name for name in rows.columns if name.startswith(begin)))
    return function(bare).drop(*bare.columns)
