"""What a plan's configuration may not say."""

from __future__ import annotations

from typing import Any

import pytest

from jobs.config.configuration import resolve_config
from jobs.config.experiment import plans_of_arms
from jobs.config.files import read_packaged
from jobs.planning.check import check_plan
from jobs.runtime.errors import ConfigurationError
from tests.jobs.planning.plans import plan_with

SOURCE = {"source": {"kind": "complete_journey"}}
COLD = {"column": "segment", "equals": "cold", "share": 0.1}


@pytest.mark.parametrize(
    ("plan", "says"),
    [
        ({"floors": {"x": {**COLD, "column": "shade"}}}, "plan.floors.x: none of item_features, item_pot.* shade"),
        ({"caps": {"x": {**COLD, "column": "shade"}}}, "plan.caps.x: none of item_features"),
        ({"floors": {"x": {"column": "price_mean_90d", "equals": "1", "share": 0.1}}}, "price_mean_90d is not a text"),
        ({"floors": {"x": {"column": "segment", "at_most": 1, "share": 0.1}}}, "segment is not a number"),
        ({"caps": {"x": {"column": "price", "each": True, "share": 0.1}}}, "price is not a text"),
        ({"floors": {"x": {"column": "segment", "share": 0.1}}}, "plan.floors.x is wrong: .*needs one of equals"),
        ({"floors": {"x": {**COLD, "each": True}}}, "needs one of equals"),
        ({"caps": {"x": {"column": "price", "buckets": [5, 1], "share": 0.1}}}, "edges do not rise"),
        ({"floors": {"item_cap": COLD}}, "plan.floors.item_cap: the name is taken"),
        ({"caps": {"cold": COLD}}, "plan.caps.cold: a floor has this name"),
        ({"list_rules": {"x": {"each": "shade", "most": 1}}}, "plan.list_rules.x: none of item_features"),
        ({"list_rules": {"x": {"each": "price", "most": 1}}}, "plan.list_rules.x: price is not a text"),
        ({"list_rules": {"x": {"column": "segment", "at_least": 1, "most": 1}}}, "segment is not a number"),
        ({"list_rules": {"x y": {"each": "brand", "most": 1}}}, "plan.list_rules.x y: the name may only have letters"),
        ({"list_rules": {"x": {"each": "brand", "most": 0}}}, "plan.list_rules.x.most is wrong"),
        ({"list_rules": {"x": {"each": "brand"}}}, "plan.list_rules.x.most is missing"),
        ({"list_rules": {"x": {"column": "brand", "most": 1}}}, "plan.list_rules.x is wrong: needs each, or column"),
        ({"list_rules": {"x": {"equals": "a", "most": 1}}}, "plan.list_rules.x is wrong: needs each, or column"),
        ({"list_rules": {"cold": {"each": "brand"}}}, "keys to null that it should not take over"),
        (
            {"max_per_product_type": 4},
            "max_per_product_type has become a rule of list_rules; write "
            "list_rules: {product_type: {each: product_type, most: 4}}",
        ),
        ({"position_weights": [0.1] * 9 + [0.2]}, "plan.position_weights increase"),
        ({"segments": ["cold"], "item_floor": {"segment": "tail", "exposures": 1.0}}, "not among plan.segments"),
        ({"max_item_share": 0.0}, "plan.max_item_share is 0"),
        ({"stock": {"column": "stok", "demand_column": None}}, "plan.stock.column: none of .* stok"),
        ({"stock": {"column": None, "demand_column": "price"}}, "without plan.stock.column"),
        ({"worth": {"margin_weight": 2.0}}, "without margin_column"),
        ({"worth": {"margin_column": "brand"}}, "plan.worth.margin_column: brand is not a number"),
    ],
)
def test_a_plan_that_does_not_fit_is_refused(plan: dict[str, Any], says: str) -> None:
    with pytest.raises(ConfigurationError, match=says):
        check_plan(plan_with(**plan))


def test_columns_of_features_items_and_attributes_may_be_named() -> None:
    check_plan(
        plan_with(
            floors={
                "fresh": {"column": "attributes.storage", "equals": "fresh", "share": 0.1},
                "gems": {"column": "potential_gap", "at_least": 0.01, "share": 0.1},
                "margins": {"column": "margin", "buckets": [0.1, 0.3], "share": 0.1},
            },
            caps={"providers": {"column": "provider_id", "each": True, "share": 0.2}},
            list_rules={"brand": {"each": "brand", "most": 2}, "dear": {"column": "price", "at_least": 50, "most": 1}},
            stock={"column": "stock_quantity", "demand_column": "purchases_count_28d"},
            worth={"margin_column": "margin", "margin_weight": 1.0},
        )
    )


def test_a_rule_of_base_can_be_dropped_replaced_and_joined() -> None:
    rules = {
        "cold": None,
        "product_type": {"each": None, "column": "brand", "equals": "acme", "most": 1},
        "brand": {"each": "brand", "most": 2},
    }
    plan = plan_with(list_rules=rules)
    check_plan(plan)
    assert {name: (rule.column_name, rule.most) for name, rule in plan.list_rules.items()} == {
        "product_type": ("brand", 1), "brand": ("brand", 2),
    }  # fmt: skip


def test_an_arm_changes_and_drops_rules() -> None:
    arms = {
        "usual": {"share": 0.5, "plan": {}},
        "bold": {"share": 0.5, "plan": {"list_rules": {"product_type": {"most": 1}, "cold": None}}},
    }
    test = {"name": "autumn", "starts_on": "2017-12-01", "arms": arms}
    conf = resolve_config(read_packaged("base.yaml"), {**SOURCE, "experiment": test}, "test.yaml")
    bold = plans_of_arms(conf.plan, conf.experiment)["bold"]
    assert {name: (rule.column_name, rule.most) for name, rule in bold.list_rules.items()} == {
        "product_type": ("product_type", 1)
    }
    arms["bold"]["plan"] = {"max_per_product_type": 2}
    with pytest.raises(ConfigurationError, match=r"experiment.arms.bold.plan: max_per_product_type has become"):
        resolve_config(read_packaged("base.yaml"), {**SOURCE, "experiment": test}, "test.yaml")
