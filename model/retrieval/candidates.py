"""Top candidates of a block of shoppers, and the sample that the first stage is trained on."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np

from model.retrieval.catalogue import Catalogue
from model.retrieval.channels import score_channels
from model.retrieval.first_stage import FirstStage
from model.retrieval.scores import pick
from model.retrieval.settings import ChannelSettings
from model.retrieval.shoppers import Shoppers


@dataclass(frozen=True)
class Candidates:
    """Ragged top lists: those of shopper u are [start[u], start[u + 1]), best first; `channel_scores` is [rows, k]."""

    start: np.ndarray
    eligible: np.ndarray  # position among the eligible items
    score: np.ndarray
    channel_scores: np.ndarray


def top_candidates(
    catalogue: Catalogue, shoppers: Shoppers, settings: ChannelSettings, first_stage: FirstStage, top: int,
    exclude_bought: bool, least_cold: int = 0,
) -> Candidates:  # fmt: skip
    """The `top` eligible items of each shopper by the first stage, ties in the order of the catalogue.

    Among them are at least `least_cold` cold items, as far as there are any: floors for them need a choice of them, and
    nothing is ever learnt of an item that never becomes a candidate.
    """
    channels = score_channels(catalogue, shoppers, settings, first_stage.channels)
    score = first_stage.score(channels)
    allowed = np.ones(score.shape, dtype=bool)
    if exclude_bought:
        allowed[_bought(catalogue, shoppers)] = False
    score = np.where(allowed, score, -np.inf)
    keep = min(top, score.shape[1])
    # The bar admits ties; the stable sort then settles them, so that nothing depends on partition's own order.
    bar = np.partition(score, -keep, axis=1)[:, -keep]
    lists = []
    for user in range(len(shoppers)):
        above = np.flatnonzero((score[user] >= bar[user]) & allowed[user])
        best = above[np.argsort(-score[user, above], kind="stable")][:keep]
        lists.append(_with_cold(best, score[user], allowed[user] & catalogue.cold, min(least_cold, keep), keep))
    start = np.concatenate([[0], np.cumsum([len(one) for one in lists])]).astype(np.int64)
    eligible = np.concatenate(lists) if lists else np.zeros(0, dtype=np.int64)
    row = np.repeat(np.arange(len(shoppers)), np.diff(start))
    return Candidates(start, eligible, score[row, eligible].astype(np.float64), pick(channels, row, eligible).T)


def _with_cold(best: np.ndarray, score: np.ndarray, cold: np.ndarray, least: int, keep: int) -> np.ndarray:
    """At most `keep` by falling score: `best` with its last warm items replaced until `least` are cold."""
    missing = least - int(cold[best].sum())
    if missing <= 0:
        return best
    absent = cold.copy()
    absent[best] = False
    others = np.flatnonzero(absent)
    if len(others) > missing:
        others = others[score[others] >= np.partition(score[others], -missing)[-missing]]
    added = others[np.argsort(-score[others], kind="stable")][:missing]
    warm = np.flatnonzero(~cold[best])
    excess = max(len(best) + len(added) - keep, 0)
    kept = np.concatenate([np.delete(best, warm[len(warm) - excess :]), added])
    return kept[np.argsort(-score[kept], kind="stable")]


@dataclass(frozen=True)
class Sample:
    """Rows to train the first stage on: raw channel scores [k, rows], label, and the pairs each row stands for."""

    scores: np.ndarray
    label: np.ndarray
    weight: np.ndarray


def sample_for_training(
    catalogue: Catalogue, shoppers: Shoppers, settings: ChannelSettings, channels: tuple[str, ...],
    positives: dict[str, np.ndarray], negatives: int, seed: int,
) -> Sample:  # fmt: skip
    """Positives of each shopper who has any, and uniform negatives among what the shopper has not bought.

    `positives` maps a shopper to positions among the eligible items. Which negatives are drawn depends on the shopper
    and the seed alone.
    """
    scores = score_channels(catalogue, shoppers, settings, channels)
    own = _bought(catalogue, shoppers)
    picked_rows, picked, labels, weights = [], [], [], []
    for row, user in enumerate(shoppers.user_ids):
        wanted = np.asarray(positives.get(str(user), ()), dtype=np.int64)
        wanted = wanted[~own[row, wanted]]
        if not len(wanted):
            continue
        open_to = ~own[row]
        open_to[wanted] = False
        rest = np.flatnonzero(open_to)
        digest = hashlib.sha256(f"{seed}/{user}".encode()).digest()
        generator = np.random.default_rng(int.from_bytes(digest[:8], "little"))
        drawn = generator.choice(rest, size=min(negatives, len(rest)), replace=False)
        picked_rows.append(np.full(len(wanted) + len(drawn), row))
        picked.append(np.concatenate([wanted, drawn]))
        labels.append(np.concatenate([np.ones(len(wanted)), np.zeros(len(drawn))]))
        weights.append(np.concatenate([np.ones(len(wanted)), np.full(len(drawn), len(rest) / max(len(drawn), 1))]))
    if not picked:
        empty = np.zeros(0, dtype=np.float32)
        return Sample(np.zeros((len(channels), 0), dtype=np.float32), empty, empty)
    rows, columns = np.concatenate(picked_rows), np.concatenate(picked)
    return Sample(
        pick(scores, rows, columns),
        np.concatenate(labels).astype(np.float32),
        np.concatenate(weights).astype(np.float32),
    )


def _bought(catalogue: Catalogue, shoppers: Shoppers) -> np.ndarray:
    """[b, n] whether the shopper bought the eligible item."""
    return shoppers.bought(len(catalogue.item_ids))[:, catalogue.eligible].toarray() > 0
