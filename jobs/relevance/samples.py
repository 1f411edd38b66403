"""A past period for training or the gate: candidates at its cut, responses after it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from features.contract import EVENTS
from features.contract.responses import met_by
from features.exposure_responses import exposure_responses
from features.shopper_sample import shopper_sample
from jobs.execution.night import Night
from jobs.registry.drafts import Draft
from jobs.registry.models import Champion
from jobs.relevance.blocks import block_of, read_candidates, read_shoppers
from jobs.relevance.item_side import ItemSide, read_item_side
from jobs.runtime.errors import LongtailError
from model.fusion.inputs import Block
from model.fusion.ranker import RankerInputs
from model.fusion.training import Period
from model.responses import NoResponseError


@dataclass(frozen=True)
class Sample:
    """B shoppers of a period; `responded` and `weight` [B, C] as in `model.fusion.training.Period`."""

    inputs: RankerInputs
    user_ids: pa.Array  # [B], sorted
    side: ItemSide
    block: Block
    responded: np.ndarray
    weight: np.ndarray | None

    @property
    def period(self) -> Period:
        return Period(self.side.items, self.block, self.responded, self.weight)

    def in_segments(self, *segments: str) -> np.ndarray:
        """[B, C] bool: candidates of these segments."""
        inside = np.isin(self.side.segment, segments)
        return inside[np.maximum(self.block.candidates, 0)] & self.block.listed


@dataclass(frozen=True)
class Targets:
    """First responses of a sample's shoppers in a period: user_id, item_id, segment and department at the cut."""

    pairs: pa.Table

    def only(self, column: str, *values: str) -> Targets:
        """Those of items with one of the values in `column`, segment or department."""
        return Targets(self.pairs.filter(pc.is_in(self.pairs[column], pa.array(values))))

    def counts(self, user_ids: pa.Array) -> np.ndarray:
        """[B] targets of each shopper, whether a candidate or not."""
        user = pc.index_in(self.pairs["user_id"], user_ids).drop_null()
        return np.bincount(user.to_numpy(), minlength=len(user_ids))

    def among(self, sample: Sample) -> np.ndarray:
        """[B, C] bool: candidates that are targets."""
        user = pc.index_in(self.pairs["user_id"], sample.user_ids).to_pandas()
        row = pc.index_in(self.pairs["item_id"], pa.array(sample.side.item_ids)).to_pandas()
        known, items = user.notna() & row.notna(), len(sample.side.item_ids)
        wanted = (user[known] * items + row[known]).to_numpy(dtype=np.int64)
        codes = np.arange(len(sample.block))[:, None] * items + sample.block.candidates
        return np.isin(codes, wanted) & sample.block.listed


def read_sample(
    night: Night, cut: date, end: date, model: Draft | Champion, first_stage_version: str, inputs: RankerInputs
) -> Sample:
    """The candidates of one model at `cut` with the responses in [cut, end).

    By `relevance.per` a response is an event `relevance.target` of the candidate, or the answers to its exposures. Of
    more shoppers than `first_stage.max_users` a fixed sample by hash is drawn in Spark; nothing of other shoppers
    reaches the driver.
    Raises LongtailError when candidates or features of the date are missing, or when no candidate was shown.
    """
    candidates = read_candidates(night.tables, cut, model.encoder_version, first_stage_version)
    chosen = shopper_sample(candidates.select("user_id").distinct(), night.conf.first_stage.max_users).persist()
    rows = (
        _of(chosen, candidates)
        .join(_responses(night, cut, end, chosen), on=["user_id", "item_id"], how="left")
        .select(
            *candidates.columns, *(F.coalesce(name, F.lit(0.0)).alias(name) for name in ("response_share", "weight"))
        )
        .toArrow()
    )
    shoppers = _of(chosen, read_shoppers(night.tables, cut, inputs)).toArrow()
    chosen.unpersist()
    side = read_item_side(night, cut, model.encoder_version, inputs)
    user_ids, flat, block = block_of(rows, shoppers, pa.array(side.item_ids), inputs)

    def placed(name: str) -> np.ndarray:
        values = np.zeros(block.candidates.size, dtype=np.float32)
        values[flat.to_numpy()] = rows[name].to_numpy()
        return values.reshape(block.candidates.shape)

    if night.conf.relevance.per == "horizon":
        return Sample(inputs, user_ids, side, block, placed("response_share") > 0, None)
    weight = placed("weight")
    if not weight.any():
        raise LongtailError(
            f"No exposure of a candidate was logged with a propensity in [{cut}, {end}).",
            "Log exposures with their propensity, or set relevance.largest_weight to 1, or relevance.per to horizon.",
        )
    return Sample(inputs, user_ids, side, block, placed("response_share"), weight)


def _responses(night: Night, cut: date, end: date, shoppers: DataFrame) -> DataFrame:
    """user_id, item_id, response_share, weight of the shoppers' pairs with a response, or a trial, in [cut, end)."""
    conf, events = night.conf.relevance, _of(shoppers, night.tables.read(EVENTS))
    if conf.per == "horizon":
        return _pairs(events, (conf.target,), cut, end).select(
            "user_id", "item_id", F.lit(1.0).alias("response_share"), F.lit(1.0).alias("weight")
        )
    return exposure_responses(events, cut, end, conf.attribution_days, conf.largest_weight, conf.target)


def read_targets(night: Night, cut: date, end: date, sample: Sample) -> Targets:
    """First responses to items in [cut, end) by the sample's shoppers, who had not bought them either.

    Raises NoResponseError when there are none.
    """
    shoppers = night.spark.createDataFrame(pa.table({"user_id": sample.user_ids}))
    events = _of(shoppers, night.tables.read(EVENTS))
    relevance = night.conf.relevance
    known = _pairs(events, met_by(relevance.target), None, cut)
    new = _pairs(events, (relevance.target,), cut, end).join(known, on=["user_id", "item_id"], how="left_anti")
    pairs = new.select("user_id", "item_id").toArrow()
    if not len(pairs):
        raise NoResponseError(
            f"Nothing was {relevance.words.done} in [{cut}, {end}). Choose a date with events before it."
        )
    row = pc.index_in(pairs["item_id"], pa.array(sample.side.item_ids))
    for name, values in (("segment", sample.side.segment), ("department", sample.side.department)):
        pairs = pairs.append_column(name, pc.take(pa.array(values), row))
    return Targets(pairs)


def _of(shoppers: DataFrame, rows: DataFrame) -> DataFrame:
    """The rows of a sample's shoppers, which are few enough for a broadcast."""
    return rows.join(F.broadcast(shoppers), on="user_id", how="left_semi")


def _pairs(events: DataFrame, kinds: tuple[str, ...], since: date | None, until: date) -> DataFrame:
    """user_id, item_id: distinct pairs with an event of these types in [since, until), or ever before `until`."""
    inside = (F.col("event_date") < F.lit(until)) & F.col("event_type").isin(*kinds)
    if since is not None:
        inside = inside & (F.col("event_date") >= F.lit(since))
    return events.where(inside).select("user_id", "item_id").distinct()
