"""The boosts of a shopper's own pairs, for shoppers with consent."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from jobs.runtime.logs import warning
from jobs.serving.client import (
    USER_EXPOSURE_VIEW,
    USER_FEATURES_VIEW,
    StorefrontClient,
    StorefrontUnavailable,
)

_CONSENT = f"{USER_FEATURES_VIEW}__consent_personalisation"


def shopper_boosts(client: StorefrontClient, user_id: str, as_of: date) -> Mapping[str, float] | None:
    """By item the boosts in the shopper's list of a night.

    None for a shopper without consent or without a list, where another night is live, and where the store is down.
    """
    try:
        row = client.user(user_id)
    except StorefrontUnavailable as error:
        warning("no boosts of shoppers", problem=str(error))
        return None
    as_of_list, item_ids, boosts = (
        row.get(f"{USER_EXPOSURE_VIEW}__{name}") for name in ("as_of", "item_ids", "boosts")
    )
    if row.get(_CONSENT) is not True or as_of_list != as_of.isoformat() or item_ids is None or boosts is None:
        return None
    return dict(zip(item_ids, boosts, strict=True))
