"""Top candidates of a block of shoppers, and the sample that the first stage is trained on."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np

from model.retrieval.catalogue import Catalogue
from model.retrieval.catalogue_parts import parts_of
from model.retrieval.channels import score_channels
from model.retrieval.first_stage import FirstStage
from model.retrieval.scores import pick
from model.retrieval.settings import ChannelSettings
from model.retrieval.shoppers import Shoppers

_GROUP_ITEMS = 16
_GROUPS_PER_KEPT = 4  # with fewer, best items share groups, and the bar admits many more than are kept


@dataclass(frozen=True)
class Candidates:
    """Ragged top lists: those of shopper u are [start[u], start[u + 1]), best first; `channel_scores` is [rows, k]."""

    start: np.ndarray
    eligible: np.ndarray  # position among the eligible items
    score: np.ndarray
    channel_scores: np.ndarray


def top_candidates(
    catalogue: Catalogue, shoppers: Shoppers, settings: ChannelSettings, first_stage: FirstStage, top: int,
    exclude_bought: bool, least_cold: int = 0, items_at_once: int | None = None,
) -> Candidates:  # fmt: skip
    """The `top` eligible items of each shopper by the first stage, ties in the order of the catalogue.

    At least `least_cold` of them are cold, if there are so many: floors for cold items need a choice, and nothing is
    learnt about an item that is never a candidate. More than `items_at_once` eligible items are scored in parts, and
    the best of the parts are merged, which bounds the memory of a block.
    """
    bought = _bought(catalogue, shoppers) if exclude_bought else None
    least = min(least_cold, top)
    parts = [
        _of_part(part, begin, shoppers, settings, first_stage, bought, (top, least))
        for begin, part in parts_of(catalogue, items_at_once, first_stage.channels)
    ]
    user, eligible, score, channel_scores = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    ranked = np.lexsort((eligible, -score, user))
    user_of, cold = user[ranked], catalogue.cold[eligible[ranked]]
    bounds = np.searchsorted(user_of, np.arange(len(shoppers) + 1))
    first = np.arange(len(ranked)) - bounds[user_of] < top
    few = np.bincount(user_of[first], cold[first], minlength=len(shoppers)) < least
    lists = [ranked[first & ~few[user_of]]]
    for place in np.flatnonzero(few):
        own = slice(bounds[place], bounds[place + 1])
        best = np.flatnonzero(first[own])
        lists.append(ranked[own][_with_cold(best, score[ranked[own]], cold[own], least, top)])
    chosen = np.concatenate(lists)
    chosen = chosen[np.argsort(user[chosen], kind="stable")]
    start = np.concatenate([[0], np.cumsum(np.bincount(user[chosen], minlength=len(shoppers)))]).astype(np.int64)
    return Candidates(start, eligible[chosen], score[chosen].astype(np.float64), channel_scores[chosen])


def _of_part(
    part: Catalogue, begin: int, shoppers: Shoppers, settings: ChannelSettings, first_stage: FirstStage,
    bought: tuple[np.ndarray, np.ndarray] | None, most: tuple[int, int],
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:  # fmt: skip
    """Rows of shoppers, eligible items, scores and channel scores of all that can be among the best overall.

    These are each shopper's best items of the part and, where too few of them are cold, its best cold ones; unordered.
    """
    channels = score_channels(part, shoppers, settings, first_stage.channels)
    score = first_stage.score(channels)
    if bought is not None:
        inside = (bought[1] >= begin) & (bought[1] < begin + score.shape[1])
        score[bought[0][inside], bought[1][inside] - begin] = -np.inf
    keep = min(most[0], score.shape[1])
    row, column = np.divmod(np.flatnonzero(score >= _bar(score, keep)[:, None]), score.shape[1])
    row, column = _first_of_each(row, column, score[row, column], keep)
    few = np.bincount(row, part.cold[column], minlength=len(shoppers)) < most[1]
    for user in np.flatnonzero(few):
        own = row == user
        added = np.setdiff1d(_best(score[user], np.flatnonzero(part.cold), most[1]), column[own])
        row, column = np.append(row, np.full(len(added), user)), np.append(column, added)
    return row, column + begin, score[row, column], pick(channels, row, column).T


def _bar(score: np.ndarray, keep: int) -> np.ndarray:
    """[b] a score that at least `keep` items of each row reach, and few more.

    It is the keep-th largest maximum of groups of items: `keep` groups hold one item each that reaches it, and
    finding maxima costs far less than ordering scores. It admits ties; a stable sort then settles them, so that the
    result does not depend on the order of np.partition.
    """
    groups = score.shape[1] // _GROUP_ITEMS
    if groups < _GROUPS_PER_KEPT * keep:
        return np.asarray(np.partition(score, -keep, axis=1)[:, -keep])
    largest = score[:, : groups * _GROUP_ITEMS].reshape(len(score), _GROUP_ITEMS, groups).max(axis=1)
    return np.asarray(np.partition(largest, -keep, axis=1)[:, -keep])


def _first_of_each(row: np.ndarray, column: np.ndarray, score: np.ndarray, keep: int) -> tuple[np.ndarray, np.ndarray]:
    """At most `keep` of each row by falling score, equal ones in their order, without excluded ones."""
    allowed = score > -np.inf
    row, column = row[allowed], column[allowed]
    ranked = np.lexsort((-score[allowed], row))
    row, column = row[ranked], column[ranked]
    place = np.arange(len(row)) - np.searchsorted(row, row)
    return row[place < keep], column[place < keep]


def _best(score: np.ndarray, among: np.ndarray, most: int) -> np.ndarray:
    """At most `most` of the places by falling score, without excluded ones."""
    allowed = among[score[among] > -np.inf]
    if len(allowed) > most:
        allowed = allowed[score[allowed] >= np.partition(score[allowed], -most)[-most]]
    return allowed[np.argsort(-score[allowed], kind="stable")][:most]


def _with_cold(best: np.ndarray, score: np.ndarray, cold: np.ndarray, least: int, keep: int) -> np.ndarray:
    """At most `keep` by falling score: `best` with its last warm items replaced until `least` are cold."""
    missing = least - int(cold[best].sum())
    if missing <= 0:
        return best
    absent = cold.copy()
    absent[best] = False
    others = np.flatnonzero(absent)
    added = _best(score, others, missing)
    warm = np.flatnonzero(~cold[best])
    excess = max(len(best) + len(added) - keep, 0)
    chosen = np.concatenate([np.delete(best, warm[len(warm) - excess :]), added])
    return chosen[np.argsort(-score[chosen], kind="stable")]


@dataclass(frozen=True)
class Sample:
    """Training rows of the first stage: raw channel scores [k, rows], label, and how many pairs each represents."""

    scores: np.ndarray
    label: np.ndarray
    weight: np.ndarray


def sample_for_training(
    catalogue: Catalogue, shoppers: Shoppers, settings: ChannelSettings, channels: tuple[str, ...],
    positives: dict[str, np.ndarray], negatives: int, seed: int, items_at_once: int | None = None,
) -> Sample:  # fmt: skip
    """Positives of each shopper who has any, and uniform negatives among what the shopper has not bought.

    `positives` maps a shopper to positions among the eligible items. Which negatives are drawn depends on the shopper
    and the seed alone. Items are scored in parts as by `top_candidates`.
    """
    own = np.zeros((len(shoppers), len(catalogue.eligible)), dtype=bool)
    own[_bought(catalogue, shoppers)] = True
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
    scores = np.empty((len(channels), len(rows)), dtype=np.float32)
    for begin, part in parts_of(catalogue, items_at_once, channels):
        inside = (columns >= begin) & (columns < begin + len(part.eligible))
        of_part = score_channels(part, shoppers, settings, channels)
        scores[:, inside] = pick(of_part, rows[inside], columns[inside] - begin)
    return Sample(
        scores,
        np.concatenate(labels).astype(np.float32),
        np.concatenate(weights).astype(np.float32),
    )


def _bought(catalogue: Catalogue, shoppers: Shoppers) -> tuple[np.ndarray, np.ndarray]:
    """Rows of shoppers and positions among the eligible items of what each has bought."""
    position = np.full(len(catalogue.item_ids), -1, dtype=np.int64)
    position[catalogue.eligible] = np.arange(len(catalogue.eligible))
    of_purchase = position[shoppers.item]
    known = of_purchase >= 0
    return shoppers.row[known], of_purchase[known]
