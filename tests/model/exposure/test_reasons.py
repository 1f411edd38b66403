"""Reasons in words."""

from __future__ import annotations

import pytest

from model.exposure.phrases import LOW_PHRASES, PHRASES, phrase_of
from model.exposure.reasons import EXPLORED, raised_by, reason_of
from model.fusion.inputs import ITEM_FEATURES, columns_of
from model.retrieval.channels import ALL_CHANNELS


@pytest.mark.parametrize(
    ("name", "phrase"),
    [
        ("type_affinity", "Bought this type before"),
        ("visits_share_28d", "High visits share 28d"),
        ("low:visits_share_28d", "Low visits share 28d"),
        ("days_since_listed", "Long in the shop"),
        ("low:days_since_listed", "New in the shop"),
        ("", "Relevant on the whole"),
        (None, "Relevant on the whole"),
    ],
)
def test_phrase(name: str | None, phrase: str) -> None:
    assert phrase_of(name) == phrase


def test_reason() -> None:
    lifted = reason_of("type_affinity", raised_by("new_items"))
    assert lifted == "Bought this type before; lifted by the floor for new_items"
    assert reason_of("als", "", EXPLORED).endswith("baskets; drawn at random to learn about it") is False
    assert reason_of("als") == phrase_of("als")


def test_every_channel_and_every_feature_of_an_item_has_a_phrase() -> None:
    assert {*ALL_CHANNELS, *columns_of(ITEM_FEATURES)} - {"segment"} <= {*PHRASES}
    assert {*columns_of(ITEM_FEATURES)} - {"segment"} <= {*LOW_PHRASES}
