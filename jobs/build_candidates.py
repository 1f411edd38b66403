"""Scores every channel over all eligible items and keeps each shopper's top N."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from functools import partial

import numpy as np
import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from features.contract import CANDIDATES
from jobs.execution.command import main_of
from jobs.execution.night import Night
from jobs.registry.active_models import ActiveModels, active_models
from jobs.registry.drafts import Draft
from jobs.registry.models import Champion
from jobs.retrieval.blocks import shipped_catalogue, shoppers_of
from jobs.retrieval.date_side import DateSide, prepare_date
from jobs.runtime.errors import LongtailError
from jobs.runtime.logs import event
from jobs.runtime.parallel import run_parallel
from jobs.runtime.progress import advance, expect
from jobs.tables.sql import sql_equals
from model.retrieval.candidates import top_candidates
from model.retrieval.first_stage import FirstStage

_ROWS = "user_id string, item_id string, rank int, first_stage_score double, channel_scores array<float>"


def build_candidates(night: Night) -> None:
    """Scores every channel over all eligible items and keeps each shopper's top N.

    The night itself gets candidates of the champion and of a draft. Each past period of a draft's training gets them
    once, by the draft's first stage, and the gate's period by those of champion and anchor as well. A draft without a
    trained first stage has no past periods.
    """
    models = active_models(night)
    if not models.contenders:
        raise LongtailError(f"There is no model for {night.as_of}.", "Run jobs/nightly.py with --train.")
    work = [
        (contender, first_stage, cut)
        for contender, cuts in _work(night, models)
        for first_stage in [FirstStage.load(contender.first_stage_folder)]
        for cut in cuts
        if cut == night.as_of or not _has_candidates(night, cut, contender, first_stage)
    ]
    expect(len(work), "dates")
    # The many small jobs that prepare one date leave cores to the few long ones that score another.
    run_parallel([partial(_build, night, *arguments) for arguments in work], at_once=2)
    night.record.rows = {"dates": len(work)}


def _build(night: Night, contender: Champion | Draft, first_stage: FirstStage, cut: date) -> None:
    """Builds the candidates of one date."""
    side = prepare_date(night, cut, contender.encoder_version, first_stage.channels, first_stage.event_weights)
    rows = candidates_of(night, side, first_stage).select(
        F.lit(cut).alias("as_of"),
        F.lit(contender.encoder_version).alias("encoder_version"),
        F.lit(first_stage.version).alias("first_stage_version"),
        *(name for name in CANDIDATES.column_names if name not in CANDIDATES.partitioned_by),
    )
    night.tables.replace_date(rows, CANDIDATES, cut, _of(contender, first_stage))
    side.release()
    advance()
    event("candidates built", step="build_candidates", as_of=night.as_of, cut=cut, items=len(side.item_ids))


def _work(night: Night, models: ActiveModels) -> Iterator[tuple[Champion | Draft, tuple[date, ...]]]:
    """Each model with the dates for which it needs candidates."""
    if models.draft is None:
        assert models.champion is not None
        yield models.champion, (night.as_of,)
        return
    periods = models.draft.periods
    is_reference = FirstStage.load(models.draft.first_stage_folder).is_reference
    past = periods.with_candidates if periods and not is_reference else ()
    gate = past[-1:]
    yield models.draft, (*past, night.as_of)
    if models.champion is not None:
        yield models.champion, (*gate, night.as_of)
    if models.anchor is not None:
        yield models.anchor, gate


def _of(contender: Champion | Draft, first_stage: FirstStage) -> str:
    return sql_equals(encoder_version=contender.encoder_version, first_stage_version=first_stage.version)


def _has_candidates(night: Night, cut: date, contender: Champion | Draft, first_stage: FirstStage) -> bool:
    return night.tables.has(CANDIDATES, f"{sql_equals(as_of=cut)} AND {_of(contender, first_stage)}")


def candidates_of(night: Night, side: DateSide, first_stage: FirstStage) -> DataFrame:
    """user_id, item_id, rank, first_stage_score, channel_scores: each shopper's best, a task a block of shoppers."""
    shipped, settings = side.shipped, side.settings
    conf = night.conf.candidates
    limits = conf.per_user, conf.exclude_bought, conf.least_cold, conf.items_at_once

    def best_of_block(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        catalogue = shipped_catalogue(shipped)
        shoppers = shoppers_of(pa.Table.from_batches(list(batches)), catalogue.als.shape[1], catalogue.text.shape[1])
        best = top_candidates(catalogue, shoppers, settings, first_stage, *limits)
        lengths = np.diff(best.start)
        rank = np.arange(len(best.score)) - np.repeat(best.start[:-1], lengths) + 1
        k = best.channel_scores.shape[1]
        offsets = np.arange(len(best.score) + 1, dtype=np.int32) * k
        yield pa.RecordBatch.from_arrays(
            [
                pa.array(np.repeat(shoppers.user_ids, lengths)),
                pa.array(catalogue.item_ids[catalogue.eligible][best.eligible]),
                pa.array(rank.astype(np.int32)),
                pa.array(best.score),
                pa.ListArray.from_arrays(offsets, np.ascontiguousarray(best.channel_scores).ravel()),
            ],
            names=["user_id", "item_id", "rank", "first_stage_score", "channel_scores"],
        )

    return side.shopper_frame.groupBy("block").applyInArrow(best_of_block, _ROWS)


if __name__ == "__main__":
    main_of(build_candidates)
