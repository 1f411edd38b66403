"""A warehouse of two nights, written without Spark: products with odd titles, lists, figures, alerts."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
from deltalake import write_deltalake
from pyspark.sql.pandas.types import to_arrow_schema
from pyspark.sql.types import DataType

from features.contract import (
    CONSTRAINT_PRICES,
    EXPOSURE_SCORES,
    FALLBACK_LISTS,
    ITEM_EXPOSURE,
    METRICS,
    PRICE_SUGGESTIONS,
    RUNS,
    STOCK_SUGGESTIONS,
    USER_HISTORY,
)
from features.contract.table import Table
from features.declarations import ITEM_FEATURES_TABLE, USER_FEATURES_TABLE

FIRST, SECOND = date(2024, 5, 1), date(2024, 5, 2)
SCRIPT = "<script>document.title='broken'</script> & tea"
STEPS = ("ingest", "score", "plan_exposure", "publish", "monitor")
TITLES = {"tea": SCRIPT, "milk": "Oat Milk", "rice": "Wild Rice", "salt": "Sea Salt"}
_OF_TYPE: dict[str, Any] = {
    "string": "x", "boolean": False, "array": [], "map": {}, "double": 0.0, "float": 0.0, "bigint": 0, "int": 1,
    "date": FIRST, "timestamp": datetime(2024, 5, 1, tzinfo=UTC), "decimal": Decimal(0),
}  # fmt: skip


def write(folder: Path, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Adds rows, with NULL in optional columns that they lack and any value of its type in the others."""
    schema = to_arrow_schema(table.schema, timezone="UTC")
    schema = pa.schema([field.remove_metadata() for field in schema])
    filled = [
        {c.name: row[c.name] if c.name in row else None if c.nullable else _any(c.type) for c in table.columns}
        for row in rows
    ]
    data = pa.Table.from_pylist(filled, schema=schema)
    write_deltalake(str(folder / table.name), data, mode="append", partition_by=list(table.partitioned_by) or None)


def _any(kind: DataType) -> Any:
    return _OF_TYPE[kind.simpleString().split("<")[0].split("(")[0]]


def write_suggestions(folder: Path, night: date) -> None:
    """A category to change, one to keep and one without an estimate; two products to order again, one of too much."""
    estimate = {"as_of": night, "elasticity": -3.0, "elasticity_low": -3.5, "elasticity_high": -2.5, "tried_low": -0.1,
            "tried_high": 0.1, "change_low": -0.1, "change_high": -0.05, "weekly_amount": 400.0, "items_count": 9,
            "moved_items_count": 8, "price_spread": 0.12, "objective": "margin", "currency": "USD",
            "why_not": ""}  # fmt: skip
    gains = {"weekly_gain": 12.0, "weekly_gain_low": 3.0, "weekly_gain_high": 21.0}
    write(folder, PRICE_SUGGESTIONS, [
        {**estimate, "category": SCRIPT, "verdict": "lower", "change": -0.08, **gains},
        {**estimate, "category": "Jam", "verdict": "keep", "change": 0.0, **dict.fromkeys(gains, 0.0)},
        {"as_of": night, "category": "Salt", "verdict": "cannot_tell", "why_not": "prices_hardly_moved",
         "items_count": 5, "objective": "revenue", "currency": "USD"},
    ])  # fmt: skip
    stock = {"as_of": night, "stock_on_hand": 10, "units_28d": 28.0, "units_low_28d": 0.0, "units_high_28d": 40.0,
             "reorder_point": 22.0, "days_of_cover": 10.0, "days_of_cover_low": 7.0, "lead_days": 14,
             "service_level": 0.95, "overstock_segment": ""}  # fmt: skip
    write(folder, STOCK_SUGGESTIONS, [
        *({**stock, "item_id": item, "stock_state": "reorder"} for item in ("tea", "milk")),
        {**stock, "item_id": "rice", "stock_state": "overstock", "overstock_units": 68.0, "overstock_segment": "tail"},
    ])  # fmt: skip


def write_night(
    folder: Path, night: date, steps: Sequence[str] = STEPS, shown: Sequence[str] = ("tea", "milk")
) -> None:
    """A night whose steps have run, in whose lists ann has `shown`; monitor writes its figures."""
    of_night = {"as_of": night, "policy": "main", "placement": "tail_shelf"}
    begin = datetime(night.year, night.month, night.day, 1, tzinfo=UTC)
    write(folder, RUNS, [
        {"run_id": str(night), "step": step, "as_of": night, "started_at": begin + timedelta(minutes=number),
         "seconds": 60.0, "status": "done", "model_version": "3",
         "decisions": {"gate": "passed"} if step == "train_relevance" else {}}
        for number, step in enumerate(steps)
    ])  # fmt: skip
    write(folder, ITEM_FEATURES_TABLE, [
        {"as_of": night, "item_id": item, "title": title, "category": "Food", "segment": "tail", "is_eligible": True,
         "list_price": 2.5, "purchases_count_28d": 7, "purchases_count_7d": 3}
        for item, title in TITLES.items()
    ])  # fmt: skip
    if "plan_exposure" in steps:
        write(folder, ITEM_EXPOSURE, [
            {**of_night, "item_id": item, "segment": "tail", "cap": 5.0, "allocated": float(item in shown),
             "binding": "none"}
            for item in TITLES
        ])  # fmt: skip
        write(folder, EXPOSURE_SCORES, [
            {**of_night, "user_id": "ann", "rank": rank, "item_id": item, "score": 0.3, "value": 0.3,
             "relevance": 0.3, "exposure": 1.0, "propensity": 1.0, "reason": "Popular right now"}
            for rank, item in enumerate(shown, 1)
        ])  # fmt: skip
        write(folder, FALLBACK_LISTS, [
            {**of_night, "shopper_segment": "everyone", "rank": 1, "item_id": "milk", "reason": "Sells steadily"}
        ])  # fmt: skip
        write(folder, CONSTRAINT_PRICES, [
            {"as_of": night, "policy": "main", "constraint": "item_cap", "member": "tea", "price": 0.01, "bound": 5.0,
             "used": 5.0}
        ])  # fmt: skip
        write(folder, USER_FEATURES_TABLE, [{"as_of": night, "user_id": "ann", "consent_personalisation": True}])
        write(folder, USER_HISTORY, [{"as_of": night, "user_id": "ann", "item_ids": ["rice"]}])
    if "monitor" in steps:
        figures = {"exposure_allocated_sum": 2.0, "coverage_share": 0.5, "items_eligible_count": 4.0}
        write(folder, METRICS, [
            {"as_of": night, "name": name, "segment": segment, "value": value, "source_versions": {"item_exposure": 0}}
            for name, value in figures.items()
            for segment in ("all", "tail")
        ])  # fmt: skip
        alert = {"key": "a", "name": "drift", "severity": "warning", "text": f"Shifted on {night}.", "look_at": "See."}
        place = folder / "alerts" / f"{night}-monitor.jsonl"
        place.parent.mkdir(exist_ok=True)
        place.write_text(json.dumps(alert) + "\n", encoding="utf-8")
        page = folder / "reports" / f"{night}.html"
        page.parent.mkdir(exist_ok=True)
        page.write_text("<!DOCTYPE html><title>page</title><style>p {}</style><p>the page</p>", encoding="utf-8")
