"""A message in the formats of receivers: escaped, and cut at a line's end."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest

from jobs.alerts.formats import request_of
from jobs.alerts.message import CUT, Message
from jobs.config.alerts import Receiver
from jobs.config.message_template import FIELDS

TITLE = '<b>Tea</b> & *co* @all <at user_id="all">x</at>'
LINES = [f"line {number} of the rules, with 茶" for number in range(1000)]
CHATS = ["slack", "mattermost", "teams", "dingtalk", "wecom", "feishu"]


def message(**parts: list[str]) -> Message:
    of_parts = {name: tuple(lines) for name, lines in parts.items()}
    return Message(date(2024, 5, 1), "run-1", "Night of 2024-05-01", of_parts, "All figures: reports/2024-05-01.html")


def content_of(name: str, sent: Message, **keys: Any) -> Any:
    receiver = Receiver(format=name, url_variable="CHAT_URL", **keys)  # type: ignore[arg-type]
    return json.loads(request_of(receiver, sent, None, 1.0).body)


def lines_of(name: str, sent: Message, **keys: Any) -> list[str]:
    """The lines that a chat shows, still escaped."""
    content = content_of(name, sent, **keys)
    if name == "teams":
        [card] = content["attachments"]
        return [block["inlines"][0]["text"] for block in card["content"]["body"]]
    text = content["content"] if name == "feishu" else content["text"]
    text = text if isinstance(text, str) else text["text" if name == "feishu" else "content"]
    return [line for line in text.split("\n") if line]


@pytest.mark.parametrize("name", CHATS)
def test_a_chat_gets_title_parts_in_their_order_and_the_page(name: str) -> None:
    sent = message(changes=["Changes", "up"], tail=["Tail", "30 %"], rules=[])
    assert lines_of(name, sent) == [
        "Night of 2024-05-01", "Tail", "30 %", "Changes", "up", "All figures: reports/2024-05-01.html"
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "escaped"),
    [
        ("slack", '&lt;b&gt;Tea&lt;/b&gt; &amp; *co* @\u200ball &lt;at user_id="all"&gt;x&lt;/at&gt;'),
        ("mattermost", '\\<b\\>Tea\\</b\\> & \\*co\\* @\u200ball \\<at user\\_id="all"\\>x\\</at\\>'),
        ("teams", TITLE),  # a text run has no markup
        ("dingtalk", TITLE.replace("@", "@\u200b")),
        ("wecom", TITLE.replace("@", "@\u200b")),
        ("feishu", '＜b＞Tea＜/b＞ & *co* @\u200ball ＜at user_id="all"＞x＜/at＞'),  # noqa: RUF001 - as it is sent
    ],
)
def test_names_of_a_store_are_neither_markup_nor_mentions(name: str, escaped: str) -> None:
    assert lines_of(name, message(alerts=["Alerts: 1", TITLE]))[2] == escaped


def test_no_chat_is_asked_to_read_markup_or_mentions() -> None:
    assert content_of("slack", message())["mrkdwn"] is False
    assert content_of("dingtalk", message())["at"] == {"isAtAll": False}
    assert "msteams" in content_of("teams", message())["attachments"][0]["content"]
    assert "entities" not in content_of("teams", message())["attachments"][0]["content"]["msteams"]


@pytest.mark.parametrize("name", CHATS)
def test_a_message_is_cut_at_a_lines_end(name: str) -> None:
    shown = lines_of(name, message(rules=["Rules", *LINES]))
    assert shown[0] == "Night of 2024-05-01"
    assert shown[-2:] == [CUT, "All figures: reports/2024-05-01.html"]
    assert shown[2:-2] == LINES[: len(shown) - 4]
    assert 10 < len(shown) < 1000


def test_wecom_counts_bytes_and_slack_characters() -> None:
    long = message(rules=["Rules", *LINES])
    of_wecom = content_of("wecom", long)["text"]["content"]
    assert 2048 - 60 < len(of_wecom.encode()) <= 2048
    assert 4000 - 60 < len(content_of("slack", long)["text"]) <= 4000


def test_alerts_stay_however_many_rules_there_are() -> None:
    sent = message(rules=["Rules", *LINES], alerts=["Alerts: 1", "It is late."], changes=["Changes", "up", "down"])
    shown = lines_of("wecom", sent)
    assert shown[-7:-1] == [CUT, "Alerts: 1", "It is late.", "Changes", "up", "down"]
    assert shown[1:4] == ["Rules", *LINES[:2]]


def test_every_shorter_message_is_one_that_a_reader_understands() -> None:
    sent = message(tail=["Tail", "30 %"], changes=["Changes", "up", "down"])
    assert [shorter.blocks[1:-1] for shorter in sent.shorter()] == [
        [("Tail", "30 %"), ("Changes", "up", CUT)],
        [("Tail", "30 %"), (CUT,)],
        [(CUT,)],
    ]
    assert [shorter.blocks[1:-1] for shorter in message().shorter()] == []


def test_a_line_that_does_not_fit_leaves_title_and_page() -> None:
    assert lines_of("wecom", message(alerts=["x" * 5000])) == [
        "Night of 2024-05-01", CUT, "All figures: reports/2024-05-01.html"
    ]  # fmt: skip


def test_json_has_every_field_as_it_is() -> None:
    content = content_of("json", message(alerts=["Alerts: 1", TITLE]))
    assert tuple(content) == FIELDS
    assert (content["alerts"], content["night"], content["run"]) == (f"Alerts: 1\n{TITLE}", "2024-05-01", "run-1")
    cut = content_of("json", message(rules=["Rules", *LINES]), most_bytes=1000)
    assert cut["rules"] == "\n".join(["Rules", *LINES[: cut["rules"].count("\n") - 1], CUT])
    assert len(json.dumps(cut, ensure_ascii=False).encode()) <= 1000


def test_a_template_of_the_user(tmp_path: Path) -> None:
    place = tmp_path / "ops.json"
    place.write_text('{"content": "{{title}}: {{alerts}}", "username": "Longtail"}', encoding="utf-8")
    receiver = Receiver(format="template", url_variable="CHAT_URL", template=str(place), most_bytes=130)
    sent = request_of(receiver, message(alerts=["Alerts: 2", 'Tea "best" @everyone', "x" * 99]), None, 1.0)
    assert sent.content_type == "application/json"
    assert json.loads(sent.body) == {
        "content": f'Night of 2024-05-01: Alerts: 2\nTea "best" @\u200beveryone\n{CUT}',
        "username": "Longtail",
    }


def test_a_template_of_plain_text(tmp_path: Path) -> None:
    place = tmp_path / "ops.txt"
    place.write_text("{{ night }} {{page}}\n{{tail}}\n", encoding="utf-8")
    receiver = Receiver(format="template", url_variable="CHAT_URL", template=str(place))
    sent = request_of(receiver, message(tail=["Tail", "茶"]), None, 1.0)
    assert sent.content_type == "text/plain; charset=utf-8"
    assert sent.body.decode() == "2024-05-01 All figures: reports/2024-05-01.html\nTail\n茶\n"


def test_signatures_of_dingtalk_and_feishu() -> None:
    def signed(key: bytes, text: bytes) -> str:
        return base64.b64encode(hmac.new(key, text, hashlib.sha256).digest()).decode()

    dingtalk = Receiver(format="dingtalk", url_variable="CHAT_URL", secret_variable="CHAT_SECRET")
    query = parse_qs(request_of(dingtalk, message(), "SECa", 1700000000.5).query)
    assert query == {"timestamp": ["1700000000500"], "sign": [signed(b"SECa", b"1700000000500\nSECa")]}
    feishu = Receiver(format="feishu", url_variable="CHAT_URL", secret_variable="CHAT_SECRET")
    body = json.loads(request_of(feishu, message(), "SECa", 1700000000.5).body)
    assert (body["timestamp"], body["sign"]) == ("1700000000", signed(b"1700000000\nSECa", b""))
    assert "sign" not in json.loads(request_of(feishu, message(), None, 1.0).body)


@pytest.mark.parametrize(
    ("answer", "refusal"),
    [
        (b'{"errcode": 0, "errmsg": "ok"}', ""),
        (b'{"code": 0, "msg": "success"}', ""),
        (b'{"StatusCode": 0}', ""),
        (b'{"errcode": 310000, "errmsg": "keywords not in content"}', "answered code 310000"),
        (b'{"code": 19021, "msg": "sign match fail"}', "answered code 19021"),
        (b"<html>", "answered what is no JSON"),
        (b"[]", "answered without a code"),
    ],
)
def test_a_code_in_the_answer_refuses_a_message(answer: bytes, refusal: str) -> None:
    request = request_of(Receiver(format="wecom", url_variable="CHAT_URL"), message(), None, 1.0)
    assert request.refusal is not None
    assert request.refusal(answer) == refusal


def test_lines_of_a_store_stay_lines_and_have_no_secrets() -> None:
    sent = message(alerts=["Tea\nfor\ttwo\u202e", "password=hunter22", " "]).without_secrets()
    assert sent.parts["alerts"] == ("Tea for two", "password=***")
