"""The webhook against a receiver that is slow, fails, or is missing."""

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import date

import pytest

from jobs.alerts.alert import Alert
from jobs.alerts.webhook import Webhook, host_of, post, signature
from jobs.runtime.errors import LongtailError
from tests.jobs.alerts.receiver import receiver

ALERT = Alert("drift.scores", "warning", date(2024, 5, 1), "scores", "Würze 茶", "relevance", 0.3, 0.25)


def hook(url: str) -> Webhook:
    return Webhook(url, b"secret", attempts=3, timeout_seconds=2.0)


def test_a_message_is_signed_so_that_the_receiver_can_check_it() -> None:
    body = f"[{ALERT.as_json()}]".encode()
    with receiver([200]) as (url, requests):
        assert post(hook(url), body, now=lambda: 1700000000.9) == 1
    [(headers, sent)] = requests
    assert json.loads(sent)[0]["text"] == "Würze 茶"
    assert headers["X-Longtail-Timestamp"] == "1700000000"
    expected = hmac.new(b"secret", b"1700000000." + sent, hashlib.sha256).hexdigest()
    assert headers["X-Longtail-Signature"] == f"sha256={expected}"
    assert signature(b"other", 1700000000, sent) != headers["X-Longtail-Signature"]
    assert signature(b"secret", 1700000001, sent) != headers["X-Longtail-Signature"]


@pytest.mark.parametrize(
    ("answers", "attempts", "pauses"),
    [([503, 429, 200], 3, [1.0, 2.0]), ([200], 1, [])],
)
def test_retries_with_growing_pauses(answers: list[int], attempts: int, pauses: list[float]) -> None:
    waited: list[float] = []
    with receiver(answers) as (url, requests):
        assert post(hook(url), b"{}", now=lambda: 1.0, wait=waited.append) == attempts
    assert len(requests) == attempts
    assert waited == pauses


@pytest.mark.parametrize(("answers", "tried"), [([400], 1), ([401], 1), ([500], 3)])
def test_a_refusal_is_reported_without_the_address(answers: list[int], tried: int) -> None:
    with receiver(answers) as (url, requests):
        with pytest.raises(LongtailError, match=f"answered {answers[0]}") as caught:
            post(hook(url), b"{}", now=lambda: 1.0, wait=lambda _: None)
        assert "token-of-the-address" not in str(caught.value)
    assert len(requests) == tried


def test_a_receiver_that_is_not_there() -> None:
    with receiver([200]) as (url, _):
        pass
    with pytest.raises(LongtailError, match="did not answer"):
        post(hook(url), b"{}", now=lambda: 1.0, wait=lambda _: None)


def test_an_address_that_is_wrong_is_not_repeated() -> None:
    with pytest.raises(LongtailError, match=r"did not answer: InvalidURL\.") as caught:
        post(hook("http://127.0.0.1:9/token-of the-address"), b"{}", now=lambda: 1.0, wait=lambda _: None)
    assert "the-address" not in str(caught.value)


def test_an_address_that_is_not_ascii_is_not_repeated() -> None:
    with pytest.raises(LongtailError, match=r"did not answer: UnicodeEncodeError\.") as caught:
        post(hook("http://127.0.0.1:9/the-address-\u200b"), b"{}", now=lambda: 1.0, wait=lambda _: None)
    assert "the-address" not in str(caught.value)


def test_a_message_without_a_secret_is_not_signed() -> None:
    with receiver([200]) as (url, requests):
        post(Webhook(url, None, 1, 2.0, content_type="text/plain"), b"tea", now=lambda: 1.0)
    [(headers, sent)] = requests
    assert (headers["Content-Type"], sent) == ("text/plain", b"tea")
    assert "X-Longtail-Signature" not in headers


def test_an_answer_may_refuse_a_message_that_its_status_accepts() -> None:
    with receiver([(200, b"no")]) as (url, requests):
        refused = Webhook(url, None, 3, 2.0, refusal=lambda answer: f"answered {answer.decode()}")
        with pytest.raises(LongtailError, match=r"The webhook answered no\."):
            post(refused, b"{}", now=lambda: 1.0, wait=lambda _: None)
    assert len(requests) == 1


def test_only_the_host_of_an_address_is_shown() -> None:
    assert host_of("https://user:hunter22@chat.example:8443/token") == "chat.example"
    assert host_of("https://[nonsense") == ""


def test_only_web_addresses() -> None:
    with pytest.raises(LongtailError, match="neither http nor https"):
        hook("file:///etc/passwd")
