"""What a person is told of at once."""

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


def test_what_is_told_names_what_to_look_at() -> None:
    runs = pd.DataFrame(
        [(AS_OF, "train_relevance", "refused"), (AS_OF, "fine_tune", "skipped"), (LAST, "train_relevance", "failed")],
        columns=["as_of", "step", "status"],
    )
    figures = [(LAST, LOG_NEWEST_AGE_DAYS, "all", 1.0), (AS_OF, LOG_NEWEST_AGE_DAYS, "all", 2.0)]
    found = night_alerts(reading(figures, prices=pd.DataFrame(PRICES, columns=COLUMNS), runs=runs))
    assert [(one.name, one.about, one.value) for one in found] == [
        ("plan.floor_missed", "cold (segment = cold)", 11.0),
        ("plan.item_floors_missed", "items", 2.0),
        ("model.refused", "train_relevance", None),
        ("delivery.silent", "tail_shelf", None),
    ]
    assert all(one.look_at for one in found)
    assert found[1].text == "2 floors of single items lack 5.0 exposures in all"


def test_a_night_in_order_alerts_nobody() -> None:
    runs = pd.DataFrame([(AS_OF, "train_relevance", "done")], columns=["as_of", "step", "status"])
    kept = pd.DataFrame(PRICES, columns=COLUMNS).assign(shortfall=0.0)
    never_logged = [(LAST, "exposure_gini", "all", 0.9), (AS_OF, "exposure_gini", "all", 0.9)]
    always_late = [(LAST, LOG_NEWEST_AGE_DAYS, "all", 3.0), (AS_OF, LOG_NEWEST_AGE_DAYS, "all", 3.0)]
    for figures in (never_logged, always_late):
        assert night_alerts(reading(figures, prices=kept, runs=runs)) == []


def test_a_log_that_stopped_is_told_every_night_until_nothing_is_left_of_it() -> None:
    def told(*ages: float) -> list[str]:
        """ages: on the last night, and tonight where there is one."""
        figures = [(day, LOG_NEWEST_AGE_DAYS, "all", age) for day, age in zip((LAST, AS_OF), ages, strict=False)]
        whole = [(LAST, "exposure_gini", "all", 0.9), (AS_OF, "exposure_gini", "all", 0.9)]
        nothing = pd.DataFrame(PRICES, columns=COLUMNS).iloc[:0]
        runs = pd.DataFrame([], columns=["as_of", "step", "status"])
        return [one.text for one in night_alerts(reading([*whole, *figures], prices=nothing, runs=runs))]

    assert told(1.0, 2.0) == ["no exposure of tail_shelf has been logged for 2 days"]
    assert told(6.0, 7.0) == ["no exposure of tail_shelf has been logged for 7 days"]
    assert told(7.0) == ["no exposure of tail_shelf has been logged"]
    assert told(2.0, 1.0) == []
