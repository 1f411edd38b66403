"""How often each position is looked at, from logged responses and what was known before them.

Strata are those of features.delivery.strata. tests/benchmark/attention.py measured them, on logs of lists that are
sorted by each shopper's own score, against items, quantiles of the predicted relevance, relevance alone and single
lists as strata, and against randomly swapped positions. Of the strata they alone recover the truth within .03 where an
item's relevance varies among shoppers, predictions hold the frequency of visits and boosted items are predicted too
high. Swaps do so too, with larger errors, and cost responses.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from features.delivery.attribution import answers_by_position
from features.delivery.strata import STRATUM
from jobs.config.configuration import Config
from jobs.delivery.learned_weights import KnownWeights
from model.policy_evaluation.position_bias import examination_of, position_bias


@dataclass(frozen=True)
class PositionWeights:
    """Weights relative to the first position.

    learned: by position (1 is the first), from the log alone; positions without enough responses are missing
    used: of every position, the first first; deviation: their relative standard deviations
    """

    learned: dict[int, float]
    used: list[float]
    deviation: list[float]


def position_weights(conf: Config, placed: DataFrame, responses: DataFrame, known: KnownWeights) -> PositionWeights:
    """Estimates the weights from clicks, or from responses (relevance.target) where it logs no click of the placement.

    placed: the exposures that count, as from `with_stratum`, of pairs that were not shown before them
    responses: rows of events; known: what was known before these exposures

    Pairs of like relevance, boost
    and shopper's level that got responses at several positions show how often the positions are looked at. The driver
    gets sums by stratum: at most as many as there are bins, or answers in the sample of shoppers.
    """
    for kind in ("click", conf.relevance.target):
        of_kind = responses.where(F.col("event_type") == kind)
        shown, answered = _sums(placed, of_kind, conf.account.attribution_days, len(known.weights))
        if answered.any():
            break
    used = examination_of(shown, answered, known.weights, known.deviation)
    examination = position_bias(shown, answered).examination if answered[:, 0].any() else np.zeros(0)
    learned = {place: float(weight) for place, weight in enumerate(examination, start=1) if np.isfinite(weight)}
    return PositionWeights(learned, used.weights.tolist(), used.deviation.tolist())


def _sums(placed: DataFrame, responses: DataFrame, days: int, positions: int) -> tuple[np.ndarray, np.ndarray]:
    """shown and answered (strata, positions) of the strata that have answers and were shown at several positions."""
    of_stratum = Window.partitionBy(*STRATUM)
    sums = answers_by_position(placed, responses, days).where(F.col("position") <= positions)
    sums = sums.withColumn("answers", F.sum("answered").over(of_stratum)).withColumn(
        "places", F.count("*").over(of_stratum)
    )
    rows = sums.where("answers > 0 AND places > 1").orderBy(*STRATUM, "position").toPandas()
    stratum = rows.groupby(list(STRATUM)).ngroup().to_numpy(dtype=np.int64)
    place = rows["position"].to_numpy(dtype=np.int64) - 1
    shown = np.zeros((int(stratum.max(initial=-1)) + 1, positions))
    answered = np.zeros_like(shown)
    shown[stratum, place], answered[stratum, place] = rows["shown"], rows["answered"]
    return shown, answered
