"""The section `demand` of the configuration: forecasts of demand."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from jobs.config.section import Positive, Section


class Demand(Section):
    refit_days: Positive
    least_weeks: Annotated[Positive, Field(le=26)]
