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
from jobs.relevance.item_side import ItemSide, read_item_side
from jobs.relevance.season import extension, periods_of, season_at, write_season
from jobs.relevance.target import require_target
from jobs.relevance.worker import SCORED, score_block_with
from jobs.runtime.errors import LongtailError
from jobs.runtime.executor_files import ship_arrays, ship_folder
from jobs.runtime.tasks import in_tasks, task_threads
from jobs.tables.sql import sql_equals
from jobs.uplift.scoring import with_uplift
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
    require_target(night, champion, bundle.description)
    candidates = read_candidates(night.tables, night.as_of, champion.encoder_version, bundle.scorer.first_stage.version)
    shoppers = read_shoppers(night.tables, night.as_of, bundle.scorer.ranker.inputs)
    side = read_item_side(night, night.as_of, champion.encoder_version, bundle.scorer.ranker.inputs)
    scored = scored_candidates(night, bundle.scorer, side, candidates, shoppers).persist(StorageLevel.DISK_ONLY)
    mean = mean_level(scored)
    past, limits = periods_of(bundle.description), bundle.description.limits
    season, longer = season_at(night, night.as_of, past), extension(night, past)
    shift = bundle.scorer.calibrator.shift(mean, season.shift + longer)
    relevance = with_relevance(night, champion, scored, shift)
    relevance = with_uplift(night, relevance)
    night.tables.replace_date(relevance, RELEVANCE, night.as_of, sql_equals(policy=night.conf.plan.scored_as))
    scored.unpersist()
    write_season(night, season)
    night.record.decisions = {
        "mean_level": repr(mean),
        "season": f"{season.shift:.6g}",
        "extension": f"{longer:.6g}",
    } | ({"limits": " ".join(limits)} if limits else {})
    night.record.model_version = champion.version
    night.record.rows = {"pairs": _written(night)}


def scored_candidates(
    night: Night, scorer: Scorer, side: ItemSide, candidates: DataFrame, shoppers: DataFrame,
    tasks: int | None = None,
) -> DataFrame:  # fmt: skip
    """The columns of SCORED. A hash of user_id fixes the blocks of shoppers, so the number of `tasks` changes nothing.

    On the driver are the items; candidates and shoppers go from table to table through the executors.
    """
    items = scorer.ranker.encode_items(side.items)
    arrays = {"item_ids": side.item_ids, "text": items.text, "features": items.features, "text_row": items.text_row}
    item_side = ship_arrays(night.spark, arrays)
    model = night.scratch / f"model-{uuid.uuid4().hex}"
    scorer.save(model)
    ship_folder(night.spark, model)
    blocks = -(-candidates.select("user_id").distinct().count() // night.conf.relevance.batch_users)
    block = F.pmod(F.xxhash64("user_id"), F.lit(blocks)).cast("int")
    left = candidates.select(*CANDIDATE_COLUMNS, block.alias("block"))
    right = shoppers.select("*", block.alias("block"))
    score_block = score_block_with(model.name, item_side, task_threads(night.spark))
    return (
        in_tasks(left, blocks, tasks)
        .groupBy("block")
        .cogroup(in_tasks(right, blocks, tasks).groupBy("block"))
        .applyInArrow(score_block, SCORED)
    )


def mean_level(scored: DataFrame) -> float:
    """The mean level over all shoppers of SCORED, as a sum of decimals, which does not depend on the order of rows."""
    of_shopper = scored.select("user_id", F.col("level").cast("decimal(28, 15)").alias("level")).distinct()
    row = of_shopper.agg(F.sum("level").alias("sum"), F.count("*").alias("shoppers")).first()
    assert row is not None
    return float(row["sum"]) / row["shoppers"] if row["shoppers"] else 0.0


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
