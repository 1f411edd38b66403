"""What features of pairs add to the second stage in simulated stores: python -m tests.benchmark.signals.second_stage.

Every seed is a browsing world of its own. The first stage ranks by purchases alone and is trained on one past period,
the second stage (trees and fusion model) on the next one, and both are evaluated on the one after it: recall@20 of the
items outside the head that a shopper newly buys, among the 200 best of the first stage. In the rows of noise, views,
carts and favourites are of random items. Differences are paired by world, with 95 % intervals (t).
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from scipy import stats

from model.fusion.ensemble import Ensemble
from model.fusion.inputs import PADDING, Block, Items, feature_matrix
from model.fusion.ranker import RankerInputs
from model.fusion.signals import PAIR_FEATURES
from model.fusion.training import FusionSettings, Period, fit_ranker
from model.fusion.trees import TreeSettings, fit_trees
from model.retrieval.candidates import sample_for_training, top_candidates
from model.retrieval.event_weights import EventWeights
from model.retrieval.first_stage import FirstStage, fit_first_stage
from model.retrieval.shoppers import PURCHASE
from model.simulation import event_log
from model.simulation.browsing import browsing_world
from model.simulation.event_log import EventLog
from model.simulation.needs import browse
from tests.benchmark.signals.__main__ import L2, NEGATIVES, OF_PURCHASES
from tests.benchmark.signals.side import SETTINGS, Side, side, with_factors

USERS, ITEMS, HORIZON, CUTS = 300, 2000, 28.0, (112.0, 140.0, 168.0)
CANDIDATES, LISTED = 200, 20
# The worlds have no exposures and no clicks, and a returned item is bought, so that it is no candidate.
PAIRS = tuple(name for name in PAIR_FEATURES if not name.startswith(("pair_clicks", "pair_unanswered", "pair_returns")))
_EVENTS = {"views": event_log.VIEW, "carts": event_log.CART, "favourites": event_log.FAVOURITE}
FUSION = FusionSettings(
    width=32, heads=2, layers=1, dropout=0.1, epochs=3, users_per_batch=32, negatives_per_user=96, learning_rate=1e-3,
    weight_decay=1e-4, loss="softmax", seed=1, threads=1,
)  # fmt: skip
TREES = TreeSettings(
    rounds=120, leaves=15, leaf_rows=100, learning_rate=0.05, l2=10.0, feature_share=0.4, row_share=0.7,
    negatives_share=0.5, seed=1, threads=1,
)  # fmt: skip


@dataclass(frozen=True)
class Dated:
    """A date with its first stage's candidates; `period` without features of pairs."""

    cut: float
    one: Side
    period: Period


def measured(seed: int) -> Mapping[str, float]:
    """recall@20 without features of pairs, with them, and with those of noise."""
    world = browsing_world(seed, USERS, ITEMS, CUTS[-1])
    log = browse(world, CUTS[-1] + HORIZON, seed)
    noise = log
    for kind in _EVENTS.values():
        noise = noise.with_noise(kind, world.arrives, seed)
    weights = EventWeights({PURCHASE: 1.0})
    first_cut, *cuts = (with_factors(side(world, log, cut, HORIZON), weights) for cut in CUTS)
    first = _first_stage(first_cut, seed)
    train, test = (_dated(cut, one, first) for cut, one in zip(CUTS[1:], cuts, strict=True))
    rows = {"without": _recall(train, test, None)}
    return rows | {name: _recall(train, test, some) for name, some in (("with", log), ("noise", noise))}


def _first_stage(past: Side, seed: int) -> FirstStage:
    sample = sample_for_training(past.catalogue, past.shoppers, SETTINGS, OF_PURCHASES, past.targets, NEGATIVES, seed)
    return fit_first_stage(OF_PURCHASES, sample.scores, sample.label, sample.weight, L2, "past")


def _dated(cut: float, one: Side, first: FirstStage) -> Dated:
    best = top_candidates(one.catalogue, one.shoppers, SETTINGS, first, CANDIDATES, True)
    count = np.diff(best.start)
    row, shape = np.repeat(np.arange(len(count)), count), (len(count), int(count.max()))
    flat = row * shape[1] + np.arange(len(row)) - best.start[row]

    def placed(values: np.ndarray, padding: float) -> np.ndarray:
        full = np.full((shape[0] * shape[1], *values.shape[1:]), padding, dtype=values.dtype)
        full[flat] = values
        return full.reshape(*shape, *values.shape[1:])

    candidates = placed(one.catalogue.eligible[best.eligible].astype(np.int32), PADDING)
    wanted = np.zeros(candidates.shape, dtype=bool)
    for place, user in enumerate(one.shoppers.user_ids):
        targets = one.targets.get(str(user), np.zeros(0, dtype=np.int64))
        wanted[place] = np.isin(candidates[place], one.catalogue.eligible[targets])
    people, length = one.shoppers, 20
    history = np.full((len(people), length), PADDING, dtype=np.int32)
    days = np.zeros(history.shape, dtype=np.float32)
    for place, (begin, end) in enumerate(zip(people.start[:-1], people.start[1:], strict=True)):
        some = slice(begin, min(end, begin + length))
        history[place, : some.stop - begin], days[place, : some.stop - begin] = people.item[some], people.days_ago[some]
    block = Block(
        history=history, days_ago=days, event_types=np.ones(history.shape, dtype=np.int32),
        user_features=np.log1p(np.diff(people.start))[:, None].astype(np.float32), candidates=candidates,
        channel_scores=placed(best.channel_scores.astype(np.float32), 0.0),
        first_stage_score=placed(best.score.astype(np.float32), 0.0),
        pair_features=np.zeros((*shape, 0), dtype=np.float32),
    )  # fmt: skip
    age = np.log1p(np.zeros((len(one.catalogue.item_ids), 1), dtype=np.float32))
    items = Items(age, one.catalogue.text, one.catalogue.text_row)
    return Dated(cut, one, Period(items, block, wanted))


def _recall(train: Dated, test: Dated, log: EventLog | None) -> float:
    names = () if log is None else PAIRS
    inputs = RankerInputs(OF_PURCHASES, ("price_mean_90d",), ("purchases_count_life",), 20, pair_features=names)
    past, now = (dated.period if log is None else _with_pairs(dated, log) for dated in (train, test))
    ranker = fit_ranker([past], inputs, FUSION)
    ensemble = Ensemble(ranker, fit_trees([past], ranker, TREES))
    logits = ensemble.predict(now.block, ranker.encode_items(now.items))
    best = np.argsort(-logits, axis=1, kind="stable")[:, :LISTED]
    hits = np.take_along_axis(now.responded, best, axis=1).sum(axis=1)
    targets = np.array([len(test.one.targets.get(str(user), ())) for user in test.one.shoppers.user_ids])
    return float((hits[targets > 0] / targets[targets > 0]).mean())


def _with_pairs(dated: Dated, log: EventLog) -> Period:
    block, cut = dated.period.block, dated.cut
    users = np.array([int(str(user)[1:]) for user in dated.one.shoppers.user_ids])
    keys = users[:, None] * ITEMS + np.maximum(block.candidates, 0)
    columns: dict[str, np.ndarray] = {}
    for what, kind in _EVENTS.items():
        events, user = log.events[kind], log.known_user(kind, cut)
        of_pair, ago = user * ITEMS + events.item, cut - events.time
        for name in PAIRS:
            days = 90.0 if name.startswith("days_since") else float(name.split("_")[-1][:-1])
            mine = (user >= 0) & (ago > 0) & (ago <= days)
            if name.startswith(f"pair_{what}_"):
                pairs, count = np.unique(of_pair[mine], return_counts=True)
                columns[name] = _looked_up(keys, pairs, count.astype(np.float64), 0.0)
            elif name == f"days_since_pair_{what[:-1]}":
                order = np.lexsort((ago[mine], of_pair[mine]))
                pairs, newest = np.unique(of_pair[mine][order], return_index=True)
                columns[name] = _looked_up(keys, pairs, ago[mine][order][newest], 9999.0)
    matrix = feature_matrix(PAIRS, {name: column.reshape(-1) for name, column in columns.items()})
    pairs = np.where(block.listed[..., None], matrix.reshape(*keys.shape, -1), 0.0).astype(np.float32)
    return replace(dated.period, block=replace(block, pair_features=pairs))


def _looked_up(keys: np.ndarray, known: np.ndarray, values: np.ndarray, default: float) -> np.ndarray:
    if not len(known):
        return np.full(keys.shape, default)
    place = np.minimum(np.searchsorted(known, keys), len(known) - 1)
    return np.where(known[place] == keys, values[place], default)


def main() -> None:
    """Measures the worlds and prints a row a variant."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, nargs=2, default=(0, 6), help="first, and first not measured")
    args = parser.parse_args()
    rows = []
    for seed in range(*args.seeds):
        rows.append(measured(seed))
        print(seed, {name: round(value, 4) for name, value in rows[-1].items()}, flush=True)
    for name in rows[0]:
        change = np.array([100 * (row[name] / row["without"] - 1) for row in rows])
        half = stats.t.ppf(0.975, len(rows) - 1) * change.std(ddof=1) / len(rows) ** 0.5 if len(rows) > 1 else np.nan
        print(f"{name:10s} {np.mean([row[name] for row in rows]):.4f} {change.mean():+6.1f} ± {half:4.1f} %")


if __name__ == "__main__":
    main()
