"""What a merchandiser reads on the console: lists, the model of the night, two plans compared."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from jobs.config.configuration import load_config
from jobs.report.lists import ShopperPage, page_in_words
from jobs.report.plan_difference import (
    MovedEntries,
    PlanTables,
    difference_in_words,
    difference_of_json,
    plan_difference,
)
from jobs.report.plan_value import value_unit
from jobs.report.summary import model_in_words
from model.phrases import response_words

CONF = load_config(Path("conf/local.yaml"))


def test_a_list_shows_chances_and_the_probability_of_a_drawn_entry() -> None:
    #          rank relevance boost title segment reason propensity
    rows = [
        (1, 0.02, -0.001, "Tea", "tail", "Popular right now; limited by its own cap", 1.0),
        (2, 0.01, 0.0, "Jam", "cold", "Bought by many; drawn at random to learn about it", 0.0033),
    ]
    columns = ["rank", "relevance", "boost", "title", "segment", "reason", "propensity"]
    text = page_in_words(ShopperPage("u", ["Tea", "Milk"], pd.DataFrame(rows, columns=columns)), CONF)
    assert text.splitlines() == [
        "shopper u recently bought: Tea · Milk",
        "         chance     boost  shown",
        "    1       2 %   -0.10 %  Tea [tail]: Popular right now; limited by its own cap",
        "    2       1 %       0 %  Jam [cold]: Bought by many; drawn at random to learn about it (with a probability "
        "of 0.33 %)",
    ]
    assert "no list" in page_in_words(ShopperPage("v", [], pd.DataFrame(columns=columns)), CONF)


def test_a_boost_is_no_chance_where_margins_weigh() -> None:
    worth = CONF.plan.worth.model_copy(update={"margin_weight": 0.5})
    rows = [(1, 0.02, -0.001, "Tea", "tail", "Popular these days", 1.0)]
    columns = ["rank", "relevance", "boost", "title", "segment", "reason", "propensity"]
    page = ShopperPage("u", [], pd.DataFrame(rows, columns=columns))
    text = page_in_words(page, CONF.model_copy(update={"plan": CONF.plan.model_copy(update={"worth": worth})}))
    assert text.splitlines()[-1] == "    1       2 %    -0.001  Tea [tail]: Popular these days"


@pytest.mark.parametrize(
    ("plan", "unit"),
    [
        ({}, "purchases"),
        ({"objective": "uplift"}, "incremental purchases"),
        ({"objective": "uplift", "uplift_weight": 0.5}, "units of value"),
        ({"objective": "uplift", "uplift_weight": 0.0}, "purchases"),
    ],
)
def test_the_unit_of_a_plan_says_what_it_maximises(plan: dict[str, Any], unit: str) -> None:
    conf = load_config(Path("conf/local.yaml"))
    worth = conf.plan.worth.model_copy(update={"margin_weight": 0.0, "bid_weight": 0.0})
    changed = conf.plan.model_copy(update={"worth": worth, **plan})
    assert value_unit(conf.model_copy(update={"plan": changed})) == unit
    values = conf.relevance.model_copy(update={"values": {"purchase": 1.0, "cart": 0.2}})
    assert value_unit(conf.model_copy(update={"relevance": values})) == "units of value"
    margin = changed.model_copy(update={"worth": worth.model_copy(update={"margin_weight": 0.5})})
    assert value_unit(conf.model_copy(update={"plan": margin})) == "units of value"


@pytest.mark.parametrize(
    ("status", "decisions", "words"),
    [
        (
            "done",
            {
                "gate": "passed",
                "gate_reference": "version 2",
                "gate_tail_recall_challenger": "0.0755551",
                "gate_tail_recall_reference": "0.0483593",
                "gate_tail_recall_anchor_reference": "0.05",
                "gate_segment tail_challenger": "0.08",
                "gate_segment tail_answer": "held",
                "gate_segment cold_challenger": "0.02",
                "gate_segment cold_answer": "harmed",
                "gate_shoppers rare_challenger": "0.07",
                "gate_shoppers rare_answer": "too few to tell",
                "gate_department GROCERY_challenger": "0.07",
                "gate_department GROCERY_answer": "too few to tell",
                "cold_items_recall_at_100": "0.0295521",
                "cold_items_recall_at_100_by_chance": "0.00239034",
                "calibration_all_in_the_large": "-0.00840356",
                "calibration_all_rate": "0.00260126",
            },
            # exp(-0.0084) = 0.99
            "Model: version 3 was trained tonight. The gate: passed. All its figures are in `runs` and MLflow.\n"
            "  tail purchases found       7.6 %  (version 2: 4.8 %; first champion: 5 %)\n"
            "  cold purchases found       3.0 %  (drawn at random: 0.24 %)\n"
            "  segments: 1 harmed (segment cold), 1 shown not to be harmed, 2 with too few shoppers to tell\n"
            "  share that came true      0.26 %\n"
            "  level of the chances        0.99  (1 is right, above 1 the chances are too low)",
        ),
        ("skipped", {}, "Model: version 2 scored this night; no training was due."),
        ("failed", {}, "Model: version 2 scored this night; a training failed."),
        ("refused", {"gate": "tail recall"}, "Model: version 2 scored this night; a training was refused."),
    ],
)
def test_which_model_scored(status: str, decisions: dict[str, str], words: str) -> None:
    rows = [("train_relevance", status, "3", decisions), ("score", "done", "2", {})]
    newest = pd.DataFrame(rows, columns=["step", "status", "model_version", "decisions"]).set_index("step")
    assert model_in_words(newest, response_words("purchase")) == words


@pytest.mark.parametrize(
    ("decisions", "words"),
    [
        ({"reference_version": "1"}, ("Model: version 3 serves without a training.", "  Version 2 scored. 20 days.")),
        (
            {"reference_version": "2", "gate": "calibration slope 2.03"},
            (
                "Model: version 3 was trained tonight. The gate: calibration slope 2.03. All its figures are in `runs` "
                "and MLflow.",
                "  Version 2 scored. 20 days.",
            ),
        ),
    ],
)
def test_the_summary_says_what_the_model_lacks(decisions: dict[str, str], words: tuple[str, ...]) -> None:
    rows = [("train_relevance", "done", "3", decisions), ("score", "done", "2", {"limits": "20 days."})]
    newest = pd.DataFrame(rows, columns=["step", "status", "model_version", "decisions"]).set_index("step")
    assert tuple(model_in_words(newest, response_words("purchase")).split("\n")) == words
    later = newest.assign(status=["skipped", "done"])
    assert model_in_words(later, response_words("purchase")) == (
        "Model: version 2 scored this night; no training was due.\n  Version 2 scored. 20 days."
    )


def test_a_difference_of_nothing_has_no_sign() -> None:
    # One shopper who surely visits, two positions of weights 1 and 0.5, relevances 0.2 and 0.1.
    listed = pd.DataFrame({"exposure": [1.0, 0.5], "responses": [0.2, 0.05], "value": [0.2, 0.05]}, index=["a", "b"])
    other = listed.assign(responses=[0.2, 0.05 - 5e-10])
    items = pd.DataFrame({"item_id": ["a", "b"], "segment": ["tail", "tail"], "allocated": [1.0, 0.5]})
    prices = pd.DataFrame(columns=["constraint", "member", "price", "bound", "used", "shortfall"])
    catalogue = pd.DataFrame({"title": ["A", "B"], "price": [1.0, 2.0]}, index=["a", "b"])
    live, same = (PlanTables(rows, items, prices, 0.0) for rows in (listed, other))
    difference = plan_difference(live, same, MovedEntries(0, 0, 1), catalogue, "USD")
    text = difference_in_words(difference)
    # 0.2 * 1 + 0.1 * 0.5
    assert (
        "expected responses                                    0.25            0.25               0  (unchanged)"
        in text
    )
    # 0.2 * 1 * 1 + 0.1 * 0.5 * 2
    assert (
        "expected revenue of responses                     0.30 USD        0.30 USD        0.00 USD  (unchanged)"
        in text
    )
    assert "-0" not in text
    assert difference_of_json(difference.as_json()) == difference
