"""What of a night has to reach a person at once, in addition to the page."""

from __future__ import annotations

from features.contract.metrics import LOG_NEWEST_AGE_DAYS
from jobs.alerts.alert import Alert
from jobs.language.sentences import listed, say, speaking
from jobs.planning.names import OF_ITEM_CAP, OF_ITEM_FLOOR
from jobs.report.night_figures import NightFigures
from jobs.report.page.numbers import amount

_TRAINING = ("fine_tune", "train_first_stage", "train_relevance")


def night_alerts(reading: NightFigures) -> list[Alert]:
    """Floors that the plan misses, trainings that failed or were refused, exposures that are no longer logged."""
    with speaking(reading.conf.report.language):
        return [*_missed_floors(reading), *_trainings(reading), *_silence(reading)]


def _missed_floors(reading: NightFigures) -> list[Alert]:
    rows = reading.prices
    groups = rows[~rows["constraint"].isin([*OF_ITEM_CAP, *OF_ITEM_FLOOR]) & (rows["shortfall"] > 1e-6)]
    alerts = [
        Alert(
            "plan.floor_missed", "warning", reading.as_of, f"{row['constraint']} ({row['member']})",
            say(
                "{name} lacks {shortfall} of the {bound} exposures that its floor asks for.",
                name=f"{row['constraint']} ({row['member']})",
                shortfall=amount(row["shortfall"]), bound=amount(row["bound"]),
            ),
            say("Read the cause in the decisions of plan_exposure (runs), and what the floor costs in "
                "constraint_prices."),
            float(row["shortfall"]), 0.0,
        )
        for row in groups.to_dict("records")
    ]  # fmt: skip
    items = rows[rows["constraint"].isin(OF_ITEM_FLOOR) & (rows["shortfall"] > 1e-6)]
    if len(items):
        text = say(
            "{count} floors of single products lack {lack} exposures in all.",
            count=len(items),
            lack=amount(items["shortfall"].sum()),
        )
        look_at = say("Look up the constraints {names} in constraint_prices.", names=listed(OF_ITEM_FLOOR))
        alerts.append(
            Alert("plan.item_floors_missed", "warning", reading.as_of, "items", text, look_at, float(len(items)), 0.0)
        )
    return alerts


def _trainings(reading: NightFigures) -> list[Alert]:
    alerts = []
    for step in _TRAINING:
        run = reading.run_of(step)
        if run is not None and run["status"] in ("failed", "refused"):
            alerts.append(
                Alert(
                    f"model.{run['status']}", "warning", reading.as_of, step,
                    say("{step} failed; the champion of the previous night scored this one.", step=step)
                    if run["status"] == "failed"
                    else say("{step} was refused; the champion of the previous night scored this one.", step=step),
                    say("Read the section Model and gate of the page, the decisions of the step in runs, and the log."),
                )
            )  # fmt: skip
    return alerts


def _silence(reading: NightFigures) -> list[Alert]:
    """An alert when the newest logged exposure is older than it was on the previous night: the log has stopped.

    A store whose log always arrives some days late has the same age every night, and no alert.
    """
    age = reading.figure(LOG_NEWEST_AGE_DAYS)
    before = None if reading.previous_night is None else reading.figure(LOG_NEWEST_AGE_DAYS, on=reading.previous_night)
    if before is None or (age is not None and age <= before):
        return []
    placement = reading.conf.plan.placement
    return [
        Alert(
            "delivery.silent", "critical", reading.as_of, placement,
            say("No exposure of {placement} has been logged for {days} days.", placement=placement, days=f"{age:.0f}")
            if age
            else say("No exposure of {placement} has been logged.", placement=placement),
            say("Check the storefront's log and the export of events: without them the plan is not corrected."),
        )
    ]  # fmt: skip
