"""The days on which each part of a model is fitted, calibrated and compared by the gate."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

LEAST_SECOND_STAGE = 2  # periods: each calibrates a model of the others


@dataclass(frozen=True)
class Periods:
    """Cuts of the past periods of one training; a period with cut c has its labels in [c, c + horizon).

    The cuts follow one another without overlap, so each part is fitted before the period it is used in: the encoder
    before `first_stage`, the first stage on it, second stage and calibrator on `second_stage`, and the gate compares on
    `gate`, which ends at the night itself.
    """

    horizon_days: int
    first_stage: date
    second_stage: tuple[date, ...]
    gate: date

    @property
    def encoder_cut(self) -> date:
        """The encoder sees events before this date only."""
        return self.first_stage

    @property
    def with_candidates(self) -> tuple[date, ...]:
        """The cuts whose candidates are kept, oldest first."""
        return (*self.second_stage, self.gate)

    @property
    def all_cuts(self) -> tuple[date, ...]:
        """The cuts at which anything is fitted or compared, oldest first."""
        return (self.first_stage, *self.with_candidates)

    def end(self, cut: date) -> date:
        """The first day after the labels of a cut."""
        return cut + timedelta(days=self.horizon_days)


def training_periods(as_of: date, horizon_days: int, second_stage_periods: int) -> Periods:
    """The periods of a training for `as_of`: backwards gate, those of the second stage, first stage."""
    cuts = [as_of - timedelta(days=horizon_days * back) for back in range(1, second_stage_periods + 3)]
    gate, *second_stage, first_stage = cuts
    return Periods(horizon_days, first_stage, tuple(reversed(second_stage)), gate)
