"""Holds what earlier nights delivered against their plans, and corrects tonight's floors and caps."""

from __future__ import annotations

from jobs.delivery.accounting import keep_accounts, planned_nights
from jobs.delivery.corrections import keep_corrections
from jobs.execution.command import main_of
from jobs.execution.night import Night
from jobs.experiments.arms import arm_nights


def account_exposure(night: Night) -> None:
    """Holds what earlier nights delivered against their plans, and corrects tonight's floors and caps.

    Reads events, item_exposure, exposure_scores, constraint_prices and items; writes exposure_account of the last
    account.nights nights and exposure_corrections of tonight, of each arm where a test runs, and the counts of the
    logged exposures to metrics. Where the store logs no exposure of the placement it says so, and every bound stays as
    it is.
    """
    planned = planned_nights(night)
    keep_accounts(night, planned)
    for of_arm in arm_nights(night).values():
        keep_corrections(of_arm, planned.get(of_arm.conf.plan.policy, []))
    night.record.rows["nights"] = len(planned.get(night.conf.plan.policy, []))


if __name__ == "__main__":
    main_of(account_exposure)
