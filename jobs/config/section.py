"""What every section of the configuration is, and the kinds of numbers in it."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field


def _not_a_truth_value(value: object) -> object:
    """pydantic takes true for 1; a person who writes true for a number has mistaken the key."""
    if isinstance(value, bool):
        raise ValueError(f"it should be a number, not {str(value).lower()}")
    return value


# Texts that are numbers are taken: YAML reads 1e-4, without a point, as a text.
Number = Annotated[float, BeforeValidator(_not_a_truth_value)]
Whole = Annotated[int, BeforeValidator(_not_a_truth_value)]
Share = Annotated[Number, Field(ge=0, le=1)]
PositiveShare = Annotated[Number, Field(gt=0, le=1)]
Positive = Annotated[Whole, Field(gt=0)]
PositiveFloat = Annotated[Number, Field(gt=0)]
NotNegative = Annotated[Whole, Field(ge=0)]
NotNegativeFloat = Annotated[Number, Field(ge=0)]


class Section(BaseModel):
    """Frozen; an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)
