"""Compares what earlier nights delivered with their plans, and corrects tonight's floors and caps."""

from __future__ import annotations

from jobs.delivery.accounting import keep_accounts, planned_nights
from jobs.delivery.corrections import keep_corrections
from jobs.execution.command import main_of
from jobs.execution.night import Night
from jobs.experiments.arms import arm_nights


def account_exposure(night: Night) -> None:
    """Holds what earlier nights delivered against their plans, and corrects tonight's floors and caps.

    Reads events, item_exposure, exposure_scores, constraint_prices and items. Writes exposure_account of the last
    account.nights nights, exposure_corrections of tonight, for each arm where a test runs, and the counts of the
    logged exposures to metrics. Where the store logs no exposure of the placement, no bound is corrected.
    """
    planned = planned_nights(night)
    keep_accounts(night, planned)
    for arm_night in arm_nights(night).values():
        keep_corrections(arm_night, planned.get(arm_night.conf.plan.policy, []))
    night.record.rows["nights"] = len(planned.get(night.conf.plan.policy, []))


if __name__ == "__main__":
    main_of(account_exposure)
