"""Trains the first stage on a past period, for the night's draft."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd
import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from features.contract import EVENTS
from features.shopper_sample import shopper_sample
from features.visitors import of_shoppers
from jobs.execution.command import main_of
from jobs.execution.night import Night
from jobs.registry.active_models import active_models
from jobs.registry.drafts import Draft, keep_first_stage
from jobs.relevance.target import require_target
from jobs.retrieval.blocks import shipped_catalogue, shoppers_of
from jobs.retrieval.date_side import DateSide, prepare_date
from jobs.runtime.logs import event, warning
from jobs.sources.missing_inputs import channels_in_use, without_silent
from model.bundle import Bundle
from model.periods import Periods
from model.responses import NoResponseError
from model.retrieval.candidates import sample_for_training
from model.retrieval.channels import negative_channels
from model.retrieval.event_weights import fitted_event_weights
from model.retrieval.first_stage import FirstStage, fit_first_stage
from model.retrieval.reference import reference_first_stage
from model.retrieval.shoppers import PURCHASE
from model.retrieval.signal_channels import AFFINITY_OF, SIGNAL_CHANNELS, channels_by_signal

_SAMPLE = "block int, label float, weight float, scores array<float>"


def train_first_stage(night: Night) -> None:
    """Trains the first stage on a past period, for the night's draft.

    Does nothing on a night without a draft, or when the draft has its first stage already. Without a past period, and
    without a response in it while no trained model serves, the draft gets the reference.
    """
    models = active_models(night)
    draft = models.draft
    if draft is None or (draft.first_stage_folder / "first_stage.json").exists():
        night.record.status = "skipped"
        event("no first stage is due", step="train_first_stage", as_of=night.as_of)
        return
    if models.champion is not None:
        require_target(night, models.champion, Bundle.load(models.champion.folder).description)
    fitted = _reference(night) if draft.periods is None else trained(night, draft, draft.periods, models.has_trained)
    fitted.save(draft.first_stage_folder)
    keep_first_stage(night.files, draft)
    night.record.decisions["first_stage_version"] = fitted.version


def _reference(night: Night) -> FirstStage:
    return reference_first_stage(night.as_of.isoformat())


def trained(night: Night, draft: Draft, periods: Periods, has_trained: bool) -> FirstStage:
    """The first stage of a past period, without the signals that its fit leaves out.

    Without a response in the period it is the reference, or NoResponseError where a trained model serves.
    """
    channels = channels_in_use(night)
    responses = responded_pairs(night, periods.first_stage, periods.end(periods.first_stage))
    event_weights = _event_weights(night, draft, periods, responses)
    side = prepare_date(night, periods.first_stage, draft.encoder_version, channels, event_weights)
    scores, label, weight = training_sample(night, side, responses, channels)
    side.release()
    night.record.rows = {"positives": int(label.sum()), "negatives": int((label == 0).sum())}
    try:
        fitted = fit_first_stage(
            channels, scores, label, weight, night.conf.first_stage.l2, periods.first_stage.isoformat(),
            negative_channels(channels), channels_by_signal(channels),
        )  # fmt: skip
    except NoResponseError as error:
        if has_trained:
            raise
        warning("the reference takes the place of the first stage", problem=str(error))
        return _reference(night)
    fitted = replace(fitted, event_weights=event_weights).without_unused(SIGNAL_CHANNELS)
    if tried := channels_by_signal(channels):
        helpful = channels_by_signal(fitted.channels)
        night.record.decisions["signals"] = ",".join(helpful)
        event("signals", kept=",".join(helpful), left_out=",".join(name for name in tried if name not in helpful))
    return fitted


def _event_weights(night: Night, draft: Draft, periods: Periods, responses: DataFrame) -> Mapping[str, float]:
    """What an event of each type but purchases counts in ALS: as configured, or learnt on the past period."""
    configured = night.conf.signals.weights
    if configured != "learnt":
        return configured
    channels = without_silent(night, AFFINITY_OF.values())
    # Events of the target are among those that the affinity of purchases counts.
    target = night.conf.relevance.target
    names = {
        name: channel
        for name, channel in AFFINITY_OF.items()
        if channel in channels and (name == PURCHASE or name != target)
    }
    if PURCHASE not in names:
        warning("the weights of events cannot be learnt", problem="items have no brand or no type")
        return {}
    channels = tuple(names.values())
    side = prepare_date(night, periods.first_stage, draft.encoder_version, channels, {})
    scores, label, _ = training_sample(night, side, responses, channels)
    side.release()
    if not label.any():
        return {}
    learnt = fitted_event_weights(dict(zip(names, scores, strict=True)), label).weights
    event("weights of events in ALS", **{name: f"{weight:.3f}" for name, weight in learnt.items()})
    return {name: weight for name, weight in learnt.items() if name != PURCHASE and weight}


def responded_pairs(night: Night, since: date, until: date) -> DataFrame:
    """user_id, item_id: distinct pairs with a response (relevance.target) in [since, until)."""
    events = of_shoppers(night.tables.read(EVENTS))
    inside = (F.col("event_date") >= F.lit(since)) & (F.col("event_date") < F.lit(until))
    return (
        events.where(inside & (F.col("event_type") == night.conf.relevance.target))
        .select("user_id", "item_id")
        .distinct()
    )


def training_sample(
    night: Night, side: DateSide, responses: DataFrame, channels: tuple[str, ...]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Channel scores [k, rows], label and weight of the pairs of at most `first_stage.max_users` shoppers."""
    conf = night.conf
    eligible = night.spark.createDataFrame(
        pd.DataFrame({"item_id": side.item_ids, "position": np.arange(len(side.item_ids), dtype=np.int32)})
    )
    wanted = (
        responses.join(F.broadcast(eligible), on="item_id", how="inner")
        .groupBy("user_id")
        .agg(F.sort_array(F.collect_list("position")).alias("positives"))
    )
    chosen = shopper_sample(wanted, conf.first_stage.max_users)
    frame = side.shopper_frame.join(chosen, on="user_id", how="inner")
    shipped, settings, seed = side.shipped, side.settings, conf.seed
    negatives, at_once = conf.first_stage.negatives_per_user, conf.candidates.items_at_once

    def sample_block(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        table = pa.Table.from_batches(list(batches))
        catalogue = shipped_catalogue(shipped)
        shoppers = shoppers_of(table, catalogue.als.shape[1], catalogue.text.shape[1])
        positives = dict(zip(table["user_id"].to_pylist(), table["positives"].to_pylist(), strict=True))
        sample = sample_for_training(catalogue, shoppers, settings, channels, positives, negatives, seed, at_once)
        offsets = np.arange(len(sample.label) + 1, dtype=np.int32) * len(channels)
        scores = pa.ListArray.from_arrays(offsets, sample.scores.T.ravel())
        block = np.full(len(sample.label), table["block"][0].as_py(), dtype=np.int32)
        yield pa.RecordBatch.from_arrays(
            [pa.array(block), pa.array(sample.label), pa.array(sample.weight), scores],
            names=["block", "label", "weight", "scores"],
        )

    sampled = frame.groupBy("block").applyInArrow(sample_block, _SAMPLE).toArrow()
    sampled = sampled.sort_by("block")  # sums of a fit depend on the order of its rows
    scores = np.concatenate([chunk.flatten().to_numpy() for chunk in sampled["scores"].chunks])
    return (
        scores.reshape(-1, len(channels)).T,
        sampled["label"].to_numpy(),
        sampled["weight"].to_numpy(),
    )


if __name__ == "__main__":
    main_of(train_first_stage)
