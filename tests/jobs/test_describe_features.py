"""The catalogue page names every feature with what is declared."""

from __future__ import annotations

from datetime import date

from features.declarations import ITEM_FEATURES, PAIR_FEATURES, USER_FEATURES
from jobs.describe_features import catalogue_page


def test_every_feature_has_a_row_with_its_declaration_and_share() -> None:
    page = catalogue_page(date(2017, 12, 1), {"item_features.purchases_count_28d": 0.625})
    rows = [line for line in page.splitlines() if line.startswith("| `")]
    declared = (*ITEM_FEATURES, *USER_FEATURES, *PAIR_FEATURES)
    assert len(rows) == len(declared)
    for row, feature in zip(rows, declared, strict=True):
        assert row.startswith(f"| `{feature.name}` | {feature.meaning} |")
        assert row.endswith(f"| {feature.freshness} | {feature.owner} |")
    (row,) = (row for row in rows[: len(ITEM_FEATURES)] if row.startswith("| `purchases_count_28d`"))
    assert "| 28d | `daily_item.purchases_count` | bigint | 0 | 62.5% |" in row
