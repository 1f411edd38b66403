"""Alerts that are posted in the background."""

from __future__ import annotations

import json
import threading
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from jobs.alerts import posting as posting_module
from jobs.alerts import sending
from jobs.alerts.alert import Alert
from jobs.alerts.posting import BackgroundPosting
from jobs.config.configuration import load_config
from jobs.execution.night import Night, Record

DAY = date(2024, 5, 1)
ALERT = Alert("live.cap_reached", "warning", DAY, "tea", "tea has reached its cap", "live_item_counts")


def test_a_receiver_that_hangs_delays_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    conf = load_config("conf/local.yaml").model_copy(update={"warehouse": str(tmp_path)})
    monkeypatch.setenv(conf.alerts.webhook_url_variable, "http://127.0.0.1:9/")
    monkeypatch.setenv(conf.alerts.webhook_secret_variable, "secret")
    answer, posted = threading.Event(), []

    def hanging(hook: object, body: bytes, now: object) -> int:
        assert answer.wait(60)
        posted.append(body)
        return 1

    monkeypatch.setattr(sending, "post", hanging)
    night = Night(conf, DAY, "run", None, None, Record())  # type: ignore[arg-type]
    with BackgroundPosting() as posting:
        sending.send(night, "stream_events", [ALERT], append=True, background=posting)
        assert (tmp_path / f"alerts/{DAY}-stream_events.jsonl").read_text(encoding="utf-8").count("tea") > 0
        for number in range(20):  # all of them are one message, after the one that hangs
            sending.send(
                night, "stream_events", [replace(ALERT, about=f"tea {number}")], append=True, background=posting
            )
        assert posted == []
        answer.set()
    assert 1 < len(posted) <= 3
    assert sum(len(json.loads(body)["alerts"]) for body in posted) == 21


def test_neither_file_nor_message_of_alerts_holds_a_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    conf = load_config("conf/local.yaml").model_copy(update={"warehouse": str(tmp_path)})
    monkeypatch.setenv(conf.alerts.webhook_url_variable, "http://127.0.0.1:9/")
    monkeypatch.setenv(conf.alerts.webhook_secret_variable, "secret")
    posted: list[bytes] = []
    monkeypatch.setattr(sending, "post", lambda hook, body, now: posted.append(body) or 1)
    night = Night(conf, DAY, "run", None, None, Record())  # type: ignore[arg-type]
    alert = replace(ALERT, text="mysql://u:hunter22@db is full", look_at="Read it with password=hunter22.")
    sending.send(night, "monitor", [alert])
    [sent] = json.loads(posted[0])["alerts"]
    assert (sent["text"], sent["look_at"]) == ("mysql://u:***@db is full", "Read it with password=***")
    assert "hunter22" not in (tmp_path / f"alerts/{DAY}-monitor.jsonl").read_text(encoding="utf-8")


def test_a_failure_in_the_background_is_logged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    conf = load_config("conf/local.yaml").model_copy(update={"warehouse": str(tmp_path)})
    monkeypatch.setenv(conf.alerts.webhook_url_variable, "http://127.0.0.1:9/")
    monkeypatch.setenv(conf.alerts.webhook_secret_variable, "secret")

    def broken(hook: object, body: bytes, now: object) -> int:
        raise ZeroDivisionError

    logged = []
    monkeypatch.setattr(sending, "post", broken)
    monkeypatch.setattr(posting_module, "event", lambda text, **fields: logged.append(text))
    night = Night(conf, DAY, "run", None, None, Record())  # type: ignore[arg-type]
    with BackgroundPosting() as posting:
        sending.send(night, "stream_events", [ALERT], background=posting)
    assert "alerts not delivered" in logged
