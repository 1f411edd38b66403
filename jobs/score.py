"""Computes the relevance of every candidate of the night by the champion, with reasons, on the executors."""

from __future__ import annotations

import uuid
from collections.abc import Mapping

from pyspark import StorageLevel
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from features.contract import RELEVANCE
from features.contract.relevance import CHANCES
from jobs.config.relevance import Response
from jobs.execution.command import main_of
from jobs.execution.night import Night
from jobs.registry.active_models import serving_champion
from jobs.registry.models import Champion
from jobs.relevance.blocks import CANDIDATE_COLUMNS, read_candidates, read_shoppers
from jobs.relevance.item_side import ItemSide, read_item_side
from jobs.relevance.season import extension, periods_of, season_at, write_season
from jobs.relevance.target import night_of_response, require_target
from jobs.relevance.worker import SCORED, score_block_with
from jobs.runtime.executor_files import ship_arrays, ship_folder
from jobs.runtime.logs import warning
from jobs.runtime.tasks import in_tasks, task_threads
from jobs.tables.sql import sql_equals
from jobs.uplift.scoring import with_uplift
from model.bundle import Bundle
from model.scorer import Scorer


def score(night: Night) -> None:
    """Writes the relevance of every candidate of the night by the champion, with up to three reasons.

    With `relevance.values` also the chance of each of its responses, if the champion has a model of each.
    """
    champion = serving_champion(night)
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
    others = _scored_by_others(night, bundle, side, candidates, shoppers)
    relevance = with_chances(night, relevance, _chances_of(night, bundle, others))
    relevance = with_uplift(night, relevance)
    night.tables.replace_date(relevance, RELEVANCE, night.as_of, sql_equals(policy=night.conf.plan.scored_as))
    for frame in (scored, *others.values()):
        frame.unpersist()
    write_season(night, season)
    night.record.decisions |= {
        "policy": night.conf.plan.scored_as,
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
        _chance(shift).alias("relevance"),
        F.lit(champion.version).alias("model_version"),
        "top_reasons",
    )


def _scored_by_others(
    night: Night, bundle: Bundle, side: ItemSide, candidates: DataFrame, shoppers: DataFrame
) -> dict[Response, DataFrame]:
    """By response of `relevance.values` without the target: the columns of SCORED, persisted.

    Empty where the champion lacks a model of one, as it does until a training after the configuration was changed.
    """
    conf = night.conf.relevance
    missing = [response for response in conf.others if response not in bundle.further]
    if missing:
        night.record.decisions["values"] = f"the champion predicts no {' and no '.join(missing)} yet"
        warning("the plan counts the target alone", why=night.record.decisions["values"], key="relevance.values")
        return {}
    return {
        response: scored_candidates(
            night_of_response(night, response), bundle.further[response], side, candidates, shoppers
        ).persist(StorageLevel.DISK_ONLY)
        for response in conf.others
    }


def _chances_of(night: Night, bundle: Bundle, others: Mapping[Response, DataFrame]) -> dict[str, DataFrame]:
    """By response: user_id, item_id, and the chance in a column of its name. others: of `_scored_by_others`"""
    past, chances = periods_of(bundle.description), {}
    for response, scored in others.items():
        mean, season = mean_level(scored), season_at(night_of_response(night, response), night.as_of, past).shift
        chance = _chance(bundle.further[response].calibrator.shift(mean, season + extension(night, past)))
        chances[str(response)] = scored.select("user_id", "item_id", chance.alias(response))
        night.record.decisions |= {f"mean_level_{response}": repr(mean), f"season_{response}": f"{season:.6g}"}
    return chances


def with_chances(night: Night, relevance: DataFrame, others: Mapping[str, DataFrame]) -> DataFrame:
    """Adds `chances`: by response of `relevance.values` its probability; NULL without `others`.

    others: by response the same pairs, with the probability in a column of that name
    """
    if not others:
        return relevance.withColumn("chances", F.lit(None).cast(CHANCES))
    for chances in others.values():
        relevance = relevance.join(chances, on=["user_id", "item_id"], how="left")
    named = {night.conf.relevance.target: "relevance", **{response: response for response in others}}
    pairs = [column for response, name in sorted(named.items()) for column in (F.lit(response), F.col(name))]
    return relevance.withColumn("chances", F.create_map(*pairs)).drop(*others)


def _chance(shift: float) -> Column:
    """The logistic function of the log-odds of SCORED and the `shift` of the date."""
    return 1.0 / (1.0 + F.exp(-(F.col("log_odds") + F.lit(shift))))


def _written(night: Night) -> int:
    policy = F.col("policy") == F.lit(night.conf.plan.scored_as)
    return night.tables.read_date(RELEVANCE, night.as_of).where(policy).count()


if __name__ == "__main__":
    main_of(score)
