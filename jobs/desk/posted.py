"""Forms that a browser sends: read with a limit, and accepted only from a page of the desk for this visitor."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from urllib.parse import parse_qs, urlsplit

from fastapi import Request

from jobs.runtime.errors import LongtailError

KEY = "form_key"  # name of the field that proves it
_MOST_FORM = 16_384  # bytes
_MOST_FIELDS = 100
_SAME_SITE = ("same-origin", "none")  # of Sec-Fetch-Site


class FormError(LongtailError):
    """A form that is rejected. status: of the answer"""

    def __init__(self, status: int, problem: str, remedy: str) -> None:
        self.status = status
        super().__init__(problem, remedy)


class FormKeys:
    """Proofs that a form was read from the desk by a visitor: another site can send one, but not read it.

    secret: of desk.access, so that forms outlive a restart; without, each process has its own
    """

    def __init__(self, secret: str) -> None:
        self._secret = (secret or secrets.token_hex()).encode()

    def of(self, user: str) -> str:
        """The key in the forms of a user."""
        return hmac.new(self._secret, f"form of {user}".encode(), hashlib.sha256).hexdigest()

    def check(self, user: str, sent: str) -> None:
        """Raises FormError unless the user's pages have this key."""
        if not hmac.compare_digest(self.of(user).encode(), sent.encode()):
            raise FormError(403, "This form is not from this desk, or from before its restart.", "Load its page again.")


async def posted_form(request: Request) -> dict[str, str]:
    """The fields of a form, without spaces around them. Raises FormError if it is from another site or too large."""
    origin, site = request.headers.get("Origin"), request.headers.get("Sec-Fetch-Site", "none")
    if (origin and urlsplit(origin).netloc != request.headers.get("Host")) or site not in _SAME_SITE:
        raise FormError(403, "This form is not from this desk.", "Open the desk, and use the form there.")
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > _MOST_FORM:
            raise FormError(413, f"This form has more than {_MOST_FORM:,} bytes.", "Write less.")
    try:
        fields = parse_qs(body.decode("utf-8", errors="replace"), max_num_fields=_MOST_FIELDS)
    except ValueError as error:
        raise FormError(413, f"This form has more than {_MOST_FIELDS} fields.", "Load its page again.") from error
    return {name: values[0].strip() for name, values in fields.items()}
