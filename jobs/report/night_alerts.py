"""What of a night a person should be told of at once, beside the page."""

from __future__ import annotations

from features.delivery.validity import NEWEST_AGE
from jobs.alerts.alert import Alert
from jobs.planning.names import OF_ITEM_CAP, OF_ITEM_FLOOR
from jobs.report.night_tables import Reading

_TRAINING = ("fine_tune", "train_first_stage", "train_relevance")


def night_alerts(reading: Reading) -> list[Alert]:
    """Floors that the plan misses, trainings that failed or were refused, exposures that are no longer logged."""
    return [*_missed_floors(reading), *_trainings(reading), *_silence(reading)]


def _missed_floors(reading: Reading) -> list[Alert]:
    rows = reading.prices
    groups = rows[~rows["constraint"].isin([*OF_ITEM_CAP, *OF_ITEM_FLOOR]) & (rows["shortfall"] > 1e-6)]
    found = [
        Alert(
            "plan.floor_missed", "warning", reading.as_of, f"{row['constraint']} ({row['member']})",
            f"{row['constraint']} ({row['member']}) lacks {row['shortfall']:.1f} of {row['bound']:.1f} exposures",
            "the decisions of plan_exposure in runs, which name the cause; constraint_prices for what it costs",
            float(row["shortfall"]), 0.0,
        )
        for row in groups.to_dict("records")
    ]  # fmt: skip
    items = rows[rows["constraint"].isin(OF_ITEM_FLOOR) & (rows["shortfall"] > 1e-6)]
    if len(items):
        text = f"{len(items)} floors of single items lack {items['shortfall'].sum():.1f} exposures in all"
        found.append(
            Alert("plan.item_floors_missed", "warning", reading.as_of, "items", text,
                  "constraint_prices, constraint item_floor, launch or pin", float(len(items)), 0.0)
        )  # fmt: skip
    return found


def _trainings(reading: Reading) -> list[Alert]:
    found = []
    for step in _TRAINING:
        run = reading.run_of(step)
        if run is not None and run["status"] in ("failed", "refused"):
            found.append(
                Alert(
                    f"model.{run['status']}", "warning", reading.as_of, step,
                    f"{step} {run['status']}; the champion of before scored the night",
                    "the section Model and gate of the page, the decisions of the step in runs, the log of the run",
                )
            )  # fmt: skip
    return found


def _silence(reading: Reading) -> list[Alert]:
    """Where the newest logged exposure is older than it was on the last night, the log has stopped.

    A store whose log always comes some days late has the same age every night.
    """
    before = None if reading.last_night is None else reading.figure(NEWEST_AGE, on=reading.last_night)
    now = reading.figure(NEWEST_AGE)
    if before is None or (now is not None and now <= before):
        return []
    since = f" for {now:.0f} days" if now else ""
    text = f"no exposure of {reading.conf.plan.placement} has been logged{since}"
    look_at = "what the storefront logs, and the export of events: the account and the corrections stand still"
    return [Alert("delivery.silent", "critical", reading.as_of, reading.conf.plan.placement, text, look_at)]
