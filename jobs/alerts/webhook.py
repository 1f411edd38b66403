"""Posts messages to a webhook, signed where it has a secret, and retries when it does not answer."""

from __future__ import annotations

import hashlib
import hmac
import http.client
import re
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass

from jobs.alerts.attempts import Undelivered, attempted
from jobs.runtime.errors import LongtailError

SIGNATURE, MOMENT = "X-Longtail-Signature", "X-Longtail-Timestamp"
PAUSE_SECONDS = 1.0  # before the second attempt
_MOST_OF_ANSWER = 65_536  # bytes that are read of an answer
_RETRIED = frozenset({408, 425, 429, *range(500, 600)})  # status codes after which another attempt may succeed


@dataclass(frozen=True)
class Webhook:
    """Where to post and how.

    secret: key of the signature, None without one; attempts: tries, with pauses that double
    refusal: of an answer whose status accepts the message, what refuses it nevertheless, as the end of a sentence, or
        ""; None reads no answer
    """

    url: str
    secret: bytes | None
    attempts: int
    timeout_seconds: float
    pause_seconds: float = PAUSE_SECONDS
    content_type: str = "application/json"
    refusal: Callable[[bytes], str] | None = None

    def __post_init__(self) -> None:
        if not re.match(r"(?i)https?://", self.url):
            raise LongtailError(
                "The address of the webhook is neither http nor https.",
                "Correct the environment variable that holds it.",
            )


def host_of(url: str) -> str:
    """The host of an address, which logs may show; "" where it has none."""
    try:
        return urllib.parse.urlsplit(url).hostname or ""
    except ValueError:
        return ""


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Treats a redirect as a failure: a redirected POST would arrive as a GET without its body."""

    def redirect_request(self, *_: object) -> None:
        return None


_OPENER = urllib.request.build_opener(_NoRedirect)


def signature(secret: bytes, moment: int, body: bytes) -> str:
    """sha256=<hex>: HMAC-SHA-256 of '<moment>.' and the body, moment in seconds since 1970.

    The receiver computes it again, compares with hmac.compare_digest, and refuses an old moment, so that a message
    cannot be replayed.
    """
    return "sha256=" + hmac.new(secret, f"{moment}.".encode() + body, hashlib.sha256).hexdigest()


def post(hook: Webhook, body: bytes, now: Callable[[], float], wait: Callable[[float], None] = time.sleep) -> int:
    """Posts a body; returns the number of attempts.

    now: seconds since 1970; wait: sleeps for some seconds
    Raises LongtailError when the receiver refuses it, or has not accepted it at the last attempt. The message names the
    answer, never the address, which may hold a key.
    """
    try:
        return attempted(lambda: _post_once(hook, body, now), hook.attempts, hook.pause_seconds, wait)
    except Undelivered as error:
        raise LongtailError(
            f"The webhook {error.why}.", "Check its receiver; the alerts are in the log and in <warehouse>/alerts."
        ) from error


def _post_once(hook: Webhook, body: bytes, now: Callable[[], float]) -> None:
    moment = int(now())
    headers = {"Content-Type": hook.content_type}
    if hook.secret is not None:
        headers |= {MOMENT: str(moment), SIGNATURE: signature(hook.secret, moment, body)}
    try:
        request = urllib.request.Request(hook.url, data=body, headers=headers, method="POST")
        with _OPENER.open(request, timeout=hook.timeout_seconds) as answer:
            refusal = hook.refusal(_read(answer)) if hook.refusal else ""
    except urllib.error.HTTPError as error:
        raise Undelivered(f"answered {error.code}", is_final=error.code not in _RETRIED) from error
    except (urllib.error.URLError, http.client.HTTPException, OSError, ValueError) as error:
        # The text of an error of HTTP or of a value may quote the address.
        is_quoting = isinstance(error, (http.client.HTTPException, ValueError))
        cause = type(error).__name__ if is_quoting else getattr(error, "reason", error)
        raise Undelivered(f"did not answer: {cause}") from error
    if refusal:
        raise Undelivered(refusal, is_final=True)


def _read(answer: http.client.HTTPResponse) -> bytes:
    """The begin of an answer. One that breaks off is final: the receiver has the message, which must not come twice."""
    try:
        return answer.read(_MOST_OF_ANSWER)
    except (http.client.HTTPException, OSError) as error:
        raise Undelivered("did not complete its answer", is_final=True) from error
