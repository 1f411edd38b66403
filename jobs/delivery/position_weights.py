"""How often each position is looked at, from the answers in the log and from what the plan reckons with."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from pyspark.sql import DataFrame

from features.delivery.attribution import clicks_by_position
from jobs.config.configuration import Config
from model.policy_evaluation.position_bias import PositionBias, position_bias, weights_of_positions


@dataclass(frozen=True)
class PositionWeights:
    """told: by position (1 is the first) what the log alone says, against the first, where it says anything
    used: by position, the first first, what an exposure there counts
    """

    told: dict[int, float]
    used: list[float]


def position_weights(conf: Config, counted: DataFrame, responses: DataFrame) -> PositionWeights:
    """From clicks, or from purchases where the store logs no click of the placement.

    counted: the exposures that count; responses: rows of events. Items stand for strata of like attraction: those that
    were answered and changed place tell how often places are looked at.
    """
    reckoned = np.array(conf.plan.position_weights)
    found = None
    for kind in ("click", "purchase"):
        found = found or _found(counted, responses.where(f"event_type = '{kind}'"), conf.account.attribution_days)
    used = weights_of_positions(found, reckoned, conf.account.position_weight_deviation)
    examination = [] if found is None else found.examination.tolist()
    told = {place: weight for place, weight in enumerate(examination, start=1) if np.isfinite(weight)}
    return PositionWeights(told, used.tolist())


def _found(counted: DataFrame, answers: DataFrame, days: int) -> PositionBias | None:
    rows = clicks_by_position(counted, answers, days).toPandas()
    of_item = rows.groupby("item_id").agg(clicks=("clicks", "sum"), places=("position", "nunique"))
    telling = of_item.index[(of_item["clicks"] > 0) & (of_item["places"] > 1)]
    rows = rows[rows["item_id"].isin(telling)].sort_values("item_id")
    if not (rows["position"] == 1).any():
        return None
    item, place = rows["item_id"].factorize()[0], rows["position"].to_numpy() - 1
    shown = np.zeros((len(telling), int(place.max()) + 1))
    clicked = np.zeros_like(shown)
    shown[item, place] = rows["shown"]
    clicked[item, place] = np.minimum(rows["clicks"], rows["shown"])
    return position_bias(shown, clicked, most=500)
