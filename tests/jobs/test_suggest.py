"""Suggestions of prices and stock for a small store: what is written, what has no estimate, what a floor names."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from pyspark.sql import SparkSession

from features.contract import DAILY_ITEM, ITEMS, PRICE_SUGGESTIONS, PROMOTIONS, RUNS, STOCK_SUGGESTIONS
from features.declarations import ITEM_FEATURES_TABLE
from features.demand.price_weeks import price_weeks
from jobs.config.configuration import Config, load_config
from jobs.execution.manifest import run_step
from jobs.execution.night import Night, Record
from jobs.planning.catalogue.planned_items import read_catalogue
from jobs.planning.columns import item_rows_of
from jobs.planning.merchandising import NONE
from jobs.runtime.errors import ConfigurationError, LongtailError
from jobs.suggest import suggest
from jobs.tables.warehouse import Warehouse
from tests.jobs.small_tables import filled

NIGHT, WEEKS = date(2024, 6, 1), 40
BEGIN = NIGHT - timedelta(days=7 * WEEKS)
DEAR = {"floors": {"dear": {"column": "overstock_segment", "equals": "tail", "share": 0.1}}}


def conf_in(folder: Path, *changes: str, **plan: Any) -> Config:
    path = folder / f"{len(list(folder.glob('*.yaml')))}.yaml"
    content = {"warehouse": str(folder / "warehouse"), "source": {"kind": "complete_journey"}, "plan": plan}
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    return load_config(path, changes)


def item(item_id: str, category: str | None, **values: Any) -> dict[str, Any]:
    begin = datetime(2023, 1, 1, tzinfo=UTC)
    times = dict.fromkeys(("valid_from", "listed_at", "updated_at"), begin)
    return {"item_id": item_id, "category": category, "attributes": {}, **times, **values}


def sold(item_id: str, week: int, units: int, price: float) -> dict[str, Any]:
    spend = Decimal(f"{units * price:.4f}")
    return {"day": BEGIN + timedelta(days=7 * week), "item_id": item_id, "purchases_count": units, "units_sum": units,
            "spend_sum": spend}  # fmt: skip


def standing(item_id: str, stock: int | None, demand: tuple[float, float, float], **values: Any) -> dict[str, Any]:
    low, mean, high = demand
    return {"as_of": NIGHT, "item_id": item_id, "segment": "tail", "stock_on_hand": stock or 0,
            "is_stock_tracked": stock is not None, "is_eligible": True, "demand_low_28d": low, "demand_next_28d": mean,
            "demand_high_28d": high, **values}  # fmt: skip


# 14 days: the mean is half of the demand; its deviation (high - mean) / 1.2816 x sqrt(1 / 2), times 1.6449 for 95 %.
STANDINGS = [
    standing("few", 18, (20.0, 28.0, 36.0)),  # 14 + 1.6449 x 4.414 = 21.3, so 22
    standing("enough", 30, (20.0, 28.0, 36.0)),
    standing("many", 300, (20.0, 28.0, 36.0)),  # 180 days take 231.4
    standing("packs", 300, (20.0, 28.0, 36.0), units_sum_28d=60.0, purchases_count_28d=30),  # two units a line
    standing("best", 300, (20.0, 28.0, 36.0), segment="head"),
    standing("empty", 0, (0.0, 0.5, 1.0), is_eligible=False),
    standing("unknown", 5, (0.0, 0.0, 0.0)),
    standing("untracked", None, (20.0, 28.0, 36.0)),
    standing("gone", 300, (20.0, 28.0, 36.0)),
]


@pytest.fixture(scope="module")
def folder(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("suggest")
    tables, random = Warehouse(spark, str(folder / "warehouse")), np.random.default_rng(1)
    items = [item(f"tea{n}", "Tea", margin=0.4) for n in range(8)] + [item(f"jam{n}", "Jam") for n in range(8)]
    items += [item("free", "Tea"), item("loose", None), item("salt", "Salt", margin=-0.1)]
    gone = datetime(2024, 1, 1, tzinfo=UTC)
    items += [item(row["item_id"], "Other", withdrawn_at=gone if row["item_id"] == "gone" else None)
              for row in STANDINGS]  # fmt: skip
    days = [sold(name, week, 20, price) for week in range(WEEKS) for name, price in (("free", 0.0), ("loose", 3.0))]
    for n in range(8):
        price = np.exp(random.normal(0, 0.1, WEEKS))
        units = random.poisson(40 * price**-3.0)
        days += [sold(f"tea{n}", week, int(units[week]), 10 * price[week]) for week in range(WEEKS) if units[week]]
        days += [sold(f"jam{n}", week, 10 + week % 3, 5.0) for week in range(WEEKS)]
    tables.replace(filled(spark, ITEMS, items), ITEMS, where=None)
    tables.replace(filled(spark, DAILY_ITEM, days), DAILY_ITEM, where=None)
    tables.replace(filled(spark, ITEM_FEATURES_TABLE, STANDINGS), ITEM_FEATURES_TABLE, where=None)
    return folder


def test_nothing_is_suggested_by_default(spark: SparkSession, folder: Path) -> None:
    conf = conf_in(folder)
    record = Record()
    suggest(Night(conf, NIGHT, "run", spark, Warehouse(spark, conf.warehouse), record))
    assert record.status == "skipped"
    with pytest.raises(ConfigurationError, match=r"plan names overstock_segment, which needs suggestions.lead_days"):
        conf_in(folder, **DEAR)
    with pytest.raises(ConfigurationError, match="price_weeks is 5, in which prices hardly move"):
        conf_in(folder, "suggestions.price_weeks=5")


def test_prices_with_interval_and_evidence(spark: SparkSession, folder: Path) -> None:
    conf = conf_in(folder, f"suggestions.price_weeks={WEEKS}")
    run_step(suggest, spark, conf, NIGHT, "prices")
    tables = Warehouse(spark, conf.warehouse)
    rows = tables.read_date(PRICE_SUGGESTIONS, NIGHT).toPandas().set_index("category")
    assert sorted(rows.index) == ["Jam", "Tea"]  # none of Salt, which sold nothing, or of an item without a category
    tea, jam = rows.loc["Tea"], rows.loc["Jam"]
    assert tea.elasticity_low < -3.0 < tea.elasticity_high
    # The cost of 0.6 at an elasticity of -3 asks for 0.6 x 3 / 2 = 0.9 of the price.
    assert (tea.verdict, tea.objective, tea.currency) == ("lower", "margin", "USD")
    assert tea.change_low <= tea.change <= tea.change_high < 0
    assert 0 < tea.weekly_gain_low < tea.weekly_gain < tea.weekly_gain_high < tea.weekly_amount
    assert tea.items_count == 8  # without the one that was given away
    assert (jam.verdict, jam.why_not, jam.objective) == ("cannot_tell", "prices_hardly_moved", "revenue")
    assert jam[["elasticity", "change", "weekly_gain", "own_error", "promotion_factor"]].isna().all()
    # 8 jams at 5, 11 a week in the mean of three.
    assert jam.weekly_amount == pytest.approx(8 * 5 * 11, rel=0.03)
    run = tables.read(RUNS).where("step = 'suggest'").first()
    assert run is not None
    assert run.rows == {"prices_lower": 1, "prices_cannot_tell": 1}


def test_stock_and_what_a_floor_can_name(spark: SparkSession, folder: Path) -> None:
    conf = conf_in(folder, "suggestions.lead_days=14", **DEAR)
    tables = Warehouse(spark, conf.warehouse)
    night = Night(conf, NIGHT, "run", spark, tables, Record())
    with pytest.raises(LongtailError, match=r"stock_suggestions, which has no rows for 2024-06-01.*Run suggest"):
        read_catalogue(night, NONE)
    suggest(night)
    rows = tables.read_date(STOCK_SUGGESTIONS, NIGHT).toPandas().set_index("item_id")
    assert rows.stock_state.to_dict() == {
        "few": "reorder", "enough": "enough", "many": "overstock", "packs": "enough", "best": "overstock",
        "empty": "reorder", "unknown": "unknown",
    }  # fmt: skip
    assert rows.loc[["few", "packs"], "reorder_point"].tolist() == [22.0, 43.0]
    assert np.isnan(rows.loc["unknown", ["reorder_point", "days_of_cover"]].astype(float)).all()
    many = rows.loc["many"]
    cover = [many.days_of_cover_low, many.days_of_cover, many.days_of_cover_high]
    assert cover == pytest.approx([300 * 28 / 36, 300.0, 300 * 28 / 20])
    assert many.overstock_units == 68  # of 300 - 231.4
    assert night.record.rows == {"stock_reorder": 2, "stock_enough": 2, "stock_overstock": 2, "stock_unknown": 1}
    named = item_rows_of(tables, NIGHT, ("item_id", "overstock_segment", "days_of_cover"), conf.plan).toPandas()
    in_group = named[named.overstock_segment == "tail"]
    assert in_group.item_id.tolist() == ["many"]
    assert named.set_index("item_id").loc["untracked", ["overstock_segment"]].isna().all()


def test_weeks_have_their_prices_and_promotions(spark: SparkSession) -> None:
    changed = datetime(2024, 5, 20, tzinfo=UTC)
    items = filled(spark, ITEMS, [
        item("a", "Tea", price=Decimal(4), valid_to=changed),
        item("a", "Tea", price=Decimal(5), valid_from=changed, listed_at=datetime(2024, 4, 8, tzinfo=UTC)),
    ])  # fmt: skip
    days = filled(spark, DAILY_ITEM, [sold("a", week, week, 4.0) for week in range(30, WEEKS)])
    promotions = filled(spark, PROMOTIONS, [
        {"item_id": "a", "store_id": "s1", "valid_from": date(2024, 5, 17), "valid_to": date(2024, 5, 19)},
        {"item_id": "a", "store_id": "s2", "valid_from": date(2024, 5, 30)},
        {"item_id": "b", "store_id": "s2", "valid_from": date(2024, 5, 1)},
        {"item_id": "a", "store_id": "s3", "valid_from": date(2020, 5, 1), "valid_to": date(2020, 6, 1)},
    ])  # fmt: skip
    [row] = price_weeks(items, days, promotions, NIGHT, 10, 5).collect()
    assert (row.category, row.item_id) == ("Tea", "a")
    assert row.units == [float(week) for week in range(30, 40)]
    assert row.spend == [4.0 * week for week in range(30, 40)]
    assert row.list_price == [4.0] * 9 + [5.0]  # known at the beginning of the week
    # Days 17 and 18 of May lie in the weeks that begin on the 11th and 18th.
    assert row.promoted == [0.0] * 7 + [0.5, 0.5, 0.5]
    assert row.listed == [False] * 3 + [True] * 7  # from Saturday, 13 April, on
    assert price_weeks(items, days, promotions, NIGHT, 10, 0).collect() == []
    assert price_weeks(items, days.limit(7), promotions, NIGHT, 10, 5).collect() == []
