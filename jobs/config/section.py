"""The base class of the configuration's sections, and their types of numbers."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field


def _not_a_truth_value(value: object) -> object:
    """Rejects a boolean: pydantic reads true as 1, but who writes true for a number has mistaken the key."""
    if isinstance(value, bool):
        raise ValueError(f"it should be a number, not {str(value).lower()}")
    return value


# A text that holds a number is accepted, since YAML reads 1e-4, without a point, as a text.
Number = Annotated[float, BeforeValidator(_not_a_truth_value)]
Whole = Annotated[int, BeforeValidator(_not_a_truth_value)]
Share = Annotated[Number, Field(ge=0, le=1)]
PositiveShare = Annotated[Number, Field(gt=0, le=1)]
Positive = Annotated[Whole, Field(gt=0)]
PositiveFloat = Annotated[Number, Field(gt=0)]
NotNegative = Annotated[Whole, Field(ge=0)]
NotNegativeFloat = Annotated[Number, Field(ge=0)]


class Section(BaseModel):
    """A frozen section in which an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)
