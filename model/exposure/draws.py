"""What the draw of the exploration slots showed and could have shown: the effect of being shown is learnt from it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from model.exposure.hashed_random import mixed, uniform
from model.exposure.runs import place_in_run

# A pair that is certain to be drawn has no counterpart that was not.
_CERTAIN = 0.999
_OF_USERS, _OF_PAIRS = np.uint64(0x5851F42D4C957F2D), np.uint64(0x14057B7EF767814F)


@dataclass(frozen=True)
class Recording:
    """alternatives: most pairs a user that were not drawn and are recorded; share: of the users, drawn by a hash."""

    alternatives: int
    share: float


@dataclass(frozen=True)
class Draws:
    """Pairs that were drawn, and a simple random sample of those that were not, of the same users.

    user, pair: int (records), sorted; propensity: float64 (records) in (0, 1), of being drawn; drawn: bool (records)
    weight: float64 (records) >= 1, the pairs of the user that one represents: 1 where drawn
    """

    user: np.ndarray
    pair: np.ndarray
    propensity: np.ndarray
    drawn: np.ndarray
    weight: np.ndarray


NO_DRAWS = Draws(*(np.zeros(0, dtype=kind) for kind in (np.int64, np.int64, np.float64, np.bool_, np.float64)))


def joined_draws(parts: Sequence[Draws], first_user: np.ndarray, first_pair: np.ndarray) -> Draws:
    """The records of all shards, in their order, with users and pairs numbered over all of them.

    first_user, first_pair: int (shards), numbers of the first user and pair of each shard
    """
    shards = list(zip(parts, first_user.tolist(), first_pair.tolist(), strict=True))
    return Draws(
        user=np.concatenate([part.user + user for part, user, _ in shards]),
        pair=np.concatenate([part.pair + pair for part, _, pair in shards]),
        propensity=np.concatenate([part.propensity for part in parts]),
        drawn=np.concatenate([part.drawn for part in parts]),
        weight=np.concatenate([part.weight for part in parts]),
    )


def recorded_draws(
    user: np.ndarray,
    pair: np.ndarray,
    propensity: np.ndarray,
    chosen: np.ndarray,
    recording: Recording,
    user_seed: np.ndarray,
    pair_seed: np.ndarray,
) -> Draws:
    """The record of a draw.

    user, pair: int (support), sorted; propensity: float64 (support); chosen: int (drawn pairs)
    user_seed, pair_seed: uint64 (users), (pairs); they are mixed, so that the sample is independent of the draw
    """
    of_users = uniform(user_seed ^ _OF_USERS) < recording.share
    able = of_users[user] & (propensity < _CERTAIN)
    pair, user, propensity = pair[able], user[able], propensity[able]
    drawn = np.isin(pair, chosen)
    order = np.lexsort((mixed(pair_seed[pair] ^ _OF_PAIRS), drawn, user))
    place = np.empty(len(pair), dtype=np.int64)
    # Within a user those that were not drawn come first, shuffled.
    place[order] = place_in_run(user[order])
    missed = np.bincount(user, ~drawn, minlength=len(user_seed))[user]
    recorded = drawn | (place < recording.alternatives)
    weight = np.where(drawn, 1.0, missed / np.minimum(np.maximum(missed, 1.0), max(recording.alternatives, 1)))
    return Draws(user[recorded], pair[recorded], propensity[recorded], drawn[recorded], weight[recorded])
