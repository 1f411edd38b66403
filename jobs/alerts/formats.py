"""A message as the requests that chats and other receivers take: escaped, and cut at their limit at a line's end."""

from __future__ import annotations

import base64
import hashlib
import hmac
import html
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import quote_plus

from jobs.alerts.message import Message
from jobs.config.alerts import MessageFormat, Receiver
from jobs.config.message_template import MessageTemplate, read_template
from jobs.runtime.errors import LongtailError

_MENTION = re.compile(r"@(?=\S)")
_MARKDOWN = re.compile(r"([\\`*_~#|<>\[\]])")
_CODE = ("errcode", "code", "StatusCode")  # of a JSON answer with status 200; 0 accepts
# Most characters of Slack's text and Mattermost's, most bytes of WeCom's text and of the other bodies, as the receivers
# document them; DingTalk, Feishu and Teams with a margin, since they count with headers or approximately.
_MOST = {"slack": 4_000, "mattermost": 16_383, "teams": 26_000, "dingtalk": 18_000, "wecom": 2_048, "feishu": 18_000}


@dataclass(frozen=True)
class Request:
    """What to post. query: to append to the address; refusal: as Webhook has it"""

    body: bytes
    content_type: str = "application/json"
    query: str = ""
    refusal: Callable[[bytes], str] | None = None


def request_of(receiver: Receiver, message: Message, secret: str | None, moment: float) -> Request:
    """The request with as many lines of the message as the receiver takes.

    secret: of DingTalk's and Feishu's signatures; moment: seconds since 1970
    Raises LongtailError where a template cannot be read any more.
    """
    if receiver.format == "template":
        template = _template_of(receiver)
        fitted = _fitted(message, receiver.most_bytes, lambda part: len(template.filled(_harmless(part)).encode()))
        content_type = "application/json" if template.is_json else "text/plain; charset=utf-8"
        return Request(template.filled(_harmless(fitted)).encode(), content_type)
    if receiver.format == "json":
        fitted = _fitted(message, receiver.most_bytes, lambda part: len(_json(part.fields)))
        return Request(_json(fitted.fields))
    body, size = _BODIES[receiver.format]
    fitted = _fitted(message, _MOST[receiver.format], size)
    content = body(fitted)
    refusal = _refusal if receiver.format in ("dingtalk", "wecom", "feishu") else None
    if secret and receiver.format == "feishu":
        content |= {"timestamp": str(int(moment)), "sign": _sign(_signed_text(int(moment), secret), "")}
    query = ""
    if secret and receiver.format == "dingtalk":
        moment_ms = round(1000 * moment)
        query = f"timestamp={moment_ms}&sign={quote_plus(_sign(secret, _signed_text(moment_ms, secret)))}"
    return Request(_json(content), query=query, refusal=refusal)


def _template_of(receiver: Receiver) -> MessageTemplate:
    assert receiver.template is not None
    try:
        return read_template(receiver.template)
    except ValueError as error:
        raise LongtailError(f"{error}.", "It was in order when the configuration was read.") from error


def _fitted(message: Message, most: int | None, size: Callable[[Message], int]) -> Message:
    """The message, or the longest of its `shorter` ones that fits; title and page stay whatever their size."""
    if most is None or size(message) <= most:
        return message
    shortest = message
    for shortest in message.shorter():
        if size(shortest) <= most:
            break
    return shortest


def _json(content: Mapping[str, Any]) -> bytes:
    return json.dumps(content, ensure_ascii=False).encode()


def _unmentioned(text: str) -> str:
    """The text with a zero-width space after each @, so that no chat reads a mention in a name of the store's data."""
    return _MENTION.sub("@\N{ZERO WIDTH SPACE}", text)


def _harmless(message: Message) -> dict[str, str]:
    return {name: _unmentioned(value) for name, value in message.fields.items()}


def _slack_text(message: Message) -> str:
    return html.escape(_unmentioned(message.text), quote=False)


def _slack(message: Message) -> dict[str, Any]:
    return {"text": _slack_text(message), "mrkdwn": False}


def _mattermost_text(message: Message) -> str:
    return _unmentioned(_MARKDOWN.sub(r"\\\1", message.text))


def _mattermost(message: Message) -> dict[str, Any]:
    return {"text": _mattermost_text(message)}


def _teams(message: Message) -> dict[str, Any]:
    """An Adaptive Card of plain lines: text runs have no markup, and a mention needs an entity that is not there."""
    lines = [
        {
            "type": "RichTextBlock",
            "spacing": "Medium" if number == 0 else "None",
            "inlines": [{"type": "TextRun", "text": line, "weight": "Bolder" if line == message.title else "Default"}],
        }
        for block in message.blocks
        for number, line in enumerate(block)
    ]
    card = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json", "type": "AdaptiveCard", "version": "1.4",
        "msteams": {"width": "Full"}, "body": lines,
    }  # fmt: skip
    kind = "application/vnd.microsoft.card.adaptive"
    return {"type": "message", "attachments": [{"contentType": kind, "contentUrl": None, "content": card}]}


def _dingtalk(message: Message) -> dict[str, Any]:
    return {"msgtype": "text", "text": {"content": _unmentioned(message.text)}, "at": {"isAtAll": False}}


def _wecom_text(message: Message) -> str:
    return _unmentioned(message.text)


def _wecom(message: Message) -> dict[str, Any]:
    return {"msgtype": "text", "text": {"content": _wecom_text(message)}}


def _feishu(message: Message) -> dict[str, Any]:
    """Feishu reads tags such as <at> in texts and has no escape for them, so their brackets become full-width ones."""
    text = message.text.replace("<", "\N{FULLWIDTH LESS-THAN SIGN}").replace(">", "\N{FULLWIDTH GREATER-THAN SIGN}")
    return {"msg_type": "text", "content": {"text": _unmentioned(text)}}


def _bytes_of(body: Callable[[Message], dict[str, Any]], message: Message) -> int:
    return len(_json(body(message)))


# By format its body, and the size that _MOST bounds.
_BODIES: dict[MessageFormat, tuple[Callable[[Message], dict[str, Any]], Callable[[Message], int]]] = {
    "slack": (_slack, lambda message: len(_slack_text(message))),
    "mattermost": (_mattermost, lambda message: len(_mattermost_text(message))),
    "teams": (_teams, partial(_bytes_of, _teams)),
    "dingtalk": (_dingtalk, partial(_bytes_of, _dingtalk)),
    "wecom": (_wecom, lambda message: len(_wecom_text(message).encode())),
    "feishu": (_feishu, partial(_bytes_of, _feishu)),
}


def _signed_text(moment: int, secret: str) -> str:
    return f"{moment}\n{secret}"


def _sign(key: str, text: str) -> str:
    return base64.b64encode(hmac.new(key.encode(), text.encode(), hashlib.sha256).digest()).decode()


def _refusal(answer: bytes) -> str:
    """Why DingTalk, WeCom or Feishu refused a message: they answer with status 200 and a code of their own."""
    try:
        content = json.loads(answer)
    except ValueError:
        return "answered what is no JSON"
    code = next((content[name] for name in _CODE if name in content), None) if isinstance(content, dict) else None
    return "" if code == 0 else f"answered code {code}" if isinstance(code, int) else "answered without a code"
