"""Why the night gives a shopper a chance for a product: the complete sum of the log-odds that `score` wrote."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import functions as F
from scipy.special import logit

from features.contract import RELEVANCE
from jobs.config.relevance import Response
from jobs.execution.manifest import done_runs
from jobs.execution.night import Night
from jobs.registry.active_models import model_store
from jobs.registry.models import Champion
from jobs.relevance.blocks import block_of, read_candidates, read_shoppers
from jobs.relevance.item_side import ItemSide, read_item_side
from jobs.runtime.errors import LongtailError
from jobs.tables.warehouse import Warehouse
from model.bundle import Bundle
from model.explanation import Base, Explanation
from model.fusion.inputs import Block
from model.scorer import Scorer

LARGEST_ERROR = 1e-4  # log-odds
_MOST_NAMED = 5  # candidates in a message


@dataclass(frozen=True)
class PairExplanation:
    """The explanation of one of the shopper's candidates.

    of_candidates: of the shopper, [1, C, names]; place: the product's among the candidates
    chance, model_version: as `relevance` has them, the chance of one response
    """

    of_candidates: Explanation
    place: int
    chance: float
    model_version: str

    @property
    def names(self) -> tuple[str, ...]:
        return self.of_candidates.names

    @property
    def base(self) -> Base:
        return self.of_candidates.base

    @property
    def below(self) -> np.ndarray:
        """[names] bool: whether the product has less of a term than the shopper's average candidate."""
        return self.of_candidates.below[0, self.place]

    @property
    def contributions(self) -> np.ndarray:
        """[names, 3] of the linear skip, the network and the trees."""
        parts = (self.of_candidates.linear, self.of_candidates.network, self.of_candidates.trees)
        return np.stack([part[0, self.place] for part in parts], axis=1)

    @property
    def slope(self) -> float:
        """Of the calibrator."""
        return self.of_candidates.slope

    @property
    def candidates(self) -> int:
        """Of the shopper."""
        return self.of_candidates.below.shape[1]

    @property
    def log_odds(self) -> float:
        """The base and all contributions."""
        return float(self.of_candidates.log_odds[0, self.place])


@dataclass(frozen=True)
class _Read:
    """The shopper's candidates as `score` read them, and what it recorded. place: the product's among them"""

    block: Block
    side: ItemSide
    place: int
    recorded: Mapping[str, str]


def explain_pair(night: Night, user: str, item: str) -> dict[Response, PairExplanation]:
    """Explains a pair of `relevance` by the models that scored it.

    By response: that of `relevance.target`, then the others of `relevance.values` that `score` wrote a chance of.

    Raises LongtailError when the night did not score the pair, when another version is the night's champion now, and
    when the tables no longer give the chance that `score` wrote.
    """
    as_of = night.as_of
    of_shopper = night.tables.read_date(RELEVANCE, as_of).where(
        (F.col("policy") == night.conf.plan.scored_as) & (F.col("user_id") == user)
    )
    written = of_shopper.where(F.col("item_id") == item).first()
    if written is None:
        best = of_shopper.orderBy(F.desc("relevance"), "item_id").select("item_id").limit(_MOST_NAMED)
        raise _no_candidate(as_of, user, item, [row["item_id"] for row in best.collect()])
    champion, again = model_store(night).champion(as_of), f"Run jobs/score.py for {as_of} again."
    if champion is None or champion.version != written["model_version"]:
        now = "there is none" if champion is None else f"version {champion.version} is the night's champion"
        raise LongtailError(f"Version {written['model_version']} scored {as_of}, and now {now}.", again)
    bundle, relevance = Bundle.load(champion.folder), night.conf.relevance
    read = _read(night, champion, bundle.scorer, user, item)
    chances = written["chances"] or {}
    explained = {relevance.target: _explained(read, bundle.scorer, written["relevance"], champion.version)}
    for response in relevance.others:
        if response in chances:
            scorer, chance = bundle.further[response], chances[response]
            explained[response] = _explained(read, scorer, chance, champion.version, f"_{response}")
    for response, pair in explained.items():
        expected = float(logit(pair.chance))
        if abs(pair.log_odds - expected) > LARGEST_ERROR:
            raise LongtailError(
                f"The contributions to {relevance.of_response(response).event} by shopper {user} of product {item} "
                f"sum to log-odds of {pair.log_odds:.4f}, and score wrote {expected:.4f}: another step has written a "
                f"table of {as_of} since.",
                again,
            )
    return explained


def _no_candidate(as_of: date, user: str, item: str, best: list[str]) -> LongtailError:
    if not best:
        return LongtailError(
            f"Shopper {user} has no candidates on {as_of}, so there is nothing to explain.",
            f"Run jobs/show.py --user {user}, which says what the shopper is shown.",
        )
    return LongtailError(
        f"Product {item} is not among the candidates of shopper {user} on {as_of}, so it has no chance.",
        f"Name one of the candidates, such as {', '.join(best)}, or run jobs/show.py --item {item} for the product.",
    )


def _read(night: Night, champion: Champion, scorer: Scorer, user: str, item: str) -> _Read:
    """What the models of one bundle read of a shopper, which is the same for each."""
    tables, inputs = night.tables, scorer.ranker.inputs
    candidates = read_candidates(tables, night.as_of, champion.encoder_version, scorer.first_stage.version)
    rows = candidates.where(F.col("user_id") == user).toArrow()
    place = pc.index(rows["item_id"], item).as_py()
    if place < 0:
        raise LongtailError(
            f"The table candidates of {night.as_of} has no product {item} for shopper {user}, which score scored.",
            "Run jobs/build_candidates.py and jobs/score.py for the date again.",
        )
    shoppers = read_shoppers(tables, night.as_of, inputs).where(F.col("user_id") == user).toArrow()
    side = read_item_side(night, night.as_of, champion.encoder_version, inputs)
    _, flat, block = block_of(rows, shoppers, pa.array(side.item_ids), inputs)
    return _Read(block, side, flat[place].as_py(), _of_date(tables, night.as_of, night.conf.plan.scored_as))


def _explained(read: _Read, scorer: Scorer, chance: float, version: str, suffix: str = "") -> PairExplanation:
    """The explanation by one model. suffix: of the names under which `score` recorded its level and season"""
    recorded, items = read.recorded, scorer.ranker.encode_items(read.side.items)
    season = float(recorded[f"season{suffix}"]) + float(recorded["extension"])
    explanation = scorer.explain(read.block, items, float(recorded[f"mean_level{suffix}"]), season)
    return PairExplanation(explanation, read.place, float(chance), version)


def _of_date(tables: Warehouse, as_of: date, policy: str) -> Mapping[str, str]:
    """mean_level, season and extension of each response, as the newest run of `score` for date and policy recorded."""
    of_policy = (
        run["decisions"]
        for run in reversed(done_runs(tables, "score"))
        if run["as_of"] == as_of and run["decisions"].get("policy") == policy
    )
    recorded: Mapping[str, str] | None = next(of_policy, None)
    if recorded is None:
        raise LongtailError(
            f"The table runs has no run of score for {as_of} and policy {policy}.",
            "Run jobs/score.py for the date again.",
        )
    return recorded
