"""Relevance of every candidate of the night by the champion, with the reasons, in a distributed Arrow function."""

from __future__ import annotations

import uuid

from pyspark import StorageLevel
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from features.contract import RELEVANCE
from jobs.execution.command import main_of
from jobs.execution.night import Night
from jobs.registry.active_models import model_store
from jobs.registry.models import Champion
from jobs.relevance.blocks import CANDIDATE_COLUMNS, read_candidates, read_shoppers
from jobs.relevance.item_side import read_item_side
from jobs.relevance.worker import SCORED, score_block_with
from jobs.runtime.errors import LongtailError
from jobs.runtime.executor_files import ship_arrays, ship_folder
from jobs.tables.sql import sql_equals
from model.bundle import Bundle
from model.scorer import Scorer


def score(night: Night) -> None:
    """Writes the relevance of every candidate of the night by the champion, with up to three reasons."""
    champion = model_store(night).champion(night.as_of)
    if champion is None:
        raise LongtailError(
            f"No champion was trained for {night.as_of} or before.", "Run jobs/nightly.py for the date with --train."
        )
    bundle = Bundle.load(champion.folder)
    candidates = read_candidates(night.tables, night.as_of, champion.encoder_version, bundle.scorer.first_stage.version)
    shoppers = read_shoppers(night.tables, night.as_of, bundle.scorer.ranker.inputs.user_features)
    scored = scored_candidates(night, champion, bundle.scorer, candidates, shoppers).persist(StorageLevel.DISK_ONLY)
    mean = mean_level(scored)
    relevance = with_relevance(night, champion, scored, bundle.scorer.calibrator.shift(mean))
    night.tables.replace_date(relevance, RELEVANCE, night.as_of, sql_equals(policy=night.conf.plan.scored_as))
    scored.unpersist()
    night.record.decisions = {"mean_level": repr(mean)}
    night.record.model_version = champion.version
    night.record.rows = {"pairs": _written(night)}


def scored_candidates(
    night: Night, champion: Champion, scorer: Scorer, candidates: DataFrame, shoppers: DataFrame,
    partitions: int | None = None,
) -> DataFrame:  # fmt: skip
    """The columns of SCORED. A hash of user_id fixes the blocks of shoppers, so `partitions` changes nothing."""
    inputs = scorer.ranker.inputs
    side = read_item_side(night, night.as_of, champion.encoder_version, inputs)
    items = scorer.ranker.encode_items(side.items)
    scratch = night.folder / "scratch" / night.run_id
    arrays = {"item_ids": side.item_ids, "text": items.text, "features": items.features, "text_row": items.text_row}
    item_side = ship_arrays(night.spark, arrays)
    model = scratch / f"model-{uuid.uuid4().hex}"
    scorer.save(model)
    ship_folder(night.spark, model)
    threads = int(night.spark.conf.get("spark.task.cpus", "1") or "1")
    blocks = -(-candidates.select("user_id").distinct().count() // night.conf.relevance.batch_users)
    block = F.pmod(F.xxhash64("user_id"), F.lit(blocks)).cast("int")
    left = candidates.select(*CANDIDATE_COLUMNS, block.alias("block"))
    right = shoppers.select("*", block.alias("block"))
    spread = partitions or blocks
    return (
        left.repartition(spread, "block")
        .groupBy("block")
        .cogroup(right.repartition(spread, "block").groupBy("block"))
        .applyInArrow(score_block_with(model.name, item_side, threads), SCORED)
    )


def mean_level(scored: DataFrame) -> float:
    """The mean level over all shoppers of SCORED."""
    (mean,) = scored.select("user_id", "level").distinct().agg(F.avg("level")).head() or (None,)
    return float(mean or 0.0)


def with_relevance(night: Night, champion: Champion, scored: DataFrame, shift: float) -> DataFrame:
    """SCORED to the columns of `relevance`: the logistic function of the log-odds and the `shift` of the date."""
    return scored.select(
        F.lit(night.as_of).alias("as_of"),
        F.lit(night.conf.plan.scored_as).alias("policy"),
        "user_id",
        "item_id",
        (1.0 / (1.0 + F.exp(-(F.col("log_odds") + F.lit(shift))))).alias("relevance"),
        F.lit(champion.version).alias("model_version"),
        "top_reasons",
    )


def _written(night: Night) -> int:
    policy = F.col("policy") == F.lit(night.conf.plan.scored_as)
    return night.tables.read_date(RELEVANCE, night.as_of).where(policy).count()


if __name__ == "__main__":
    main_of(score)
