"""Assignment of shoppers to the arms of a test."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from model.exposure.hashed_random import seeds_of


def arms_of(user_ids: Iterable[str], shares: Mapping[str, float], salt: str) -> np.ndarray:
    """Names (users) of the arms: a BLAKE2 hash of salt and user_id, mapped to the arms by their shares.

    It depends on salt, user and shares alone, so a shopper stays in an arm whoever else comes. Another salt assigns
    independently, so that two tests do not interfere. Raises ValueError unless shares are positive and sum
    to 1.
    """
    share = np.array(list(shares.values()), dtype=np.float64)
    if not len(share) or np.any(share <= 0) or abs(share.sum() - 1.0) > 1e-9:
        raise ValueError(f"The shares of the arms are {list(share)}; they have to be above 0 and to sum to 1.")
    place = (seeds_of(user_ids, "arm", salt) >> np.uint64(11)).astype(np.float64) * 2.0**-53
    return np.array(list(shares))[np.searchsorted(np.cumsum(share)[:-1], place, side="right")]
