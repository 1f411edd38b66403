"""The webhook against a receiver that is slow, fails, or is missing."""

from __future__ import annotations

import hashlib
import hmac
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from jobs.alerts.alert import Alert
from jobs.alerts.webhook import Webhook, post, signature
from jobs.runtime.errors import LongtailError

ALERT = Alert("drift.scores", "warning", date(2024, 5, 1), "scores", "Würze 茶", "relevance", 0.3, 0.25)


@contextmanager
def receiver(answers: list[int]) -> Iterator[tuple[str, list[tuple[dict[str, str], bytes]]]]:
    """A server that gives these answers in turn, then the last one again; its address and the requests it got."""
    requests: list[tuple[dict[str, str], bytes]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            requests.append((dict(self.headers), body))
            self.send_response(answers[min(len(requests), len(answers)) - 1])
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Silent."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/token-of-the-address", requests
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


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


def test_only_web_addresses() -> None:
    with pytest.raises(LongtailError, match="neither http nor https"):
        hook("file:///etc/passwd")
