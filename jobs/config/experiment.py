"""The section `experiment` of the configuration: plans that are tested against each other on shoppers."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from pydantic import Field, ValidationError, model_validator

from jobs.config.files import merged
from jobs.config.plan import Plan
from jobs.config.section import Number, Positive, PositiveFloat, PositiveShare, Section, Share


class Arm(Section):
    """A share of the shoppers, and the keys of `plan` that are other for them; the first arm, the control, has none."""

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
        """By arm, in order."""
        return {name: arm.share for name, arm in self.arms.items()}

    @property
    def control(self) -> str:
        """The arm that is planned as `plan` says."""
        return next(iter(self.arms))

    @model_validator(mode="after")
    def is_whole(self) -> Experiment:
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
                f"has keys of plan for {self.control}, the first arm: that is the control, planned as ever"
            )
        return self


def plans_of_arms(plan: Plan, experiment: Experiment) -> dict[str, Plan]:
    """By arm its plan; {'': plan} where no test runs.

    The control keeps the policy of `plan`, another arm is a policy of its own by its name, planned from the control's
    relevance. Raises ValueError that names arm and key where a plan is none.
    """
    if experiment.name is None:
        return {"": plan}
    found = {experiment.control: plan}
    for name, arm in list(experiment.arms.items())[1:]:
        own = {"policy": name, "relevance_of": plan.scored_as}
        fixed = sorted({"policy", "relevance_of", "placement"} & set(arm.plan))
        if fixed:
            raise ValueError(f"experiment.arms.{name}.plan sets {fixed[0]}, which is the same for all arms or follows")
        if name == plan.policy:
            raise ValueError(f"experiment.arms.{name} has the name of the control's policy; give it another")
        try:
            found[name] = Plan.model_validate(merged(merged(plan.model_dump(), arm.plan), own))
        except ValidationError as error:
            first = error.errors()[0]
            key = ".".join(["experiment.arms", name, "plan", *map(str, first["loc"])])
            raise ValueError(f"{key}: {first['msg'].removeprefix('Value error, ')}") from error
    return found
