"""Second stage and calibrator from the same periods; the calibrator reads no logit of a period used in its fit."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from model.calibration import Calibrator, Outcomes
from model.fusion.ensemble import Ensemble
from model.fusion.ranker import RankerInputs
from model.fusion.training import FusionSettings, Period, fit_ranker
from model.fusion.trees import TreeSettings, fit_trees
from model.periods import LEAST_SECOND_STAGE


def fit_second_stage(
    periods: Sequence[Period],
    inputs: RankerInputs,
    fusion: FusionSettings,
    trees: TreeSettings,
    progress: Callable[[str, int, float], None] = lambda part, epoch, loss: None,
) -> tuple[Ensemble, Calibrator]:
    """An ensemble of all periods, and a calibrator of the predictions for each period by an ensemble of all others.

    Cross-fitting with a fold a period (Chernozhukov et al. 2018). The calibrator serves an ensemble of one period more
    than those it was fitted on: as far as the additional data make that one better, its chances are too cautious, and
    their slope on later days is above 1. The difference falls with the number of periods, and is largest with two.
    `progress` is called with the part that is being fitted, the epoch and its loss. Raises ValueError with fewer than
    LEAST_SECOND_STAGE periods or without a response.
    """
    if len(periods) < LEAST_SECOND_STAGE:
        raise ValueError(
            f"{len(periods)} period cannot be predicted by another. Set fusion.periods to {LEAST_SECOND_STAGE} or more."
        )

    def fitted(part: str, chosen: Sequence[Period]) -> Ensemble:
        ranker = fit_ranker(chosen, inputs, fusion, lambda epoch, loss: progress(part, epoch, loss))
        return Ensemble(ranker, fit_trees(chosen, ranker, trees))

    outcomes: list[Outcomes] = []
    for place, period in enumerate(periods):
        others = [other for number, other in enumerate(periods) if number != place]
        ensemble = fitted(f"without period {place + 1}", others)
        logits = ensemble.predict(period.block, ensemble.ranker.encode_items(period.items))
        outcomes.append(Outcomes(logits, period.responded, period.counts))
    return fitted("all periods", periods), Calibrator.fit(outcomes)
