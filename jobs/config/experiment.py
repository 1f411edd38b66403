"""The section `experiment` of the configuration: an A/B test of plans on shoppers."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from pydantic import Field, ValidationError, model_validator

from jobs.config.files import merged
from jobs.config.plan import Plan
from jobs.config.section import Number, Positive, PositiveFloat, PositiveShare, Section, Share


class Arm(Section):
    """A share of the shoppers, and the keys of `plan` that differ for them; the first arm, the control, has none."""

    share: PositiveShare
    plan: dict[str, Any]


class Experiment(Section):
    name: str | None
    starts_on: date | None
    arms: dict[str, Arm]
    before_days: Positive
    least_effect: PositiveFloat
    alpha: Annotated[Number, Field(gt=0, lt=1)]
    margin: Share
    segment_attributes: tuple[str, ...]

    @property
    def shares(self) -> dict[str, float]:
        """The share of each arm, in order."""
        return {name: arm.share for name, arm in self.arms.items()}

    @property
    def control(self) -> str:
        """The name of the arm that follows `plan` as it is."""
        return next(iter(self.arms))

    @model_validator(mode="after")
    def is_complete(self) -> Experiment:
        if self.name is None:
            return self
        if self.starts_on is None:
            raise ValueError("needs starts_on, the first night of the test")
        if len(self.arms) < 2:
            raise ValueError("needs two arms or more")
        if abs(sum(self.shares.values()) - 1.0) > 1e-9:
            raise ValueError(f"has arms whose shares sum to {sum(self.shares.values()):g}, not to 1")
        if self.arms[self.control].plan:
            raise ValueError(
                f"has keys of plan for {self.control}, the first arm: the first arm is the control and follows plan"
            )
        return self


def plans_of_arms(plan: Plan, experiment: Experiment) -> dict[str, Plan]:
    """The plan of each arm; {'': plan} if no test runs.

    The control keeps the policy of `plan`. Any other arm is a policy under its own name, planned from the relevance of
    the control. Raises ValueError that names arm and key if a plan is invalid.
    """
    if experiment.name is None:
        return {"": plan}
    plans = {experiment.control: plan}
    for name, arm in list(experiment.arms.items())[1:]:
        own = {"policy": name, "relevance_of": plan.scored_as}
        fixed = sorted({"policy", "relevance_of", "placement"} & set(arm.plan))
        if fixed:
            raise ValueError(
                f"experiment.arms.{name}.plan sets {fixed[0]}, which no arm may set: placement is the same for all, "
                "policy is the name of the arm, relevance_of the policy of the control"
            )
        if name == plan.policy:
            raise ValueError(f"experiment.arms.{name} has the name of the control's policy; rename the arm")
        try:
            plans[name] = Plan.model_validate(merged(merged(plan.model_dump(), arm.plan), own))
        except ValidationError as error:
            first = error.errors()[0]
            key = ".".join(["experiment.arms", name, "plan", *map(str, first["loc"])])
            raise ValueError(f"{key}: {first['msg'].removeprefix('Value error, ')}") from error
    return plans
