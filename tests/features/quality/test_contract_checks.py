"""Every violation of the contract of a store's tables, each on a row that has it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from pyspark.sql import SparkSession
from pyspark.sql.types import StructField, StructType

from features.contract import EVENTS, ITEMS, PROMOTIONS, USERS
from features.contract.money import LARGEST_PRICE
from features.contract.table import Table
from features.quality.contract_checks import with_contract_columns
from features.quality.outcomes import with_outcome

BEFORE, DAY = date(2024, 4, 1), date(2024, 3, 1)
NOON = datetime(2024, 3, 1, 12, tzinfo=UTC)
NEVER_SET = datetime(1970, 1, 1, tzinfo=UTC)
MISTYPED = datetime(2111, 1, 1, tzinfo=UTC)
NAN = float("nan")

GOOD: dict[str, dict[str, Any]] = {
    "events": {
        "event_id": "e1", "user_id": "u1", "item_id": "a", "event_type": "purchase", "event_time": NOON,
        "event_date": DAY, "ingested_at": NOON, "quantity": 1, "price": Decimal(1), "sample_weight": 1.0,
    },
    "items": {
        "item_id": "a", "valid_from": NOON, "title": "Mug", "attributes": {}, "listed_at": NOON, "updated_at": NOON,
    },
    "users": {
        "user_id": "u1", "signed_up_at": NOON, "attributes": {}, "consent_personalisation": True, "updated_at": NOON,
    },
    "promotions": {"item_id": "a", "store_id": "s", "placement": "flyer", "valid_from": DAY},
}  # fmt: skip
# Violation -> changes of a good row. Rows with bad or over-long texts follow from the name of the violation.
BAD: dict[str, dict[str, dict[str, Any]]] = {
    "events": {
        "user_id_missing": {"user_id": None},
        "event_type_unknown": {"event_type": "gift"},
        "event_time_absurd": {"event_time": NEVER_SET, "event_date": NEVER_SET.date()},
        "event_time_after_ingested_at": {"ingested_at": NOON - timedelta(microseconds=1)},
        "quantity_negative": {"quantity": -1},
        "quantity_absurd": {"quantity": 100_001},
        "price_negative": {"price": Decimal("-0.0001")},
        "price_absurd": {"price": Decimal(LARGEST_PRICE + 1)},
        "propensity_out_of_range": {"propensity": NAN},
        "position_below_one": {"position": 0},
        "list_rank_below_one": {"list_rank": 0},
        "list_order_unknown": {"list_order": "price"},
        "sample_weight_below_one": {"sample_weight": 0.5},
        "sample_weight_not_finite": {"sample_weight": NAN},
        "rating_not_finite": {"rating": NAN},
        "event_date_not_day_of_event_time": {"event_date": date(2024, 3, 2)},
    },
    "items": {
        "item_id_empty": {"item_id": ""},
        "valid_to_not_after_valid_from": {"valid_to": NOON},
        "price_negative": {"price": Decimal(-1)},
        "stock_quantity_negative": {"stock_quantity": -1},
        "withdrawn_at_not_after_listed_at": {"withdrawn_at": NOON},
        "valid_from_absurd": {"valid_from": MISTYPED},
        "listed_at_absurd": {"listed_at": NEVER_SET},
        "updated_at_absurd": {"updated_at": NEVER_SET},
        "price_absurd": {"price": Decimal(LARGEST_PRICE + 1)},
        "margin_absurd": {"margin": NAN},
        "image_embedding_not_finite": {"image_embedding": [1.0, NAN]},
    },
    "users": {
        "user_id_empty": {"user_id": ""},
        "signed_up_at_absurd": {"signed_up_at": MISTYPED},
        "updated_at_absurd": {"updated_at": NEVER_SET},
    },
    "promotions": {
        "valid_to_not_after_valid_from": {"valid_to": DAY},
        "valid_from_absurd": {"valid_from": MISTYPED.date()},
    },
}


def broken(table: Table) -> dict[str, dict[str, Any]]:
    """Violation -> a row that has it, for all violations of a table."""
    rows = dict(BAD[table.name])
    for rule in table.invariants:
        column = rule.violation.removesuffix("_bad_utf8").removesuffix("_too_long")
        if column != rule.violation:
            rows[rule.violation] = {column: "Caf\ufffd" if rule.violation.endswith("_bad_utf8") else "x" * 20_001}
    rows |= {f"{name}_missing": {name: None} for name in table.required}
    return {rule: GOOD[table.name] | change for rule, change in rows.items()}


@pytest.mark.parametrize("table", [EVENTS, ITEMS, USERS, PROMOTIONS], ids=lambda table: table.name)
def test_every_violation_is_named(spark: SparkSession, table: Table) -> None:
    rows = broken(table)
    assert set(rows) == {rule.violation for rule in table.invariants} | {f"{name}_missing" for name in table.required}
    fields = [StructField(field.name, field.dataType) for field in table.schema.fields]
    sent = [GOOD[table.name], *rows.values()]
    values = [tuple(row.get(name) for name in table.column_names) for row in sent]
    frame = with_contract_columns(spark.createDataFrame(values, StructType(fields)).coalesce(1), table)
    time = {"events": "event_time", "users": "updated_at"}.get(table.name, "valid_from")
    good, *rejected = with_outcome(frame, table, time, BEFORE).collect()
    assert (good["outcome"], good["reason"]) == ("accepted", "")
    for rule, row in zip(rows, rejected, strict=True):
        assert row["outcome"] == "rejected", rule
        assert rule in row["reason"].split(","), rule
