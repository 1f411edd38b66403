"""The model of a store that no trained model serves: popularity and texts, calibrated."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from pyspark.sql import functions as F

from features.contract import EVENTS
from features.declarations import ITEM_FEATURES_TABLE
from features.purchase_rate import response_counts
from features.visitors import of_shoppers
from jobs.execution.night import Night
from jobs.relevance.samples import Sample
from jobs.relevance.season import days_of_response
from model.calibration import Calibrator, Outcomes
from model.fusion.ranker import RankerInputs
from model.fusion.reference import Reference
from model.purchase_rate import expected_responses
from model.retrieval.first_stage import FirstStage
from model.scorer import Scorer


def calibrated_reference(first_stage: FirstStage, samples: Sequence[Sample]) -> Scorer:
    """The reference on the candidates of a trained first stage, calibrated on past periods.

    No cross-fitting, since nothing but the calibrator is fitted.
    """
    reference = Reference.of(samples[0].inputs)
    outcomes = [
        Outcomes(
            reference.predict(sample.block, reference.encode_items(sample.side.items)),
            sample.responded,
            sample.period.counts,
        )
        for sample in samples
    ]
    return Scorer(first_stage, reference, Calibrator.fit(outcomes))


def uncalibrated_reference(night: Night, first_stage: FirstStage, inputs: RankerInputs) -> Scorer:
    """The reference of a store without a past period to calibrate on.

    A shopper's responses in the horizon are estimated from how often shoppers came back, and spread over the
    candidates in proportion to the exponential of their logits.
    """
    conf = night.conf
    items = night.tables.read_date(ITEM_FEATURES_TABLE, night.as_of).where(
        F.col("is_eligible") & F.col("segment").isin(list(conf.plan.segments))
    )
    counts = response_counts(
        of_shoppers(night.tables.read(EVENTS)), items, night.as_of, only_new=conf.candidates.exclude_bought,
        response=conf.relevance.target,
    ).first()  # fmt: skip
    assert counts is not None
    expected = expected_responses(
        counts["shoppers"], counts["visits"], counts["days"], counts["pairs"], days_of_response(night)
    )
    return Scorer(first_stage, Reference.of(inputs), Calibrator(float(np.log(expected)), 1.0, 0.0))
