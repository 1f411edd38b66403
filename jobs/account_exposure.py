"""Holds what earlier nights delivered against their plans, and corrects tonight's floors and caps."""

from __future__ import annotations

from jobs.delivery.accounting import keep_accounts, planned_nights
from jobs.delivery.corrections import keep_corrections
from jobs.runtime.command import main_of
from jobs.runtime.night import Night


def account_exposure(night: Night) -> None:
    """Holds what earlier nights delivered against their plans, and corrects tonight's floors and caps.

    Reads events, item_exposure, exposure_scores, constraint_prices and items; writes exposure_account of the last
    account.nights nights, exposure_corrections of tonight, and the counts of the logged exposures to metrics. Where the
    store logs no exposure of the placement it says so, and every bound stays as it is.
    """
    nights = planned_nights(night)
    keep_accounts(night, nights)
    keep_corrections(night, nights)
    night.record.rows["nights"] = len(nights)


if __name__ == "__main__":
    main_of(account_exposure)
