"""What the simulated storefront knows and its nights have to find out: attention to positions, true responses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
from pyspark.sql import functions as F

from features.contract import EVENTS
from features.contract.responses import PURCHASE
from jobs.config.configuration import Config
from jobs.delivery.learned_weights import learned_plan
from jobs.replay_storefront import opened
from jobs.tables.warehouse import Warehouse
from model.simulation.storefront import Storefront

OF_LISTS, OF_BEST, OF_TAIL = "lists", "best sellers", "tail's best sellers"


def weight_errors(tables: Warehouse, conf: Config, nights: Sequence[date], examination: np.ndarray) -> pd.DataFrame:
    """plan, largest, mean: errors of the position weights as configured, and of those that each night's plan used.

    nights: in order, and the morning after them, whose weights the log of the last night gave
    examination: float64 (positions), the true one, of which the weights are a multiple
    """
    truth = examination / examination[0]
    named = {"as configured": conf.plan.position_weights}
    named |= {f"night {n}": learned_plan(tables, conf.plan, day).position_weights for n, day in enumerate(nights, 1)}
    errors = {name: np.abs(np.array(weights) - truth) for name, weights in named.items()}
    rows = [(name, float(error.max()), float(error.mean())) for name, error in errors.items()]
    return pd.DataFrame(rows, columns=["plan", "largest", "mean"])


def printed_errors(rows: pd.DataFrame) -> str:
    """A line for each plan."""
    lines = ["weights of positions   largest error   mean error"]
    lines += [f"{row.plan:<21}  {row.largest:13.3f}  {row.mean:11.3f}" for row in rows.itertuples()]
    return "\n".join(lines)


def exposed(shop: Storefront, user: np.ndarray, item: np.ndarray, position: np.ndarray) -> tuple[float, float]:
    """The expected responses to these exposures as the day begins, and if no shopper had seen an item before.

    user, item, position: int (exposures), numbers of the world; a position counts from 0. Stock that ends during the
    day is not taken off.
    """
    world = shop.world
    looked_at = world.examination[np.minimum(position, len(world.examination) - 1)]
    rate = world.appeal_of(user, item)
    responses = (looked_at * -np.expm1(-rate * share) for share in (shop.freshness(user, item), 1.0))
    tired, fresh = (float(of_exposure.sum()) for of_exposure in responses)
    return tired, fresh


def same_for_all(shop: Storefront, visits: np.ndarray, before: np.ndarray, items: np.ndarray) -> tuple[float, float]:
    """`exposed` of a shelf that shows every shopper these items, and has shown them at all earlier visits.

    visits, before: float64 (users), of the day and of all earlier days with lists; items: int, the first place first
    """
    world = shop.world
    rate = world.membership @ world.appeal[:, items]
    looked_at = world.examination[: len(items)]
    responses = (-np.expm1(-rate * share) @ looked_at for share in (world.fatigue ** before[:, None], 1.0))
    tired, fresh = (float(visits @ of_user) for of_user in responses)
    return tired, fresh


def purchases(tables: Warehouse, first: date) -> tuple[Mapping[date, int], pd.Series]:
    """By day the purchases that followed from a list, and by item_id those before the first night."""
    rows = tables.read(EVENTS).where(F.col("event_type") == PURCHASE)
    of_lists = rows.where(F.col("request_id").isNotNull()).groupBy("event_date").count().collect()
    before = rows.where(F.col("event_date") < first).groupBy("item_id").count().orderBy("item_id").toPandas()
    return {row["event_date"]: row["count"] for row in of_lists}, before.set_index("item_id")["count"]


def responses_by_night(
    conf: Config, folder: Path, shown: pd.DataFrame, bought: Mapping[date, int], sold: pd.Series,
    items: Mapping[date, pd.DataFrame],
) -> pd.DataFrame:  # fmt: skip
    """night, visits, bought of the lists, and expected true responses per 1,000 visits, tired and fresh, by OF_….

    The shelves of best sellers show what was bought most before the first night and is for sale: what a store shows
    that has no lists, once of all items and once of the segments of the plan.

    folder: of the deliveries and the truth; shown: as_of, user_id, item_id, position (from 1) of each exposure
    bought, sold: from `purchases`; items: by night item_id and segment
    """
    nights = sorted(items)
    store, shops = opened(conf, folder, nights)
    user_of = pd.Series(np.arange(len(store.user_ids)), index=store.user_ids)
    item_of = pd.Series(np.arange(len(store.items)), index=store.items["item_id"])
    shown = shown.assign(user=shown["user_id"].map(user_of), item=shown["item_id"].map(item_of))
    best = sold.sort_values(ascending=False, kind="stable").index.to_numpy()
    before, rows = np.zeros(len(store.user_ids)), []
    for number, night in enumerate(nights, start=1):
        shop, of_night = shops[night], shown[shown["as_of"] == night]
        user, item = (of_night[name].to_numpy(dtype=np.int64) for name in ("user", "item"))
        position = of_night["position"].to_numpy(dtype=np.int64) - 1
        visits = np.bincount(user[position == 0], minlength=len(before)).astype(np.float64)
        segment = items[night].set_index("item_id")["segment"]
        for_sale = best[shop.for_sale()[item_of[best].to_numpy()]]
        of_tail = for_sale[np.isin(segment.reindex(for_sale).to_numpy(dtype=str), conf.plan.segments)]
        values = {OF_LISTS: exposed(shop, user, item, position)}
        for name, shelf in ((OF_BEST, for_sale), (OF_TAIL, of_tail)):
            values[name] = same_for_all(shop, visits, before, item_of[shelf[: conf.plan.slots]].to_numpy())
        row: dict[str, float] = {"night": number, "visits": visits.sum(), "bought": bought.get(night, 0)}
        for name, (tired, fresh) in values.items():
            row |= {name: 1000 * tired / max(visits.sum(), 1), f"{name}, fresh": 1000 * fresh / max(visits.sum(), 1)}
        rows.append(row)
        before += visits
    return pd.DataFrame(rows)


def printed_responses(rows: pd.DataFrame) -> str:
    """A line for each night."""
    names = (OF_LISTS, OF_BEST, OF_TAIL)
    lines = [
        "expected true responses per 1,000 visits; in brackets as if no shopper had seen the items before",
        "night  visits  bought of lists" + "".join(f"  {name:>20}" for name in names),
    ]
    for row in rows.to_dict("records"):
        values = (f"{row[name]:.1f} ({row[f'{name}, fresh']:.1f})" for name in names)
        line = f"{row['night']:5.0f}  {row['visits']:6,.0f}  {row['bought']:15,.0f}"
        lines.append(line + "".join(f"  {value:>20}" for value in values))
    return "\n".join(lines)
