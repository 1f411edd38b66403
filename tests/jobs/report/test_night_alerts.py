"""Alerts of a night: what is wrong, how far, and what to do."""

from __future__ import annotations

import pandas as pd

from features.contract.metrics import LOG_NEWEST_AGE_DAYS
from jobs.report.night_alerts import night_alerts
from tests.jobs.report.sections.test_sections import AS_OF, LAST, reading

#           constraint member price bound used shortfall
PRICES = [
    ("cold", "segment = cold", 0.1, 51.0, 40.0, 11.0),
    ("new", "days <= 28", 0.0, 51.0, 60.0, 0.0),
    ("pin", "i1", 0.1, 5.0, 1.0, 4.0),
    ("launch", "i2", 0.1, 5.0, 4.0, 1.0),
    ("item_cap", "i3", 0.1, 5.0, 5.0, 0.0),
]
COLUMNS = ["constraint", "member", "price", "bound", "used", "shortfall"]


def test_alerts_say_what_is_wrong_how_far_and_what_to_do() -> None:
    runs = pd.DataFrame(
        [(AS_OF, "train_relevance", "refused"), (AS_OF, "fine_tune", "skipped"), (LAST, "train_relevance", "failed")],
        columns=["as_of", "step", "status"],
    )
    figures = [(LAST, LOG_NEWEST_AGE_DAYS, "all", 1.0), (AS_OF, LOG_NEWEST_AGE_DAYS, "all", 2.0)]
    alerts = night_alerts(reading(figures, prices=pd.DataFrame(PRICES, columns=COLUMNS), runs=runs))
    assert [(alert.name, alert.about, alert.value) for alert in alerts] == [
        ("plan.floor_missed", "cold (segment = cold)", 11.0),
        ("plan.item_floors_missed", "items", 2.0),
        ("model.refused", "train_relevance", None),
        ("delivery.silent", "tail_shelf", None),
    ]
    assert [alert.text for alert in alerts] == [
        "cold (segment = cold) lacks 11 of the 51 exposures that its floor asks for.",
        "2 floors of single products lack 5 exposures in all.",
        "train_relevance was refused; the champion of the previous night scored this one.",
        "No exposure of tail_shelf has been logged for 2 days.",
    ]
    assert all(alert.look_at.endswith(".") for alert in alerts)


def test_a_night_in_order_raises_no_alert() -> None:
    runs = pd.DataFrame([(AS_OF, "train_relevance", "done")], columns=["as_of", "step", "status"])
    met = pd.DataFrame(PRICES, columns=COLUMNS).assign(shortfall=0.0)
    never_logged = [(LAST, "exposure_gini", "all", 0.9), (AS_OF, "exposure_gini", "all", 0.9)]
    always_late = [(LAST, LOG_NEWEST_AGE_DAYS, "all", 3.0), (AS_OF, LOG_NEWEST_AGE_DAYS, "all", 3.0)]
    for figures in (never_logged, always_late):
        assert night_alerts(reading(figures, prices=met, runs=runs)) == []


def test_a_log_that_stopped_raises_an_alert_every_night_until_it_resumes() -> None:
    def texts(*ages: float) -> list[str]:
        """ages: on the previous night, and tonight where there is one."""
        figures = [(day, LOG_NEWEST_AGE_DAYS, "all", age) for day, age in zip((LAST, AS_OF), ages, strict=False)]
        measured = [(LAST, "exposure_gini", "all", 0.9), (AS_OF, "exposure_gini", "all", 0.9)]
        no_prices = pd.DataFrame(PRICES, columns=COLUMNS).iloc[:0]
        runs = pd.DataFrame([], columns=["as_of", "step", "status"])
        return [alert.text for alert in night_alerts(reading([*measured, *figures], prices=no_prices, runs=runs))]

    assert texts(1.0, 2.0) == ["No exposure of tail_shelf has been logged for 2 days."]
    assert texts(6.0, 7.0) == ["No exposure of tail_shelf has been logged for 7 days."]
    assert texts(7.0) == ["No exposure of tail_shelf has been logged."]
    assert texts(2.0, 1.0) == []
