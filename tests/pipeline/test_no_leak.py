"""No leak: purchases planted after the cut of a past period change nothing of what was known at the cut."""

from __future__ import annotations

import shutil
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path

import pandas as pd
import pytest
from pyspark.sql import functions as F

from features.contract import (
    CANDIDATES,
    DAILY_ITEM,
    DAILY_PAIR,
    DAILY_USER,
    DEMAND_FORECAST,
    EVENTS,
    USER_HISTORY,
    USERS,
)
from features.contract.table import Table
from features.declarations import ITEM_FEATURES_TABLE, USER_FEATURES_TABLE
from jobs import build_features as build_job
from jobs.build_candidates import build_past
from jobs.build_features import build_features
from jobs.execution.manifest import run_step
from jobs.execution.night import Night, Record
from jobs.registry.active_models import model_store
from jobs.tables.warehouse import Warehouse
from tests.pipeline.small_night import AS_OF, Store
from tests.pipeline.test_night import assert_same, rows_of

CUT = date(2017, 9, 8)
OF_THE_CUT = (ITEM_FEATURES_TABLE, USER_FEATURES_TABLE, USER_HISTORY, CANDIDATES)


@pytest.mark.slow
@pytest.mark.promise
def test_purchases_after_the_cut_change_nothing_known_at_the_cut(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The copies have the night's champion, so no training would be due.
    monkeypatch.setattr(build_job, "training_is_due", lambda night, models: True)
    copy = _copy(store, tmp_path / "warehouse")
    item = _rare_item(store)
    _plant(copy, item, CUT)
    _rebuild(copy, "after")
    for table in OF_THE_CUT:
        assert_same(_at_cut(store, table), _at_cut(copy, table), table)

    # The same purchases a day earlier are known, so the comparison above can see such a signal.
    _plant(copy, item, CUT - timedelta(days=1))
    _rebuild(copy, "before")
    users = copy.tables.read(USERS).count()
    before, after = (_at_cut(one, ITEM_FEATURES_TABLE).set_index("item_id").loc[item] for one in (store, copy))
    assert after.purchases_count_7d - before.purchases_count_7d == users
    assert not (_at_cut(copy, CANDIDATES).item_id == item).any()  # every shopper has bought it
    assert (_at_cut(store, CANDIDATES).item_id == item).any()


def _copy(store: Store, folder: Path) -> Store:
    shutil.copytree(store.conf.warehouse, folder)
    return Store(store.spark, store.conf.model_copy(update={"warehouse": str(folder)}))


def _rare_item(store: Store) -> str:
    """The candidate of the most shoppers at the cut among items of the tail."""
    of_cut = F.col("as_of") == F.lit(CUT)
    tail = store.tables.read(ITEM_FEATURES_TABLE).where(of_cut & (F.col("segment") == "tail")).select("item_id")
    wanted = store.tables.read(CANDIDATES).where(of_cut).join(tail, on="item_id", how="left_semi")
    return str(wanted.groupBy("item_id").count().orderBy(F.desc("count"), "item_id").head()["item_id"])


def _plant(copy: Store, item: str, day: date) -> None:
    """Adds a purchase of the item by every shopper at noon; purchases planted before are removed."""
    at = datetime.combine(day, time(12), UTC)
    row = dict.fromkeys(EVENTS.column_names) | {
        "item_id": item, "event_type": "purchase", "event_time": at, "event_date": day, "ingested_at": at,
        "quantity": 1, "price": Decimal("1.00"), "sample_weight": 1.0,
    }  # fmt: skip
    users = [user.user_id for user in copy.tables.read(USERS).select("user_id").collect()]
    planted = [{**row, "event_id": f"planted-{user}", "user_id": user} for user in users]
    ordered = [tuple(purchase[name] for name in EVENTS.column_names) for purchase in planted]
    others = copy.tables.read(EVENTS).where(~F.col("event_id").startswith("planted-"))
    rows = others.unionByName(copy.spark.createDataFrame(ordered, EVENTS.schema))
    copy.tables.replace(rows, EVENTS, None)


def _rebuild(copy: Store, run_id: str) -> None:
    """Recomputes what is known at the cut from the events as they are now, as a training does: in the night of AS_OF,
    which has the events after the cut as well."""
    for table in (DAILY_ITEM, DAILY_USER, DAILY_PAIR, DEMAND_FORECAST, *OF_THE_CUT):
        shutil.rmtree(Path(copy.conf.warehouse) / table.name)
    run_step(build_features, copy.spark, copy.conf, AS_OF, run_id)
    night = Night(copy.conf, AS_OF, run_id, copy.spark, Warehouse(copy.spark, copy.conf.warehouse), Record())
    champion = model_store(night).champion(AS_OF)
    assert champion is not None
    build_past(night, champion, CUT)


def _at_cut(store: Store, table: Table) -> pd.DataFrame:
    rows = rows_of(store, table)
    return rows[rows.as_of == CUT].reset_index(drop=True)
