"""Which items may enter the lists, and category paths that are written in another way."""

from __future__ import annotations

import pandas as pd
import pytest

from jobs.planning.catalogue.eligibility import why_excluded
from jobs.planning.merchandising import NONE, Merchandising, MerchandisingRule
from tests.jobs.planning.plans import plan_with

ITEMS = pd.DataFrame(
    {
        "item_id": ["a", "b", "c", "d", "e"],
        "category": ["Alcohol>Wine", "alcohol  >  Beer", "Alcohol", "Alcoholfree > Wine", None],
        "segment": ["tail"] * 5,
        "is_eligible": [True] * 5,
    }
)


@pytest.mark.parametrize(
    ("path", "excluded"),
    [
        ("Alcohol", ["a", "b", "c"]),
        ("Alcohol > Wine", ["a"]),
        ("alcohol>wine", ["a"]),
        ("Alcohol > Beer", ["b"]),
        ("Alcohl", []),
        ("Wine", []),  # a path begins at its first level
    ],
)
def test_a_sensitive_category_is_recognised_however_its_path_is_written(path: str, excluded: list[str]) -> None:
    why = why_excluded(plan_with(sensitive_categories=[path], segments=["tail"]), ITEMS, NONE)
    assert ITEMS.loc[why != "", "item_id"].tolist() == excluded


def test_every_cause_is_named() -> None:
    ban = MerchandisingRule(2, "b", "ban", 0.0, None, None, "Ben")
    items = ITEMS.assign(segment=["tail", "tail", "head", "", "tail"], is_eligible=[True, True, True, True, False])
    why = why_excluded(plan_with(), items, Merchandising({}, {"b": ban}))
    assert why.tolist() == [
        "",
        "it is banned by Ben",
        "its segment is head; plan.segments lets in tail, cold",
        "it has no segment; plan.segments lets in tail, cold",
        "it was not listed, or out of stock",
    ]
