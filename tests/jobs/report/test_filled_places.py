"""What the summary and the page say of lists that are shorter than they could be."""

from __future__ import annotations

import pytest

from jobs.config.configuration import load_config
from jobs.report.filled_places import empty_places_in_words
from tests.conftest import ROOT

ALL_COLD = {("lists_count", "all"): 60.0, ("entries_count", "all"): 200.0, ("entries_count", "cold"): 120.0}


@pytest.mark.parametrize(
    ("figures", "overrides", "words"),
    [
        # 200 places in 60 lists are 3.33 a list; 2 cold ones a list are all that the rule allows.
        (
            ALL_COLD,
            [],
            "A list has 3.33 of 10 places filled on average: they are full by plan.list_rules.cold, at most 2 of cold, "
            "and of the other products too few are left or each is held by its share of the exposure "
            "(plan.max_item_share, 1 %).",
        ),
        (
            ALL_COLD,
            ["plan.list_rules.cold.most=4"],
            "A list has 3.33 of 10 places filled on average: too few products of plan.segments are left within "
            "plan.list_rules, or each is held by its share of the exposure (plan.max_item_share, 1 %).",
        ),
        (ALL_COLD, ["plan.slots=3", "plan.position_weights=[1.0, 0.85, 0.73]"], ""),
        ({("lists_count", "all"): 60.0, ("entries_count", "all"): 540.0}, [], ""),  # 9 of 10
        ({}, [], ""),  # no list at all is the plan's own sentence
    ],
)
def test_short_lists_name_the_keys_that_shorten_them(
    figures: dict[tuple[str, str], float], overrides: list[str], words: str
) -> None:
    plan = load_config(ROOT / "conf/local.yaml", overrides).plan
    assert empty_places_in_words(plan, lambda name, segment: figures.get((name, segment))) == words
