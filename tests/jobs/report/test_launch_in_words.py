"""What is printed of a new item."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from jobs.config.configuration import load_config
from jobs.report.launch_in_words import launch_in_words

ITEM: dict[str, Any] = {
    "item_id": "7", "wording": "current", "title": "Mug", "description": "", "chance": 0.02, "chance_low": 0.015,
    "chance_high": 0.025, "difference": 0.0, "difference_low": 0.0, "difference_high": 0.0, "sampled_count": 500,
    "look_alikes": ["1", "2", "3", "4"], "missing_attributes": [{"name": "size", "share": 0.75}],
    "missing_keywords": [], "likely_queries": ["blue mug"], "missing_searched": ["blue"], "audience_count": 1200,
    "audience_responses": 24.0, "audience_groups": [{"name": "age=45-54", "shoppers": 90, "chance": 0.03}],
    "floor": 2.0, "cap": 100.0, "allocated": 31.0,
}  # fmt: skip
TITLES = {"1": "Cup", "2": "Big mug", "3": "Glass", "4": "Jar"}


def test_an_item_reads_from_what_it_lacks_to_what_it_gets(tmp_path: Path) -> None:
    (tmp_path / "conf.yaml").write_text("warehouse: w\nsource: {kind: complete_journey}\n", encoding="utf-8")
    conf = load_config(tmp_path / "conf.yaml")
    facts = ITEM | {"wording": "facts", "description": "Brand: Acme.", "chance": 0.021, "difference": 0.001,
                    "difference_low": -0.0005, "difference_high": 0.0025}  # fmt: skip
    assert launch_in_words([ITEM, facts], TITLES, conf).splitlines() == [
        "Mug (7)",
        "  Look-alikes that sell well: Cup (1), Big mug (2), Glass (3) and 1 more",
        "  Attributes that they have and it lacks: size (75 %)",
        "  Keywords that they have and it lacks: none",
        "  Searches nearest to it: blue mug",
        "  Words of them that look-alikes have and it lacks: blue",
        "  Chance of a purchase within 28 days, of 500 sampled shoppers, by wording",
        "    current: Mug",
        "      2 % (1.5 % to 2.5 %)",
        "    facts: Mug",
        "      Brand: Acme.",
        "      2.1 % (1.5 % to 2.5 %), +0.10 % to the current wording (-0.050 % to +0.25 %)",
        "  Shoppers with consent who have it as a candidate: 1,200, of whom 24 responses are expected",
        "    age=45-54: 90, chance 3 %",
        "  The plan expects 31 exposures a day; floor 2, cap 100",
    ]
    unknown = ITEM | dict.fromkeys(("chance", "chance_low", "chance_high", "allocated")) | {"likely_queries": []}
    words = launch_in_words([unknown], TITLES, conf)
    assert "No shopper with consent has it as a candidate" in words
    assert "The plan does not have it" in words
    assert "Searches" not in words
    few = launch_in_words([ITEM | {"sampled_count": 5}], TITLES, conf)
    assert "of 5 sampled shoppers, too few for the intervals to be relied on, by wording" in few
