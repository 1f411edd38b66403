"""Prices of an earlier night, as the start of tonight's."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
from pyspark.sql import functions as F

from features.contract import CONSTRAINT_PRICES
from jobs.execution.night import Night
from jobs.planning.names import OF_ITEM_CAP, OF_ITEM_FLOOR
from jobs.planning.setting import Setting
from model.exposure.dual import Prices


def last_prices(night: Night, setting: Setting, *, of_tonight: bool = False) -> tuple[Prices | None, date | None]:
    """The newest prices of the policy from before the night, and their date; items and groups unknown then have 0.

    of_tonight: the night's own prices count as well, where they are there
    """
    known = night.tables.read_or_empty(CONSTRAINT_PRICES).where(
        (F.col("policy") == night.conf.plan.policy)
        & ((F.col("as_of") <= F.lit(night.as_of)) if of_tonight else (F.col("as_of") < F.lit(night.as_of)))
    )
    found = known.agg(F.max("as_of").alias("as_of")).first()
    if found is None or found["as_of"] is None:
        return None, None
    rows = known.where(F.col("as_of") == F.lit(found["as_of"])).select("constraint", "member", "price").toPandas()
    place = pd.Index(setting.item_ids)

    def of_items(constraints: tuple[str, ...]) -> np.ndarray:
        mine = rows[rows["constraint"].isin(constraints)]
        at = place.get_indexer(pd.Index(mine["member"]))
        price = np.zeros(len(place))
        price[at[at >= 0]] = mine["price"].to_numpy()[at >= 0]
        return price

    price_of = rows.set_index(["constraint", "member"])["price"].to_dict()
    group = np.array([float(price_of.get((g.constraint, g.member), 0.0)) for g in setting.groups], dtype=np.float64)
    capped = np.array([np.isfinite(g.group.cap) for g in setting.groups], dtype=bool)
    prices = Prices(
        of_items(OF_ITEM_CAP), of_items(OF_ITEM_FLOOR), np.where(capped, 0.0, group), np.where(capped, group, 0.0)
    )
    return prices, found["as_of"]
