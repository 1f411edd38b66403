"""What a merchandiser reads: lists, the model of the night, two plans side by side."""

from __future__ import annotations

import pandas as pd
import pytest

from jobs.report.lists import ShopperPage, page_in_words
from jobs.report.plan_difference import PlanTables, difference_in_words
from jobs.report.summary import model_in_words


def test_a_list_tells_how_likely_a_drawn_entry_was() -> None:
    #          rank relevance boost title segment reason propensity
    rows = [
        (1, 0.02, -0.001, "Tea", "tail", "Popular these days; held back by its cap", 1.0),
        (2, 0.01, 0.0, "Jam", "cold", "Bought by many; drawn at random to learn about it", 0.0033),
    ]
    columns = ["rank", "relevance", "boost", "title", "segment", "reason", "propensity"]
    text = page_in_words(ShopperPage("u", ["Tea", "Milk"], pd.DataFrame(rows, columns=columns)))
    assert text.splitlines() == [
        "shopper u lately bought: Tea, Milk",
        "      relevance    boost  shown",
        "    1    0.0200  -0.0010  Tea [tail]: Popular these days; held back by its cap",
        "    2    0.0100  +0.0000  Jam [cold]: Bought by many; drawn at random to learn about it (a chance of 0.3%)",
    ]
    assert "no list" in page_in_words(ShopperPage("v", [], pd.DataFrame(columns=columns)))


@pytest.mark.parametrize(
    ("status", "decisions", "told"),
    [
        (
            "done",
            {"gate": "passed", "calibration_all_ece": "0.01", "gate_reference": "version 2"},
            "Model: version 3 was trained tonight. The gate: passed. All its figures are in `runs` and MLflow.\n"
            "  compared with: version 2",
        ),
        ("skipped", {}, "Model: version 2 scored this night; no training was due."),
        ("failed", {}, "Model: version 2 scored this night; a training failed."),
        ("refused", {"gate": "tail recall"}, "Model: version 2 scored this night; a training was refused."),
    ],
)
def test_which_model_scored(status: str, decisions: dict[str, str], told: str) -> None:
    rows = [("train_relevance", status, "3", decisions), ("score", "done", "2", {})]
    newest = pd.DataFrame(rows, columns=["step", "status", "model_version", "decisions"]).set_index("step")
    assert model_in_words(newest) == told


def test_a_difference_of_nothing_has_no_sign() -> None:
    #                                  one shopper who surely visits, two positions
    lists = pd.DataFrame({"user_id": ["u", "u"], "item_id": ["a", "b"], "rank": [1, 2], "relevance": [0.2, 0.1]})
    lists["value"] = lists["relevance"]
    other = lists.assign(relevance=[0.2, 0.1 - 1e-9])
    items = pd.DataFrame({"item_id": ["a", "b"], "segment": ["tail", "tail"], "allocated": [1.0, 0.5]})
    prices = pd.DataFrame(columns=["constraint", "member", "price", "bound", "used", "shortfall"])
    catalogue = pd.DataFrame({"title": ["A", "B"], "price": [1.0, 2.0]}, index=["a", "b"])
    live, same = (PlanTables(rows, items, prices, (1.0, 0.5), 0.0) for rows in (lists, other))
    text = difference_in_words(live, same, pd.Series({"u": 1.0}), catalogue)
    # 0.2 * 1 + 0.1 * 0.5
    assert "expected responses                               0.250       0.250      +0.000 (+0.0%)" in text
    assert "-0.0" not in text
