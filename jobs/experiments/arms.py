"""The arms of a test as nights of their own, and who is in which."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

import numpy as np

from jobs.runtime.config import Config
from jobs.runtime.experiment_section import plans_of_arms
from jobs.runtime.night import Night
from jobs.runtime.plan_section import Plan
from model.experiments.assignment import arms_of


def arm_nights(night: Night) -> dict[str, Night]:
    """By arm the night with the arm's plan; under '' the night itself where no test runs on it."""
    return {arm: night.with_plan(plan) for arm, plan in plans_on(night.conf, night.as_of).items()}


def plans_on(conf: Config, as_of: date) -> dict[str, Plan]:
    """By arm the plan that a night of the date has; {'': plan} where no test runs on it."""
    return plans_of_arms(conf.plan, conf.experiment) if _has_begun(conf, as_of) else {"": conf.plan}


def runs(night: Night) -> bool:
    """Whether the test has begun by the night."""
    return _has_begun(night.conf, night.as_of)


def _has_begun(conf: Config, as_of: date) -> bool:
    test = conf.experiment
    return test.name is not None and test.starts_on is not None and as_of >= test.starts_on


def policies_of_arms(night: Night) -> dict[str, str]:
    """By policy its arm; {policy: ''} where no test runs on the night."""
    return {of_arm.conf.plan.policy: arm for arm, of_arm in arm_nights(night).items()}


def assigned(conf: Config, user_ids: Iterable[str]) -> np.ndarray:
    """Names (users) of the arms of a configured test; its name is the salt."""
    assert conf.experiment.name is not None
    return arms_of(user_ids, conf.experiment.shares, conf.experiment.name)


def arm_and_share(night: Night) -> tuple[str, float]:
    """The arm whose plan the night has and its share of the shoppers; '' and 1 where no test runs."""
    if not runs(night):
        return "", 1.0
    policy, test = night.conf.plan.policy, night.conf.experiment
    arm = policy if policy in test.arms and policy != test.control else test.control
    return arm, test.arms[arm].share
