"""Nights on exports that overwrite their own history, stop on closed days, or hold nothing that can be taken."""

from __future__ import annotations

from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from jobs.runtime.errors import Refused
from tests.jobs.test_ingest_files import Shop

pytestmark = pytest.mark.slow  # many Delta writes; tests/jobs/sources has the rules


def bought(event: str, at: str, units: int = 1, item: str = "a") -> str:
    return f"{event},u1,{item},purchase,2024-03-{at},{units}"


@pytest.mark.parametrize(
    ("when_gone", "left"),
    [
        ("keep", [("e1", 1), ("e2", 1), ("e3", 7), ("e5", 1)]),
        ("keep, when_changed: replace", [("e3", 7), ("e5", 1)]),
    ],
)
def test_an_export_of_the_last_days_that_overwrites_itself_deletes_no_history(
    spark: SparkSession, tmp_path: Path, when_gone: str, left: list[tuple[str, int]]
) -> None:
    shop = Shop(spark, tmp_path, when_gone)
    # The window begins within a day: e2 is of the first day of the new one, before its first row.
    shop.lines("1", [bought("e1", "01 10:00:00"), bought("e2", "02 09:00:00"), bought("e3", "02 10:00:00"),
                     bought("e4", "02 11:00:00")])  # fmt: skip
    shop.night(3)
    shop.lines("1", [bought("e3", "02 10:00:00", 7), bought("e5", "03 10:00:00")])
    shop.night(4)
    assert shop.events() == left
    state = shop.all()
    shop.night(4, "again")
    assert shop.all() == state


def test_a_night_names_what_became_of_its_events(spark: SparkSession, tmp_path: Path) -> None:
    shop = Shop(spark, tmp_path)
    shop.lines("1", [bought("e1", "01 10:00:00", item="B-17.0"), bought("e2", "02 10:00:00", item="B-18.0")])
    with pytest.raises(
        Refused, match=r"2 parked \(item_unknown, such as 'x-00.0' in the events, 'x' among tonight's items"
    ):
        shop.night(3)
    shop.lines("1", [bought(f"e{number}", "01 10:00:00").replace("2024-03-01", "01.03.2024") for number in range(6)])
    with pytest.raises(Refused, match=r"users .* updated_at_unreadable \(6 rows, such as '01.03.2024 10:00:00'\)"):
        shop.night(3)
