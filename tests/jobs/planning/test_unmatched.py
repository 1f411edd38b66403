"""Names that match nothing, and category paths that are written in another way."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from jobs.planning.eligibility import why_excluded
from jobs.planning.merchandising import NONE, Merchandising, Wish
from jobs.planning.unmatched import unmatched_names
from tests.jobs.planning.plans import plan_with

ITEMS = pd.DataFrame(
    {
        "item_id": ["a", "b", "c", "d", "e"],
        "category": ["Alcohol>Wine", "alcohol  >  Beer", "Alcohol", "Alcoholfree > Wine", None],
        "provider_id": ["acme", "acme", "bolt", "", None],
        "segment": ["tail"] * 5,
        "is_eligible": [True] * 5,
        "attributes.colour": ["red", None, None, None, None],
        "attributes.size": [None] * 5,
        "days_since_listed": [1.0, 2.0, 3.0, 4.0, np.nan],
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
def test_a_sensitive_category_is_known_however_its_path_is_written(path: str, excluded: list[str]) -> None:
    why = why_excluded(plan_with(sensitive_categories=[path], segments=["tail"]), ITEMS, NONE)
    assert ITEMS.loc[why != "", "item_id"].tolist() == excluded


@pytest.mark.parametrize(
    ("keys", "names"),
    [
        ({"sensitive_categories": ["Alcohol", "Alcohl"]}, {"plan.sensitive_categories": ("Alcohl",)}),
        (
            {"sponsors": {"acme": {"bid": 1, "budget": 1}, "acne": {"bid": 1, "budget": 1}}},
            {"plan.sponsors": ("acne",)},
        ),
        (
            {"caps": {"red": {"column": "attributes.colour", "equals": "rot", "share": 0.1}}},
            {"plan.caps.red": ("rot",)},
        ),
        (
            {"caps": {"some": {"column": "attributes.colour", "one_of": ["red", "bleu"], "share": 0.1}}},
            {"plan.caps.some": ("bleu",)},
        ),
        (
            {"caps": {"size": {"column": "attributes.size", "each": True, "share": 0.1}}},
            {"plan.caps.size": ("attributes.size",)},
        ),
        ({"floors": {"old": {"column": "days_since_listed", "at_least": 9000, "share": 0.1}}}, {}),
        ({"caps": {"colour": {"column": "attributes.colour", "each": True, "share": 0.1}}}, {}),
        ({}, {}),  # the floor of the cold has no item tonight, but it is a segment
    ],
)
def test_names_that_no_item_has(keys: dict[str, Any], names: dict[str, tuple[str, ...]]) -> None:
    assert unmatched_names(plan_with(**keys), ITEMS, NONE) == names


def test_pins_and_bans_of_items_that_nobody_knows() -> None:
    pin, ban = (Wish(2, "z", action, 0.1, None, None, "Ann") for action in ("pin", "ban"))
    wishes = Merchandising({"a": pin, "z": pin}, {"b": ban, "y": ban})
    assert unmatched_names(plan_with(), ITEMS, wishes) == {"plan.merchandising": ("y", "z")}
