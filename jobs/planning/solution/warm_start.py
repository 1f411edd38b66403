"""Prices of an earlier night, as the start of tonight's."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
from pyspark.sql import functions as F

from features.contract import CONSTRAINT_PRICES
from jobs.execution.night import Night
from jobs.planning.names import OF_ITEM_CAP, OF_ITEM_FLOOR
from jobs.planning.rules.groups import NamedGroup
from model.exposure.dual import Prices


def last_prices(
    night: Night, item_ids: np.ndarray, groups: tuple[NamedGroup, ...], *, of_tonight: bool = False
) -> tuple[Prices | None, date | None]:
    """The newest prices of the policy from before the night, and their date; a new item or group starts with 0.

    of_tonight: use the night's own prices where they exist
    """
    known = night.tables.read_or_empty(CONSTRAINT_PRICES).where(
        (F.col("policy") == night.conf.plan.policy)
        & ((F.col("as_of") <= F.lit(night.as_of)) if of_tonight else (F.col("as_of") < F.lit(night.as_of)))
    )
    newest = known.agg(F.max("as_of").alias("as_of")).first()
    if newest is None or newest["as_of"] is None:
        return None, None
    rows = known.where(F.col("as_of") == F.lit(newest["as_of"])).select("constraint", "member", "price").toPandas()
    index = pd.Index(item_ids)

    def of_items(constraints: tuple[str, ...]) -> np.ndarray:
        chosen = rows[rows["constraint"].isin(constraints)]
        place = index.get_indexer(pd.Index(chosen["member"]))
        price = np.zeros(len(index))
        price[place[place >= 0]] = chosen["price"].to_numpy()[place >= 0]
        return price

    price_of = rows.set_index(["constraint", "member"])["price"].to_dict()
    group = np.array([float(price_of.get((g.constraint, g.member), 0.0)) for g in groups], dtype=np.float64)
    capped = np.array([np.isfinite(g.group.cap) for g in groups], dtype=bool)
    prices = Prices(
        of_items(OF_ITEM_CAP), of_items(OF_ITEM_FLOOR), np.where(capped, 0.0, group), np.where(capped, group, 0.0)
    )
    return prices, newest["as_of"]
