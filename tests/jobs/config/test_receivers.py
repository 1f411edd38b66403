"""Who gets the summary of a night: what is refused when the configuration is read."""

from __future__ import annotations

from pathlib import Path

import pytest

from jobs.config.configuration import Config, load_config
from jobs.config.message_template import FIELDS, read_template
from jobs.runtime.errors import ConfigurationError
from jobs.runtime.redaction import redacted
from tests.conftest import ROOT


def with_receiver(keys: str) -> Config:
    return load_config(ROOT / "conf/local.yaml", [f"alerts.summary_to.ops={{{keys}}}"])


def test_nobody_gets_it_by_default() -> None:
    assert load_config(ROOT / "conf/local.yaml").alerts.summary_to == {}


@pytest.mark.parametrize(
    "keys",
    [
        "format: slack, url_variable: CHAT_URL",
        "format: dingtalk, url_variable: CHAT_URL, secret_variable: CHAT_SECRET",
        "format: json, url_variable: CHAT_URL, secret_variable: CHAT_SECRET, most_bytes: 1000",
        "format: email, url_variable: MAIL_URL, sender: longtail@shop.example, recipients: [ann@shop.example]",
    ],
)
def test_receivers_of_every_kind(keys: str) -> None:
    assert with_receiver(keys).alerts.summary_to.keys() == {"ops"}


@pytest.mark.parametrize(
    ("keys", "problem"),
    [
        ("format: irc, url_variable: CHAT_URL", "alerts.summary_to.ops.format is wrong: it should be 'json'"),
        ("format: slack", "alerts.summary_to.ops.url_variable is missing"),
        ("format: slack, url_variable: CHAT_URL, chanel: tea", "alerts.summary_to.ops.chanel is not a key"),
        ("format: slack, url_variable: CHAT_URL, secret_variable: A", "secret_variable has no meaning with the format"),
        ("format: slack, url_variable: CHAT_URL, most_bytes: 9", "most_bytes has no meaning with the format slack"),
        ("format: template, url_variable: CHAT_URL", "the format template needs template; set it"),
        ("format: json, url_variable: CHAT_URL, template: a.txt", "template has no meaning with the format json"),
        ("format: email, url_variable: MAIL_URL, sender: a@b.example", "the format email needs recipients; set it"),
        ("format: email, url_variable: MAIL_URL, sender: ann, recipients: [a@b.example]", "is not a mail address"),
        ("format: slack, url_variable: CHAT_URL, recipients: [a@b.example]", "recipients has no meaning with"),
        ("format: template, url_variable: CHAT_URL, template: nowhere.txt", "the template nowhere.txt cannot be read"),
        ("format: template, url_variable: CHAT_URL, template: 's3a://b/a.txt'", "the template s3a://b/a.txt is a URI"),
    ],
)
def test_a_receiver_that_is_not_complete_is_refused(keys: str, problem: str) -> None:
    with pytest.raises(ConfigurationError) as refusal:
        with_receiver(keys)
    assert problem in str(refusal.value)


def test_an_address_in_place_of_its_variable_is_hidden() -> None:
    with pytest.raises(ConfigurationError, match="it should be the name of an environment variable") as refusal:
        with_receiver("format: slack, url_variable: 'https://chat.example/T0/secret-path'")
    assert "secret-path" not in str(refusal.value)
    assert redacted("https://chat.example/T0/secret-path") == "***"


@pytest.mark.parametrize(
    ("name", "text", "problem"),
    [
        ("a.txt", "{{title}}\n{{sales}}", "names the field 'sales', which is none of title, text, tail"),
        ("a.txt", "{{title}\n", "has a {{ that begins no field"),
        ("a.json", '{"text": {{text}}}', "is not JSON"),
        ("a.json", '{"text": "{{text}}"', "is not JSON"),
    ],
)
def test_a_template_that_cannot_be_filled_is_refused(tmp_path: Path, name: str, text: str, problem: str) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    with pytest.raises(ConfigurationError) as refusal:
        with_receiver(f"format: template, url_variable: CHAT_URL, template: {tmp_path / name}")
    assert problem in str(refusal.value)
    assert name in str(refusal.value)
    assert refusal.value.problem.startswith(f"{ROOT / 'conf/local.yaml'} with ")


def test_a_template_that_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"\xff\xfe")
    with pytest.raises(ValueError, match="is not text in UTF-8"):
        read_template(str(tmp_path / "a.txt"))


def test_values_stand_in_json_as_texts(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('{"a": {"b": "Tonight: {{ text }}"}}', encoding="utf-8")
    filled = read_template(str(tmp_path / "a.json")).filled(dict.fromkeys(FIELDS, 'Tea "best"\n{{title}}'))
    assert filled == '{"a": {"b": "Tonight: Tea \\"best\\"\\n{{title}}"}}'
