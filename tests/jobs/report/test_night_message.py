"""The summary of a night as receivers get it: the figures and words of the page, in few lines."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from jobs.alerts.message import Message
from jobs.execution.night import Night, Record
from jobs.language.sentences import speaking
from jobs.report import night_message as message_module
from jobs.report import stopped_night
from jobs.report.night_message import MOST_ALERTS, night_message, send_summary
from jobs.report.page.numbers import NONE
from jobs.report.page.parts import Bar, Bars, Section, Table, Words
from jobs.report.sections.delivery import OUTCOMES_TITLE
from jobs.report.sections.exposure import exposure
from jobs.report.sections.headline import headline
from jobs.report.sections.prices import prices
from jobs.runtime.errors import Refused
from tests.jobs.report.sections.test_sections import AS_OF, LAST, WEEK, reading

PRICES = [
    ("cold", "segment = cold", 0.0013, 51.2, 58.4, 0.0),
    ("new", "days <= 28", 0.0, 51.0, 60.0, 0.0),
]
COLUMNS = ["constraint", "member", "price", "bound", "used", "shortfall"]
TONIGHT = [
    (AS_OF, "exposure_allocated_sum", "all", 2500.0), (AS_OF, "exposure_allocated_sum", "tail", 750.0),
    (AS_OF, "exposure_allocated_sum", "head", 1750.0), (AS_OF, "revenue_expected_sum", "all", 1280.4567),
    (AS_OF, "coverage_share", "tail", 0.25), (AS_OF, "coverage_share", "all", 0.25),
]  # fmt: skip
BEFORE = [(LAST, "exposure_allocated_sum", "all", 2000.0), (WEEK, "exposure_allocated_sum", "all", 5000.0)]
OUTCOMES = Table(
    OUTCOMES_TITLE, ("segment", "planned", "delivered", "margin (USD)"), (("tail", "5,200", "4,900", NONE),), (),
)  # fmt: skip
DELIVERED = Section(
    "delivery", "Planned and delivered", "Lists of 7 December.",
    (Bars("Shares", (Bar("tail", 0.5, "50 %"),), (), "Delivered 94 % of what was planned."), OUTCOMES),
)  # fmt: skip
SILENT = Section("delivery", "Planned and delivered", "", (Words(("Nothing is known.",), ()),))
ALERT = {"severity": "warning", "key": "k", "text": "cold lacks 11 of 51.", "look_at": "Read the cause."}


def night_in(folder: Path, figures: list[Any], *, published: str = "done", to: str = "") -> tuple[Night, Any]:
    """A night and its reading; receivers of its summary where `to` names them."""
    runs = pd.DataFrame([(AS_OF, "publish", published)], columns=["as_of", "step", "status"])
    of_night = reading(figures, prices=pd.DataFrame(PRICES, columns=COLUMNS), runs=runs)
    alerts = of_night.conf.alerts.model_copy(update={"summary_to": {"chat": None} if to else {}})
    conf = of_night.conf.model_copy(update={"warehouse": str(folder), "alerts": alerts})
    object.__setattr__(of_night, "conf", conf)
    return Night(conf, AS_OF, "run-1", None, of_night.tables, Record()), of_night


def message_of(folder: Path, figures: list[Any], delivered: Section, alerts: list[dict[str, Any]]) -> Message:
    night, of_night = night_in(folder, figures)
    sections = [exposure(of_night), delivered, prices(of_night), headline(of_night)]
    return night_message(night, of_night, sections, alerts).without_secrets()


def test_the_message_says_what_the_page_says(tmp_path: Path) -> None:
    assert message_of(tmp_path, [*TONIGHT, *BEFORE], DELIVERED, [ALERT]).text.split("\n\n") == [
        "Night of 2017-12-08",
        "What the tail got on tail_shelf\n"
        "tail of the planned exposure: 30 % (750)\n"
        "head of the planned exposure: 70 % (1,750)",
        "Planned and delivered\n"
        "Lists of 7 December.\n"
        "Delivered 94 % of what was planned.\n"
        "tail: planned 5,200, delivered 4,900",
        "What the rules cost\n"
        "cold (segment = cold) gets 58.4 exposures, and its floor asks for 51.2; the floor costs 1.30 purchases for "
        "1,000 exposures, at most 0.0666 purchases in all.\n"
        "new (days <= 28) gets 60 exposures, and its floor asks for 51; the floor costs nothing.\n"
        "No product is held back by its own cap or its stock.",
        "Alerts: 1\ncold lacks 11 of 51.",
        "At a glance\n"
        "Planned exposures: 2,500 (+25.0 % against 7 Dec, previous night)\n"
        "Expected revenue: 1,280.46 USD\n"
        "Coverage: 25 %",
        "All figures: reports/2017-12-08.html in the warehouse.",
    ]


def test_a_first_night_without_a_log(tmp_path: Path) -> None:
    parts = message_of(tmp_path, TONIGHT, SILENT, []).parts
    assert parts["delivered"] == ("Planned and delivered", "Nothing is known.")
    assert parts["alerts"] == ("Alerts: 0",)
    assert parts["changes"][1:3] == (
        "This is the first night, so there is nothing yet to compare it with.",
        "Planned exposures: 2,500",
    )


def test_many_alerts_are_counted(tmp_path: Path) -> None:
    lines = message_of(tmp_path, TONIGHT, SILENT, [ALERT] * (MOST_ALERTS + 3)).parts["alerts"]
    assert (lines[0], len(lines)) == (f"Alerts: {MOST_ALERTS + 3}", MOST_ALERTS + 2)
    assert lines[-1] == "3 further alerts are in the warehouse."


def test_the_message_is_in_the_language_of_the_page(tmp_path: Path) -> None:
    with speaking("zh"):
        sent = message_of(tmp_path, [*TONIGHT, *BEFORE], SILENT, [])
    lines = [line for line in sent.text.splitlines() if "Planned and" not in line and "Nothing is" not in line]
    assert [line for line in lines if re.search("[A-Za-z]{2,} [A-Za-z]{2,}", line)] == []
    assert "计划曝光：2,500（较上一批次（12月7日）+25.0%）" in lines
    assert lines[0] == "2017-12-08 批次"


@pytest.mark.parametrize(("published", "to", "count"), [("done", "chat", 1), ("failed", "chat", 0), ("done", "", 0)])
def test_only_a_published_night_is_sent_and_only_where_a_receiver_is_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, published: str, to: str, count: int
) -> None:
    sent: list[Message] = []
    monkeypatch.setattr(message_module, "send_to_receivers", lambda night, message: sent.append(message))
    night, of_night = night_in(tmp_path, TONIGHT, published=published, to=to)
    for step, text in (("check_drift", "Texts moved."), ("nightly", "It was stopped.")):
        night.files.write(f"alerts/{AS_OF}-{step}.jsonl", json.dumps(ALERT | {"text": text}) + "\n")
    night.files.write(f"alerts/{LAST}-check_drift.jsonl", json.dumps(ALERT) + "\n")
    send_summary(night, of_night, [exposure(of_night), SILENT, prices(of_night), headline(of_night)])
    assert [message.parts["alerts"] for message in sent] == [("Alerts: 1", "Texts moved.")] * count


def test_a_stopped_night_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[Message] = []
    monkeypatch.setattr(stopped_night, "send_to_receivers", lambda night, message: sent.append(message))
    night, _ = night_in(tmp_path, TONIGHT)
    stopped_night.report_stop(night, "ingest", Refused("3 of 7 rows were rejected.", "See rejected."))
    [message] = sent
    assert message.title == "Night of 2017-12-08: stopped"
    assert message.parts["alerts"] == ("The night was refused in ingest: 3 of 7 rows were rejected.",)
    assert message.page.startswith("Read reports/2017-12-08-stopped.html in the warehouse and ")
