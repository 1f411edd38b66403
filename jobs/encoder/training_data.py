"""The responses that the encoder is tuned on, and the texts that hard negatives are drawn from."""

from __future__ import annotations

import numpy as np
import pandas as pd

from features.contract import EVENTS, ITEMS
from features.contract.segments import LONG_TAIL
from features.declarations import ITEM_FEATURES_TABLE
from features.text_pairs import category_texts, sampled_text_pairs, text_positives
from features.texts import distinct_texts
from features.visitors import of_shoppers
from jobs.execution.night import Night
from jobs.reviews.reading import with_bad_reviews
from model.periods import Periods
from model.text.distributed import TuningData
from model.text.pairs import CategoryTexts, Pairs

# Texts of a category that hard negatives are drawn from; the few pairs of a category never need more.
POOL_OF_A_CATEGORY = 200


def tuning_data(night: Night, periods: Periods) -> TuningData:
    """Positives before the encoder's cut, with the items as they were known at it."""
    conf, tuning, cut = night.conf, night.conf.encoder.fine_tune, periods.encoder_cut
    known = night.tables.read_date(ITEM_FEATURES_TABLE, cut).select(
        "item_id", "title", "text_hash", "category", "segment"
    )
    item_texts = (
        known.join(distinct_texts(night.tables.read(ITEMS)), on="text_hash", how="inner")
        .select("item_id", "title", "text", "text_hash", "category", "segment")
        .persist()
    )
    events = with_bad_reviews(night, of_shoppers(night.tables.read(EVENTS)))
    events = events.select("user_id", "item_id", "event_type", "event_time")
    positives = text_positives(
        events, item_texts, cut, tuning.window_days, tuning.held_out_days, conf.relevance.target
    ).persist()
    rows = sampled_text_pairs(
        positives,
        events,
        item_texts,
        history_days=conf.features.history_days,
        user_items=conf.encoder.user_items,
        pairs=tuning.steps * tuning.batch_size * tuning.accumulate * conf.encoder.processes,
        seed=conf.seed,
        held_out_pairs=tuning.held_out_pairs if tuning.held_out_days else 0,
    ).toPandas()
    negatives = None
    if tuning.hard_negatives:
        categories = sorted(set(rows.category) - {""})
        pool = category_texts(positives, item_texts, categories, POOL_OF_A_CATEGORY, conf.seed).toPandas()
        negatives = CategoryTexts(pool.item_text.to_list(), pool.item_share.to_numpy(), pool.category.to_list())
    for frame in (positives, item_texts):
        frame.unpersist()
    held_out = rows.held_out.to_numpy(dtype=bool)
    return TuningData(
        _pairs(rows[~held_out], tuning.tail_weight),
        _pairs(rows[held_out], tuning.tail_weight) if held_out.any() else None,
        negatives,
    )


def _pairs(rows: pd.DataFrame, tail_weight: float) -> Pairs:
    return Pairs(
        rows.user_text.to_list(),
        rows.item_text.to_list(),
        rows.item_share.to_numpy(),
        rows.category.to_list(),
        np.where(rows.segment.isin(LONG_TAIL), tail_weight, 1.0),
    )
