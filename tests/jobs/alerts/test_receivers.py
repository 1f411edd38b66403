"""Receivers of a night's summary that are in order, slow, refuse, or are not set up."""

from __future__ import annotations

import hashlib
import hmac
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from socket import create_server

import pytest

from jobs.alerts import receivers
from jobs.alerts.message import Message
from jobs.alerts.receivers import send_to_receivers
from jobs.config.configuration import load_config
from jobs.execution.night import Night, Record
from tests.jobs.alerts.receiver import receiver

DAY = date(2024, 5, 1)
MESSAGE = Message(DAY, "run-1", "Night of 2024-05-01", {"alerts": ("Alerts: 1", "password=hunter22")}, "The page")
CHAT = "{format: slack, url_variable: CHAT_URL}"


@pytest.fixture
def warnings(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, object]]:
    """The fields of the warnings that are logged."""
    logged: list[dict[str, object]] = []
    monkeypatch.setattr(receivers, "warning", lambda text, **fields: logged.append({"text": text, **fields}))
    return logged


@contextmanager
def hanging() -> Iterator[str]:
    """The address of a server that accepts connections and never answers."""
    with create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}/token-of-the-address"


def night_of(tmp_path: Path, *changes: str) -> Night:
    """A night with these receivers, one attempt and a short time-out."""
    limits = ("alerts.attempts=1", "alerts.timeout_seconds=0.2")
    of_receivers = (f"alerts.summary_to.{change}" for change in changes)
    conf = load_config("conf/local.yaml", [f"warehouse={tmp_path}", *limits, *of_receivers])
    return Night(conf, DAY, "run-1", None, None, Record())  # type: ignore[arg-type]


def test_every_receiver_gets_the_message(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    signed = "{format: json, url_variable: OPS_URL, secret_variable: OPS_SECRET}"
    night = night_of(tmp_path, f"chat={CHAT}", f"ops={signed}")
    with receiver([200]) as (chat, of_chat), receiver([202]) as (ops, of_ops):
        monkeypatch.setenv("CHAT_URL", chat)
        monkeypatch.setenv("OPS_URL", ops)
        monkeypatch.setenv("OPS_SECRET", "secret")
        send_to_receivers(night, MESSAGE)
    [(_, body)] = of_chat
    assert json.loads(body)["text"] == "Night of 2024-05-01\n\nAlerts: 1\npassword=***\n\nThe page"
    [(headers, body)] = of_ops
    assert json.loads(body)["run"] == "run-1"
    text = headers["X-Longtail-Timestamp"].encode() + b"." + body
    assert headers["X-Longtail-Signature"] == f"sha256={hmac.new(b'secret', text, hashlib.sha256).hexdigest()}"
    accepted = "accepted at attempt 1"
    assert night.record.decisions == {"summary_to.chat": accepted, "summary_to.ops": accepted}


def test_nothing_is_sent_where_no_receiver_is_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threading.Thread, "start", lambda self: pytest.fail("it starts a thread"))
    night = night_of(tmp_path)
    send_to_receivers(night, MESSAGE)
    assert night.record.decisions == {}


def test_a_signature_of_dingtalk_stands_in_the_address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    night = night_of(tmp_path, "chat={format: dingtalk, url_variable: CHAT_URL, secret_variable: CHAT_SECRET}")
    with receiver([(200, b'{"errcode": 0}')]) as (url, requests):
        monkeypatch.setenv("CHAT_URL", f"{url}?access_token=a")
        monkeypatch.setenv("CHAT_SECRET", "SECa")
        send_to_receivers(night, MESSAGE)
    [(headers, _)] = requests
    assert headers["path"].startswith("/token-of-the-address?access_token=a&timestamp=")
    assert "&sign=" in headers["path"]
    assert "X-Longtail-Signature" not in headers


@pytest.mark.parametrize(
    ("answer", "why"),
    [(404, "The webhook answered 404."), ((200, b'{"errcode": 40008}'), "The webhook answered code 40008.")],
)
def test_a_refusal_is_one_warning_with_host_and_cause(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, warnings: list[dict[str, object]], answer: int, why: str
) -> None:
    night = night_of(tmp_path, "chat={format: wecom, url_variable: CHAT_URL}")
    with receiver([answer]) as (url, _):
        monkeypatch.setenv("CHAT_URL", url)
        send_to_receivers(night, MESSAGE)
    assert warnings == [{"text": "summary not delivered", "as_of": DAY, "host": "127.0.0.1", "why": why}]
    assert night.record.decisions == {"summary_to.chat": why}


def test_a_receiver_that_hangs_delays_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, warnings: list[dict[str, object]]
) -> None:
    night = night_of(tmp_path, f"slow={CHAT.replace('CHAT', 'SLOW')}", f"chat={CHAT}")
    with hanging() as slow, receiver([200]) as (chat, requests):
        monkeypatch.setenv("SLOW_URL", slow)
        monkeypatch.setenv("CHAT_URL", chat)
        send_to_receivers(night, MESSAGE)
    assert len(requests) == 1
    assert [warned["host"] for warned in warnings] == ["127.0.0.1"]
    assert night.record.decisions["summary_to.chat"] == "accepted at attempt 1"


def test_the_night_waits_no_longer_than_the_time_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, warnings: list[dict[str, object]]
) -> None:
    end = threading.Event()
    monkeypatch.setattr(receivers, "post", lambda hook, body, now: end.wait(60))  # as of one that drips an answer
    monkeypatch.setenv("CHAT_URL", "https://chat.example/token")
    night = night_of(tmp_path, f"chat={CHAT}")
    send_to_receivers(night, MESSAGE)
    assert [(warned["host"], warned["why"]) for warned in warnings] == [
        ("chat.example", "It did not answer within 0.2 seconds.")
    ]
    assert not end.is_set()
    end.set()


@pytest.mark.parametrize(
    ("values", "host", "why"),
    [
        ({}, "chat", "CHAT_URL is not set."),
        ({"CHAT_URL": "ftp://files.example/token"}, "files.example", "The address of the webhook is neither http nor"),
        ({"CHAT_URL": "https://[token"}, "chat", "The webhook did not answer: "),
        ({"CHAT_URL": "http://127.0.0.1:1/token of"}, "127.0.0.1", "The webhook did not answer: InvalidURL."),
    ],
)
def test_an_address_that_is_wrong_is_a_warning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, warnings: list[dict[str, object]], values: dict[str, str],
    host: str, why: str,
) -> None:  # fmt: skip
    monkeypatch.delenv("CHAT_URL", raising=False)
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    send_to_receivers(night_of(tmp_path, f"chat={CHAT}"), MESSAGE)
    [warned] = warnings
    assert warned["host"] == host
    assert str(warned["why"]).startswith(why)
    assert "token" not in str(warned)


def test_a_template_that_changed_since_is_a_warning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, warnings: list[dict[str, object]]
) -> None:
    place = tmp_path / "ops.txt"
    place.write_text("{{text}}", encoding="utf-8")
    night = night_of(tmp_path, f"ops={{format: template, url_variable: CHAT_URL, template: {place}}}")
    place.write_text("{{sales}}", encoding="utf-8")
    monkeypatch.setenv("CHAT_URL", "https://chat.example/token")
    send_to_receivers(night, MESSAGE)
    assert "names the field 'sales'" in str(warnings[0]["why"])
    assert len(warnings) == 1


def test_a_mail_server_that_refuses_is_a_warning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, warnings: list[dict[str, object]]
) -> None:
    mail = "{format: email, url_variable: MAIL_URL, sender: longtail@shop.example, recipients: [ann@shop.example]}"
    with hanging() as address:
        monkeypatch.setenv("MAIL_URL", address.replace("http://", "smtps://ann:hunter22@"))
        send_to_receivers(night_of(tmp_path, f"mail={mail}"), MESSAGE)
    [warned] = warnings
    assert warned["host"] == "127.0.0.1"
    assert "hunter22" not in str(warned)
