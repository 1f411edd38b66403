"""Days without events: closed, or a source that has stopped; and shoppers that are no persons."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from functools import partial
from types import SimpleNamespace
from typing import Any, cast

import pytest
from pyspark.sql import SparkSession

from features.contract import EVENTS, ITEMS, USERS
from features.row_balance import Balance
from jobs.config.configuration import load_config
from jobs.execution.night import Night
from jobs.runtime.errors import Refused
from jobs.sources import frequent_shoppers, id_forms, short_history, silence
from jobs.sources.column_types import read_alike
from jobs.sources.intake import Intake, arrive, judge, require_few_rejected
from jobs.sources.replacement import Window
from jobs.sources.source import Source
from tests.jobs.small_tables import filled

SUNDAY = date(2024, 3, 10)
Check = Callable[..., None]
GOOD = {"user_id": "u", "event_type": "purchase", "sample_weight": 1.0}


def purchases(days: list[date], **values: Any) -> list[dict[str, Any]]:
    at = [datetime.combine(day, datetime.min.time(), UTC) for day in days]
    return [
        {**GOOD, "event_id": f"e{n}", "event_time": time, "ingested_at": time, "event_date": time.date(), **values}
        for n, time in enumerate(at)
    ]


def intake(spark: SparkSession, rows: list[dict[str, Any]]) -> Intake:
    return judge(arrive(filled(spark, EVENTS, rows), EVENTS), "event_time", SUNDAY)


@pytest.fixture(scope="module")
def others(spark: SparkSession) -> list[Intake]:
    """Items and shoppers of a night in which none is new."""
    none = judge(arrive(filled(spark, ITEMS, []), ITEMS), "valid_from", SUNDAY)
    return [none, judge(arrive(filled(spark, USERS, []), USERS), "updated_at", SUNDAY)]


@pytest.fixture
def check(spark: SparkSession, others: list[Intake], monkeypatch: pytest.MonkeyPatch) -> Check:
    return partial(check_night, spark, others, monkeypatch)


def check_night(
    spark: SparkSession, others: list[Intake], monkeypatch: pytest.MonkeyPatch, stored: list[date], since: date,
    *new: date, **volume: Any,
) -> None:  # fmt: skip
    """Runs the check of the night of Sunday on the stored days and the new ones."""
    conf = load_config("conf/local.yaml")
    usual = conf.source.volume.model_copy(update=volume)
    conf = conf.model_copy(update={"source": conf.source.model_copy(update={"volume": usual})})
    tables = SimpleNamespace(read_or_empty=lambda table: filled(spark, EVENTS, purchases(stored)))
    night = cast("Night", SimpleNamespace(conf=conf, tables=tables, as_of=SUNDAY))
    monkeypatch.setattr(silence, "last_done", lambda *_, **__: None)
    intakes = [*others, intake(spark, purchases(list(new)))]
    silence.require_events(night, cast("Source", SimpleNamespace(whole=False)), intakes, Window(since, SUNDAY))


def test_a_weekday_that_is_always_closed_needs_no_event(check: Check) -> None:
    saturday = SUNDAY - timedelta(days=1)
    weeks = [SUNDAY - timedelta(days=number) for number in range(2, 20)]
    closed = [day for day in weeks if day.weekday() != saturday.weekday()]
    check(closed, saturday)
    with pytest.raises(Refused, match="no events between 2024-03-09 and 2024-03-10"):
        check(weeks, saturday)
    check(weeks, saturday, saturday)
    check(weeks, saturday, closed=(saturday,))
    check(weeks, saturday, least=0.0)
    friday = SUNDAY - timedelta(days=2)  # open on Fridays, and no event since
    with pytest.raises(Refused, match="no events between 2024-03-08 and 2024-03-10"):
        check(closed[1:], friday)


def test_returns_of_earlier_purchases_and_few_bad_rows_stop_no_night(spark: SparkSession) -> None:
    balance = Balance("events", 100, {"accepted": 80, "rejected": 20}, unmatched_returns=18)
    assert (balance.faulty, balance.rejected_share) == (2, 0.02)
    assert balance.rows["events_unmatched_returns"] == 18
    day = SUNDAY - timedelta(days=1)
    bad = intake(spark, purchases([day] * 30)[:26] + purchases([day] * 30, quantity=-1)[26:])
    require_few_rejected([bad], 0.02)  # four of 30
    with pytest.raises(Refused, match=r"100.0% of the rows"):
        require_few_rejected([intake(spark, purchases([day] * 4, quantity=-1))], 0.02)


@pytest.mark.parametrize(
    ("before", "now", "alike"),
    [
        ("bigint", "double", True),
        ("double", "bigint", True),
        ("int", "decimal(20,4)", True),
        ("string", "void", True),
        ("void", "bigint", True),
        ("string", "bigint", False),
        ("timestamp", "timestamp_ntz", False),
        ("bigint", "double or string", False),
        ("bigint or string", "string", True),
        ("bigint", "text", True),
        ("text", "text or void", True),
        ("timestamp", "text", False),
        ("timestamp", "void", True),
        ("array<float>", "void", True),
        ("date or void", "boolean", False),
        ("text", "string", True),
        ("text", "bigint", True),
        ("text", "timestamp", False),
    ],
)
def test_types_that_are_read_alike_stop_no_night(before: str, now: str, alike: bool) -> None:
    assert read_alike(before, now) is alike


def test_guests_under_one_number_are_warned_of(spark: SparkSession, monkeypatch: pytest.MonkeyPatch) -> None:
    warned: list[dict[str, Any]] = []
    monkeypatch.setattr(frequent_shoppers, "warning", lambda message, **fields: warned.append(fields))
    day = SUNDAY - timedelta(days=1)
    rows = purchases([day] * 100)
    for number, row in enumerate(rows):
        row["user_id"] = "4711" if number < 60 else "NULL" if number < 70 else f"C{number % 8}"
    frequent_shoppers.report_frequent_shoppers(intake(spark, rows))
    assert [(row["events"], row.get("share"), row.get("ids")) for row in warned] == [
        (60, "60%", None), (10, None, "null"),
    ]  # fmt: skip
    warned.clear()
    for number, row in enumerate(rows):
        row["user_id"] = f"C{number % 8}"
    frequent_shoppers.report_frequent_shoppers(intake(spark, rows))
    assert warned == []


def test_ids_that_differ_in_form_only_are_warned_of(spark: SparkSession, monkeypatch: pytest.MonkeyPatch) -> None:
    warned: list[dict[str, Any]] = []
    monkeypatch.setattr(id_forms, "warning", lambda message, **fields: warned.append(fields))
    stored = {ITEMS: filled(spark, ITEMS, [{"item_id": "a1"}]), USERS: filled(spark, USERS, [{"user_id": "17801"}])}
    night = cast("Night", SimpleNamespace(tables=SimpleNamespace(read_or_empty=stored.__getitem__)))
    times = {"updated_at": datetime(2024, 1, 1, tzinfo=UTC)}
    items = filled(spark, ITEMS, [{"item_id": name, **times} for name in ("A1", "a1\u200b", "b", "c")])
    users = filled(spark, USERS, [{"user_id": name, **times} for name in ("17801.0", "17802", "178010")])
    arrived = [arrive(items, ITEMS), arrive(users, USERS)]
    id_forms.report_id_forms(night, judge(arrived[0], "valid_from", SUNDAY), judge(arrived[1], "updated_at", SUNDAY))
    assert [(row["table"], row["ids"]) for row in warned] == [("items", 2), ("users", 1)]
    assert "17801" not in str(warned)


@pytest.mark.parametrize(
    ("days", "instead"),
    [(140, None), (60, "trains on 2 periods of 12 days"), (20, "ranks by popularity and texts")],
)
def test_a_short_history_is_warned_of_on_the_first_night(
    spark: SparkSession, monkeypatch: pytest.MonkeyPatch, days: int, instead: str | None
) -> None:
    warned: list[dict[str, Any]] = []
    monkeypatch.setattr(short_history, "warning", lambda message, **fields: warned.append(fields))
    night = cast("Night", SimpleNamespace(conf=load_config("conf/local.yaml"), as_of=SUNDAY))
    events = intake(spark, purchases([SUNDAY - timedelta(days=number) for number in (1, days)]))
    short_history.report_short_history(night, events)
    expected = [] if instead is None else [(days, 140, instead)]
    assert [(row["days"], row["needed"], row["night"]) for row in warned] == expected
    events.release()
