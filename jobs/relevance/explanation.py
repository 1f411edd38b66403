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
from jobs.execution.manifest import last_done
from jobs.execution.night import Night
from jobs.registry.active_models import model_store
from jobs.registry.models import Champion
from jobs.relevance.blocks import block_of, read_candidates, read_shoppers
from jobs.relevance.item_side import read_item_side
from jobs.runtime.errors import LongtailError
from jobs.tables.warehouse import Warehouse
from model.bundle import Bundle
from model.explanation import Base, Explanation
from model.scorer import Scorer

LARGEST_ERROR = 1e-4  # log-odds
_MOST_NAMED = 5  # candidates in a message


@dataclass(frozen=True)
class PairExplanation:
    """The explanation of one of the shopper's candidates.

    of_candidates: of the shopper, [1, C, names]; place: the product's among the candidates
    chance, model_version: as `relevance` has them
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


def explain_pair(night: Night, user: str, item: str) -> PairExplanation:
    """Explains a pair of `relevance` by the model that scored it.

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
    scorer = Bundle.load(champion.folder).scorer
    explanation, place = _explained(night, champion, scorer, user, item)
    pair = PairExplanation(explanation, place, float(written["relevance"]), champion.version)
    expected = float(logit(pair.chance))
    if abs(pair.log_odds - expected) > LARGEST_ERROR:
        raise LongtailError(
            f"The contributions for shopper {user} and product {item} sum to log-odds of {pair.log_odds:.4f}, and "
            f"score wrote {expected:.4f}: another step has written a table of {as_of} since.",
            again,
        )
    return pair


def _no_candidate(as_of: date, user: str, item: str, best: list[str]) -> LongtailError:
    if not best:
        return LongtailError(
            f"Shopper {user} has no candidates on {as_of}, so there is no chance to explain.",
            f"Run jobs/show.py --user {user}, which says what the shopper is shown.",
        )
    return LongtailError(
        f"Product {item} is not among the candidates of shopper {user} on {as_of}, so it has no chance to explain.",
        f"Name one of the candidates, such as {', '.join(best)}, or run jobs/show.py --item {item} for the product.",
    )


def _explained(night: Night, champion: Champion, scorer: Scorer, user: str, item: str) -> tuple[Explanation, int]:
    """The explanation of the shopper's candidates, and the place of the item among them."""
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
    of_date = _of_date(tables, night.as_of)
    season = float(of_date["season"]) + float(of_date["extension"])
    items = scorer.ranker.encode_items(side.items)
    return scorer.explain(block, items, float(of_date["mean_level"]), season), flat[place].as_py()


def _of_date(tables: Warehouse, as_of: date) -> Mapping[str, str]:
    """mean_level, season and extension that the newest run of `score` for the date recorded."""
    run = last_done(tables, "score", at=as_of)
    if run is None:
        raise LongtailError(f"The table runs has no run of score for {as_of}.", "Run jobs/score.py for the date again.")
    return run["decisions"]
