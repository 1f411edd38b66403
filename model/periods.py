"""The days on which each part of a model is fitted, calibrated and compared by the gate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

LEAST_SECOND_STAGE = 2  # periods: each calibrates a model of the others
LEAST_HORIZON_DAYS = 7  # a shorter period lacks some days of the week


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

    @classmethod
    def of(cls, cuts: Sequence[date], horizon_days: int) -> Periods:
        """From `all_cuts`."""
        first_stage, *second_stage, gate = cuts
        return cls(horizon_days, first_stage, tuple(second_stage), gate)

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

    def response_days(self, cut: date) -> tuple[date, date]:
        """First and last day of the labels of a cut."""
        return cut, self.end(cut) - timedelta(days=1)


def training_periods(as_of: date, horizon_days: int, second_stage_periods: int) -> Periods:
    """The periods of a training for `as_of`: backwards gate, those of the second stage, first stage."""
    cuts = [as_of - timedelta(days=horizon_days * back) for back in range(1, second_stage_periods + 3)]
    gate, *second_stage, first_stage = cuts
    return Periods(horizon_days, first_stage, tuple(reversed(second_stage)), gate)


def least_history_days(horizon_days: int, second_stage_periods: int) -> int:
    """The days of history that `training_periods` need: their own, and a horizon before them that shoppers have bought
    in."""
    return horizon_days * (second_stage_periods + 3)


def periods_within(
    as_of: date, history_days: int, horizon_days: int, second_stage_periods: int, least_days: int = LEAST_HORIZON_DAYS
) -> Periods | None:
    """The periods of a training that `history_days` before `as_of` are enough for, None where no training fits.

    A short history first takes periods of the second stage away, down to LEAST_SECOND_STAGE, and then days of the
    horizon, down to `least_days`.
    """
    for number in range(second_stage_periods, LEAST_SECOND_STAGE - 1, -1):
        if least_history_days(horizon_days, number) <= history_days:
            return training_periods(as_of, horizon_days, number)
    shorter = history_days // least_history_days(1, LEAST_SECOND_STAGE)
    return training_periods(as_of, shorter, LEAST_SECOND_STAGE) if shorter >= least_days else None
