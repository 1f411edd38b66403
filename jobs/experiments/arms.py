"""The arms of a test as nights of their own, and which arm each shopper is in."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

import numpy as np
import pandas as pd
from pyspark.sql import Column
from pyspark.sql import functions as F

from jobs.config.configuration import Config
from jobs.config.experiment import plans_of_arms
from jobs.config.plan import Plan
from jobs.execution.night import Night
from model.experiments.assignment import arms_of

POLICIES = "policies"  # in the decisions of a publish: a JSON list of the policies whose lists it sent


def arm_nights(night: Night) -> dict[str, Night]:
    """By arm the night with the arm's plan; {'': night} where no test runs."""
    return {arm: night.with_plan(plan) for arm, plan in plans_on(night.conf, night.as_of).items()}


def of_arm(arm: str, name: str) -> str:
    """A name in `runs`, prefixed with the arm where a test runs."""
    return f"{arm}_{name}" if arm else name


def plans_on(conf: Config, as_of: date) -> dict[str, Plan]:
    """By arm the plan of a night; {'': plan} where no test runs on that date."""
    return plans_of_arms(conf.plan, conf.experiment) if _has_begun(conf, as_of) else {"": conf.plan}


def runs(night: Night) -> bool:
    """Whether the test has begun by the night."""
    return _has_begun(night.conf, night.as_of)


def _has_begun(conf: Config, as_of: date) -> bool:
    test = conf.experiment
    return test.name is not None and test.starts_on is not None and as_of >= test.starts_on


def policies_of_arms(night: Night) -> dict[str, str]:
    """By policy its arm; {policy: ''} where no test runs on the night."""
    return {plan.policy: arm for arm, plan in plans_on(night.conf, night.as_of).items()}


def assigned(conf: Config, user_ids: Iterable[str]) -> np.ndarray:
    """Names (users) of the arms that shoppers with consent are assigned to; the test's name is the salt."""
    assert conf.experiment.name is not None
    return arms_of(user_ids, conf.experiment.shares, conf.experiment.name)


def arm_column(conf: Config, user_id: Column) -> Column:
    """As `assigned`, of the rows of a frame: string, not NULL. user_id: string, not NULL"""
    test = conf.experiment
    assert test.name is not None
    shares, salt = test.shares, test.name

    def arms(user_ids: pd.Series) -> pd.Series:
        return pd.Series(arms_of(user_ids, shares, salt))

    return F.pandas_udf(arms, "string")(user_id)  # type: ignore[call-overload]


def planned_arm_column(conf: Config, user_id: Column, consents: Column) -> Column:
    """As `planned_in`, of the rows of a frame: string, not NULL. consents: bool, not NULL"""
    return F.when(consents, arm_column(conf, user_id)).otherwise(F.lit(conf.experiment.control))


def planned_in(conf: Config, user_ids: Iterable[str], consents: np.ndarray) -> np.ndarray:
    """Names (users) of the arms that plan the lists of shoppers. consents: bool (users)

    Shoppers without consent take no part in the test: all of them have the shared list of the control, as they would
    without a test.
    """
    return np.where(consents, assigned(conf, user_ids), conf.experiment.control)


def arm_of(night: Night) -> str:
    """The arm that the night plans; '' where no test runs."""
    if not runs(night):
        return ""
    policy, test = night.conf.plan.policy, night.conf.experiment
    return policy if policy in test.arms and policy != test.control else test.control
