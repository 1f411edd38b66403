"""The spread of delivered exposure."""

from __future__ import annotations

import pandas as pd
import pytest

from features.health.delivered import delivered_health


def test_shares_coverage_and_items_never_logged() -> None:
    items = pd.DataFrame(
        {
            "item_id": list("abcd"),
            "segment": ["tail", "tail", "cold", "cold"],
            "delivered": [6.0, 0.0, 2.0, 0.0],
            "was_logged": [True, True, True, False],
        }
    )
    figures = {(name, segment): value for name, segment, value in delivered_health(items)}
    assert figures["delivered_share", "tail"] == 0.75
    assert figures["delivered_coverage_share", "all"] == 0.5
    assert figures["never_logged_28d_count", "all"] == 1
    assert figures["never_logged_28d_count", "tail"] == 0
    # 2 (3 * 2 + 4 * 6) / (4 * 8) - 5 / 4
    assert figures["delivered_gini", "all"] == pytest.approx(0.625)


def test_without_delivered_exposure_there_is_no_share() -> None:
    items = pd.DataFrame({"item_id": ["a"], "segment": ["tail"], "delivered": [0.0], "was_logged": [False]})
    names = {name for name, _, _ in delivered_health(items)}
    assert names == {"delivered_coverage_share", "never_logged_28d_count"}
