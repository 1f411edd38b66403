"""How often each position is looked at, from logged responses and the configured weights."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from features.delivery.attribution import clicks_by_position
from jobs.config.configuration import Config
from model.policy_evaluation.position_bias import PositionBias, position_bias, weights_of_positions


@dataclass(frozen=True)
class PositionWeights:
    """Weights relative to the first position.

    learned: by position (1 is the first), from the log alone; positions without enough responses are missing
    used: of every position, the first first
    """

    learned: dict[int, float]
    used: list[float]


def position_weights(conf: Config, counted: DataFrame, responses: DataFrame) -> PositionWeights:
    """Estimates the weights from clicks, or from purchases where the store logs no click of the placement.

    counted: the exposures that count; responses: rows of events. Each item is a stratum of equal attraction, so items
    that got responses at several positions show how often the positions are looked at.
    """
    configured = np.array(conf.plan.position_weights)
    bias = None
    for kind in ("click", "purchase"):
        of_kind = responses.where(F.col("event_type") == kind)
        bias = bias or _position_bias(counted, of_kind, conf.account.attribution_days)
    used = weights_of_positions(bias, configured, conf.account.position_weight_deviation)
    examination = [] if bias is None else bias.examination.tolist()
    learned = {place: weight for place, weight in enumerate(examination, start=1) if np.isfinite(weight)}
    return PositionWeights(learned, used.tolist())


def _position_bias(counted: DataFrame, responses: DataFrame, days: int) -> PositionBias | None:
    rows = clicks_by_position(counted, responses, days).toPandas()
    of_item = rows.groupby("item_id").agg(clicks=("clicks", "sum"), places=("position", "nunique"))
    informative = of_item.index[(of_item["clicks"] > 0) & (of_item["places"] > 1)]
    rows = rows[rows["item_id"].isin(informative)].sort_values("item_id")
    if not (rows["position"] == 1).any():
        return None
    item, place = rows["item_id"].factorize()[0], rows["position"].to_numpy() - 1
    shown = np.zeros((len(informative), int(place.max()) + 1))
    clicked = np.zeros_like(shown)
    shown[item, place] = rows["shown"]
    clicked[item, place] = np.minimum(rows["clicks"], rows["shown"])
    return position_bias(shown, clicked, most=500)
