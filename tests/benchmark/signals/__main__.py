"""Recall of newly bought tail items by event types, in worlds with a known truth: python -m tests.benchmark.signals.

Every seed is a browsing world of its own (model.simulation.browsing). The first stage is trained as by
train_first_stage, on what was newly bought in a past period, and evaluated on the next period: recall@100 of the items
outside the head that a shopper newly buys, mean over shoppers with any, and the same of cold items alone, which were
viewed and never sold before the date. A signal has channels of its own, and ALS counts purchases; `in ALS` also counts
the events in ALS, by weights that are learnt in the past period. In the rows of noise the events of a signal are
of random items, at the same times by the same visitors. Differences are paired by world, with 95 % intervals (t).

--seeds 0 20 --save FILE adds the worlds' rows to a file; --report FILE prints the table of what was saved.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy import stats

from model.retrieval.candidates import sample_for_training, top_candidates
from model.retrieval.channels import negative_channels
from model.retrieval.event_weights import EventWeights, fitted_event_weights
from model.retrieval.first_stage import fit_first_stage
from model.retrieval.shoppers import PURCHASE
from model.retrieval.signal_channels import AFFINITY_OF
from model.simulation import event_log
from model.simulation.browsing import BrowsingWorld, browsing_world
from model.simulation.event_log import EventLog
from model.simulation.needs import browse
from tests.benchmark.signals.side import SETTINGS, Side, links_of_queries, side, with_factors, with_signals

USERS, ITEMS, HISTORY, HORIZON = 300, 2000, 140.0, 28.0
LISTED, LEAST_COLD, NEGATIVES = 100, 5, 100
L2 = 1e-3  # ten times first_stage.l2: it counts a row, and a world has hundreds of times fewer rows than a store
# The default channels, without those of stores, promotions, prices, titles and the encoder, which the worlds lack.
OF_PURCHASES = (
    "als", "text_history", "neighbours", "type_affinity", "type_loyalty", "type_recency", "type_variety",
    "type_novelty", "category_affinity", "category_novelty", "brand_type_affinity", "provider_category_affinity",
    "provider_category_loyalty", "popularity", "popularity_7d", "popularity_30d", "popularity_90d", "buyers",
    "repeat_rate", "share_of_type", "days_since_last_sale", "days_since_first_sale",
)  # fmt: skip
_OF_VIEWS = (
    "viewed", "viewed_type_affinity", "viewed_type_recency", "viewed_brand_type_affinity", "text_viewed", "session_knn",
    "session_knn_bought", "view_popularity", "viewers",
)  # fmt: skip
SIGNALS: Mapping[str, tuple[str, ...]] = {
    "views of known visitors": _OF_VIEWS,
    "views of anonymous visitors": _OF_VIEWS,
    "carts": ("carted", "carted_type_affinity", "carted_brand_type_affinity"),
    "favourites": ("wished", "wished_brand_type_affinity"),
    "searches": ("searched",),
    "returns and low ratings": (
        "regretted_brand_type_affinity", "regretted_provider_category_affinity", "regret_rate",
    ),
}  # fmt: skip
ALONE, ALL, IN_ALS, ALL_NOISE = "purchases alone", "all signals", "all signals, in ALS too", "noise for all signals"
SUM_ALONE = "all signals, in ALS alone"


@dataclass(frozen=True)
class Variant:
    """signals: those of the log; noise: those of them whose events are of random items
    in_als: whether events count in ALS; own_channels: whether signals have channels of their own
    """

    signals: tuple[str, ...]
    noise: tuple[str, ...] = ()
    in_als: bool = False
    own_channels: bool = True

    @property
    def channels(self) -> tuple[str, ...]:
        """Those of purchases and of the variant's signals, each once."""
        if not self.own_channels:
            return OF_PURCHASES
        return tuple(dict.fromkeys((*OF_PURCHASES, *(name for signal in self.signals for name in SIGNALS[signal]))))


VARIANTS: Mapping[str, Variant] = {
    ALONE: Variant(()),
    **{signal: Variant((signal,)) for signal in SIGNALS},
    ALL: Variant(tuple(SIGNALS)),
    SUM_ALONE: Variant(tuple(SIGNALS), in_als=True, own_channels=False),
    IN_ALS: Variant(tuple(SIGNALS), in_als=True),
    **{f"noise for {signal}": Variant((signal,), (signal,)) for signal in SIGNALS},
    ALL_NOISE: Variant(tuple(SIGNALS), tuple(SIGNALS), in_als=True),
}


def signalled(log: EventLog, variant: Variant, world: BrowsingWorld, seed: int) -> EventLog:
    """The log with the variant's signals alone, those of its noise made noise."""
    kinds = {
        "carts": (event_log.CART,), "favourites": (event_log.FAVOURITE,), "searches": (event_log.SEARCH,),
        "returns and low ratings": (event_log.RETURN, event_log.LOW_RATING),
    }  # fmt: skip
    for signal, of_signal in kinds.items():
        for kind in of_signal:
            if signal not in variant.signals:
                log = log.without(kind)
            elif signal in variant.noise:
                log = log.with_noise(kind, world.arrives, seed)
    known, unknown = "views of known visitors", "views of anonymous visitors"
    noisy = np.where(log.anonymous(event_log.VIEW), unknown in variant.noise, known in variant.noise)
    log = log.with_noise(event_log.VIEW, world.arrives, seed, noisy)
    anonymous = log.anonymous(event_log.VIEW)  # noise changes the order of events
    return log.without(event_log.VIEW, ~np.where(anonymous, unknown in variant.signals, known in variant.signals))


def measured(seed: int, names: Sequence[str]) -> dict[str, list[float]]:
    """recall@100 of the tail and of cold items by variant, with the targets of both."""
    world = browsing_world(seed, USERS, ITEMS, HISTORY)
    log = browse(world, HISTORY + HORIZON, seed)
    cuts = (HISTORY - HORIZON, HISTORY)
    bare = [side(world, log, cut, HORIZON) for cut in cuts]
    queries = links_of_queries(world, log)
    rows, purchases_alone = {}, EventWeights({PURCHASE: 1.0})
    factored = [with_factors(one, purchases_alone) for one in bare]
    for name in names:
        variant = VARIANTS[name]
        mine = signalled(log, variant, world, seed)
        past, now = (
            with_signals(one, mine, cut, variant.channels, queries) for one, cut in zip(factored, cuts, strict=True)
        )
        if variant.in_als:
            weights = learnt_weights(past)
            past, now = with_factors(past, weights), with_factors(now, weights)
        rows[name] = recalls(past, now, variant, seed)
    return rows


def learnt_weights(past: Side) -> EventWeights:
    """Weights of the event types by what was bought in the past period."""
    names = tuple(AFFINITY_OF.values())
    sample = sample_for_training(past.catalogue, past.shoppers, SETTINGS, names, past.targets, NEGATIVES, 1)
    return fitted_event_weights(dict(zip(AFFINITY_OF, sample.scores, strict=True)), sample.label)


def recalls(past: Side, now: Side, variant: Variant, seed: int) -> list[float]:
    """Recall of the tail and of cold items, and how many shoppers have such targets."""
    channels = variant.channels
    sample = sample_for_training(past.catalogue, past.shoppers, SETTINGS, channels, past.targets, NEGATIVES, seed)
    model = fit_first_stage(
        channels, sample.scores, sample.label, sample.weight, L2, "past", negative_channels(channels),
        {signal: SIGNALS[signal] for signal in variant.signals if variant.own_channels},
    )  # fmt: skip
    wanted = np.array([place for place, user in enumerate(now.shoppers.user_ids) if str(user) in now.targets])
    people = now.shoppers.take(wanted)
    best = top_candidates(now.catalogue, people, SETTINGS, model, LISTED, True, LEAST_COLD)
    recall, recall_of_cold = [], []
    for place, user in enumerate(people.user_ids):
        targets = now.targets[str(user)]
        hit = np.isin(targets, best.eligible[best.start[place] : best.start[place + 1]])
        recall.append(hit.mean())
        if (is_cold := now.catalogue.cold[targets]).any():
            recall_of_cold.append(hit[is_cold].mean())
    return [float(np.mean(recall)), float(np.mean(recall_of_cold)), len(recall), len(recall_of_cold)]


def table(rows: Mapping[str, Mapping[str, Sequence[float]]]) -> str:
    """The rows of all worlds, by seed and variant, as text."""
    alone = np.array([world[ALONE] for world in rows.values()])
    lines = [
        f"{len(rows)} worlds; {alone[:, 2].mean():.0f} shoppers with targets, {alone[:, 3].mean():.0f} with cold ones"
    ]
    for name in VARIANTS:
        if all(name in world for world in rows.values()):
            mine = np.array([world[name] for world in rows.values()])
            change = 100 * (mine[:, 0] / alone[:, 0] - 1)
            half = (
                stats.t.ppf(0.975, len(rows) - 1) * change.std(ddof=1) / len(rows) ** 0.5 if len(rows) > 1 else np.nan
            )
            lines.append(
                f"{name:40s} {mine[:, 0].mean():.4f} {change.mean():+6.1f} ± {half:4.1f} %   "
                f"cold {mine[:, 1].mean():.4f}"
            )
    return "\n".join(lines)


def main() -> None:
    """Measures the worlds and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, nargs=2, default=(0, 20), help="first, and first not measured")
    parser.add_argument("--save", type=Path, help="adds the rows of each world to this file, and skips those it has")
    parser.add_argument("--report", type=Path, help="prints what was saved, and measures nothing")
    parser.add_argument("--variants", nargs="*", default=list(VARIANTS))
    args = parser.parse_args()
    path = args.report or args.save
    rows = json.loads(path.read_text(encoding="utf-8")) if path and path.exists() else {}
    for seed in range(*args.seeds) if not args.report else ():
        if str(seed) in rows:
            continue
        rows[str(seed)] = measured(seed, args.variants)
        print(f"world {seed} measured", flush=True)
        if args.save:
            args.save.write_text(json.dumps(rows), encoding="utf-8")
    print(table(rows))


if __name__ == "__main__":
    main()
