"""The experiment of the configuration: plans of its arms, and errors that name the wrong key."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

import conf as packaged_conf
from jobs.config.configuration import Config, resolve_config
from jobs.config.experiment import plans_of_arms
from jobs.runtime.errors import ConfigurationError

HALVES = {"usual": {"share": 0.5, "plan": {}}, "bold": {"share": 0.5, "plan": {"floors": {"cold": {"share": 0.2}}}}}


def conf_with(**keys: Any) -> Config:
    base = yaml.safe_load((Path(packaged_conf.__file__).parent / "base.yaml").read_text(encoding="utf-8"))
    test = {"name": "autumn", "starts_on": "2017-12-01", "arms": HALVES, **keys}
    return resolve_config(base, {"source": {"kind": "complete_journey"}, "experiment": test}, "test.yaml")


def test_the_control_has_the_plan_and_another_arm_its_own_policy() -> None:
    conf = conf_with()
    plans = plans_of_arms(conf.plan, conf.experiment)
    assert list(plans) == ["usual", "bold"]
    assert plans["usual"] == conf.plan
    assert (plans["bold"].policy, plans["bold"].relevance_of, plans["bold"].scored_as) == ("bold", "main", "main")
    assert plans["bold"].floors["cold"].share == 0.2
    # Keys that the arm does not set are the control's.
    assert plans["bold"].floors["cold"].equals == "cold"
    assert plans["bold"].floors["new_items"] == conf.plan.floors["new_items"]
    assert plans_of_arms(conf.plan, conf_with(name=None).experiment) == {"": conf.plan}


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"starts_on": None}, "needs starts_on"),
        ({"arms": {"usual": HALVES["usual"]}}, "needs two arms"),
        ({"arms": HALVES | {"third": {"share": 0.5, "plan": {}}}}, "sum to 1.5, not to 1"),
        ({"arms": {"bold": HALVES["bold"], "usual": HALVES["usual"]}}, "keys of plan for bold, the first arm"),
        ({"arms": HALVES | {"bold": {"share": 0.5, "plan": {"slotz": 3}}}}, r"experiment\.arms\.bold\.plan\.slotz"),
        ({"arms": HALVES | {"bold": {"share": 0.5, "plan": {"policy": "x"}}}}, "sets policy"),
        ({"arms": {"usual": HALVES["usual"], "main": HALVES["bold"]}}, "the name of the control's policy"),
    ],
)
def test_an_invalid_experiment_is_refused_by_name(keys: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        conf_with(**keys)
