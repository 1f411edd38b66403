"""Posts signed messages to a webhook, and retries when it does not answer."""

from __future__ import annotations

import hashlib
import hmac
import http.client
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass

from jobs.runtime.errors import LongtailError

SIGNATURE, MOMENT = "X-Longtail-Signature", "X-Longtail-Timestamp"
_RETRIED = frozenset({408, 425, 429, *range(500, 600)})  # status codes after which another attempt may succeed


@dataclass(frozen=True)
class Webhook:
    """Where to post and how. secret: key of the signature; attempts: tries, with pauses that double."""

    url: str
    secret: bytes
    attempts: int
    timeout_seconds: float
    pause_seconds: float = 1.0

    def __post_init__(self) -> None:
        if urllib.parse.urlsplit(self.url).scheme not in ("http", "https"):
            raise LongtailError(
                "The address of the webhook is neither http nor https.",
                "Correct the environment variable that alerts.webhook_url_variable names.",
            )


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
    """Posts a JSON body; returns the number of attempts.

    now: seconds since 1970; wait: sleeps for some seconds
    Raises LongtailError when the receiver refuses it, or has not accepted it at the last attempt. The message names the
    answer, never the address, which may hold a key.
    """
    why = ""
    for attempt in range(1, hook.attempts + 1):
        moment = int(now())
        headers = {
            "Content-Type": "application/json",
            MOMENT: str(moment),
            SIGNATURE: signature(hook.secret, moment, body),
        }
        request = urllib.request.Request(hook.url, data=body, headers=headers, method="POST")
        try:
            with _OPENER.open(request, timeout=hook.timeout_seconds):
                return attempt
        except urllib.error.HTTPError as error:
            why = f"answered {error.code}"
            if error.code not in _RETRIED:
                break
        except (urllib.error.URLError, http.client.HTTPException, OSError) as error:
            # The text of an error of HTTP may quote the address.
            cause = type(error).__name__ if isinstance(error, http.client.HTTPException) else error
            why = f"did not answer: {getattr(error, 'reason', cause)}"
        if attempt < hook.attempts:
            wait(hook.pause_seconds * 2 ** (attempt - 1))
    raise LongtailError(
        f"The webhook {why}.", "Check its receiver; the alerts are in the log and in <warehouse>/alerts."
    )
