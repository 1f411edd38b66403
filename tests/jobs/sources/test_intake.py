"""Rejected rows that stop a night, and those that do not."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from types import SimpleNamespace
from typing import cast

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from features.contract import EVENTS, ITEMS
from features.contract.money import LARGEST_PRICE, MONEY, largest_price
from features.quality import outcomes
from jobs.execution.night import Night
from jobs.runtime.errors import Refused
from jobs.sources import intake as intake_module
from jobs.sources.intake import arrive, judge, price_rule, require_few_rejected
from tests.jobs.small_tables import filled

NIGHT = date(2024, 3, 1)


def test_events_parked_for_too_long_are_rejected_and_do_not_stop_the_night(spark: SparkSession) -> None:
    good = {"user_id": "u", "event_type": "purchase", "sample_weight": 1.0}
    rows = [{**good, "event_id": f"e{n}", "item_id": "new" if n < 2 else "known"} for n in range(17)]
    for row in rows[-5:]:
        row["quantity"] = -1
    long_ago = F.when(F.col("item_id") == "new", F.lit(date(2024, 1, 1)))
    arrival = arrive(filled(spark, EVENTS, rows).withColumn("parked_since", long_ago), EVENTS)
    known = spark.createDataFrame([("known",)], "item_id string")
    intake = judge(
        arrival,
        "event_time",
        NIGHT,
        lambda judged: outcomes.park_unknown(judged, "item_id", known, outcomes.ITEM_UNKNOWN),
        lambda judged: outcomes.reject_long_parked(judged, date(2024, 2, 1)),
    )
    assert intake.balance.rows == {
        "events_in": 17, "events_accepted": 10, "events_rejected": 7, "events_parked_too_long": 2,
    }  # fmt: skip
    require_few_rejected([intake], 0.34)  # five of the fifteen that came tonight
    with pytest.raises(Refused, match=r"33.3% of the rows .* = 30.0%: quantity_negative \(5 rows\)\."):
        require_few_rejected([intake], 0.3)
    intake.release()


def test_a_few_rejected_rows_of_few_are_a_warning(spark: SparkSession, monkeypatch: pytest.MonkeyPatch) -> None:
    good = {"user_id": "u", "event_type": "purchase", "sample_weight": 1.0}
    rows = [{**good, "event_id": f"e{n}", "quantity": -1 if n < 3 else 1} for n in range(7)]
    warnings: list[tuple[str, dict[str, object]]] = []
    monkeypatch.setattr(intake_module, "warning", lambda message, **fields: warnings.append((message, fields)))
    intake = judge(arrive(filled(spark, EVENTS, rows), EVENTS), "event_time", NIGHT)
    require_few_rejected([intake], 0.02)
    fields = {"table": "events", "rows": 3, "share": "43%", "reasons": "quantity_negative (3 rows)"}
    assert warnings == [("rows rejected", fields)]
    intake.release()


@pytest.mark.parametrize(
    ("currency", "dear", "absurd"),
    [("EUR", 100_000_000, 100_000_001), ("JPY", 250_000_000, 10**10 + 1), ("vnd", 4 * 10**9, 10**13 + 1)],
)
def test_a_price_is_absurd_by_its_currency(spark: SparkSession, currency: str, dear: int, absurd: int) -> None:
    night = cast("Night", SimpleNamespace(conf=SimpleNamespace(source=SimpleNamespace(currency=currency))))
    good = {"user_id": "u", "event_type": "purchase", "sample_weight": 1.0}
    rows = [{**good, "event_id": str(price), "price": Decimal(price)} for price in (dear, absurd)]
    intake = judge(arrive(filled(spark, EVENTS, rows), EVENTS), "event_time", NIGHT, further=(price_rule(night),))
    results = {row["event_id"]: row["reason"] for row in intake.judged.collect()}
    assert results == {str(dear): "", str(absurd): "price_absurd"}
    intake.release()
    # An item goes without such a price, also above what the contract takes.
    further = (price_rule(night),)
    items = [
        {"item_id": str(price), "price": Decimal(price), "title": "Mug", "attributes": {}}
        for price in sorted({dear, absurd, LARGEST_PRICE + 1})
    ]
    intake = judge(arrive(filled(spark, ITEMS, items), ITEMS, further=further), "valid_from", NIGHT, further=further)
    known = {row["item_id"]: row for row in intake.judged.collect()}
    assert {row["outcome"] for row in known.values()} == {"accepted"}
    assert {price: row["left_out"] for price, row in known.items()} == {
        str(dear): None, str(absurd): "price_absurd", str(LARGEST_PRICE + 1): "price_absurd",
    }  # fmt: skip
    assert {price for price, row in known.items() if row["price"] is not None} == {str(dear)}
    assert absurd == largest_price(currency) + 1
    assert Decimal(LARGEST_PRICE) < Decimal(10) ** (MONEY.precision - MONEY.scale)
    intake.release()
