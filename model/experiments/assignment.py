"""Which arm of a test a shopper is in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from model.exposure.hashed_random import seeds_of


def arms_of(user_ids: Iterable[str], shares: Mapping[str, float], salt: str) -> np.ndarray:
    """Names (users) of their arms: a BLAKE2 hash of salt and user_id, laid over the arms in their order.

    It depends on nothing but salt, user and shares, so a shopper stays in an arm however the others change. Another
    salt draws anew, independently, which keeps two tests apart. Raises ValueError unless shares are positive and sum
    to 1.
    """
    share = np.array(list(shares.values()), dtype=np.float64)
    if not len(share) or np.any(share <= 0) or abs(share.sum() - 1.0) > 1e-9:
        raise ValueError(f"The shares of the arms are {list(share)}; they have to be above 0 and to sum to 1.")
    place = (seeds_of(user_ids, "arm", salt) >> np.uint64(11)).astype(np.float64) * 2.0**-53
    return np.array(list(shares))[np.searchsorted(np.cumsum(share)[:-1], place, side="right")]
