"""Asks the search service, by the standard library alone."""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError
from urllib.parse import quote, urlencode
from urllib.request import ProxyHandler, Request, build_opener

from .answers import Row
from .arguments import ids, one_id, optional_id
from .failures import StorefrontUnavailable

_LONGEST_RESPONSE = 4 * 1024**2  # bytes


class SearchClient:
    """Asks the service that jobs/serve_search.py starts; safe to share between threads.

    url: such as http://127.0.0.1:8766
    secret: what the service has in LONGTAIL_SEARCH_SECRET, '' where it has none
    timeout_seconds: of each wait for the service

    Responses are dictionaries as the service's /openapi.json describes them. Raises StorefrontUnavailable where the
    service does not answer, is busy or has no night, ValueError with the service's sentence for a call that it refuses.
    """

    def __init__(self, url: str, *, secret: str = "", timeout_seconds: float = 3.0) -> None:
        self._url, self._timeout = url.rstrip("/"), timeout_seconds
        self._headers = {"Authorization": f"Bearer {secret}"} if secret else {}
        # A proxy for the internet does not lead to the service.
        self._opener = build_opener(ProxyHandler({}))

    def search(self, query: str, user_id: str | None = None, count: int = 20, *, tail_only: bool = False) -> Row:
        """The items for a query, the best first, with the shopper's own boosts where there is consent."""
        values = {"q": one_id(query, "query"), "user": optional_id(user_id, "user_id"), "count": str(count)}
        return self._get("/search", {**values, "tail_only": "true" if tail_only else "false"})

    def answer(self, question: str) -> Row:
        """The store's answer to a question: `answer` is None where no stored one reaches the bar."""
        return self._get("/answer", {"q": one_id(question, "question")})

    def explain(self, item_id: str) -> Row:
        """What the live night says of an item, in sentences."""
        return self._get(f"/items/{quote(one_id(item_id, 'item_id'), safe='')}", {})

    @staticmethod
    def search_row(
        query: str,
        shown: Sequence[str],
        request_id: str,
        user_id: str | None = None,
        visitor_id: str | None = None,
        at: datetime | None = None,
    ) -> Row:
        """The row of the contract's table `searches` to log for a query, or for a question.

        shown: the items that were shown for it, in their order; none for a question without an answer, by which the
            next night counts it among the searches without a result
        user_id, visitor_id: of whom one has to be known
        at: when, UTC (default: now)
        """
        items, user, visitor = (
            ids(shown, "shown"),
            optional_id(user_id, "user_id"),
            optional_id(visitor_id, "visitor_id"),
        )
        if not (user or visitor):
            raise ValueError("a search names its shopper or its visitor; give user_id or visitor_id")
        return {
            "search_id": uuid.uuid5(uuid.NAMESPACE_OID, f"{request_id}/{query}").hex,
            "user_id": user or None,
            "visitor_id": visitor or None,
            "query": one_id(query, "query"),
            "search_time": at or datetime.now(UTC),
            "results": items,
            "results_count": len(items),
        }

    def _get(self, path: str, values: dict[str, str]) -> Row:
        request = Request(f"{self._url}{path}?{urlencode(values)}", headers=self._headers)
        try:
            with self._opener.open(request, timeout=self._timeout) as response:
                return _read(response)
        except HTTPError as error:
            with error:
                sentence = _sentence(error)
            if error.code >= 500:
                raise StorefrontUnavailable(sentence) from error
            raise ValueError(sentence) from error
        except (OSError, HTTPException, ValueError) as error:
            raise StorefrontUnavailable(f"The search service did not answer: {type(error).__name__}.") from error


def _read(response: Any) -> Row:
    body = json.loads(response.read(_LONGEST_RESPONSE))
    if not isinstance(body, dict):
        raise ValueError("not an object")
    return body


def _sentence(error: HTTPError) -> str:
    """What the service says of an error, in its own words."""
    try:
        body = _read(error)
        return f"{body['problem']} {body['remedy']}"
    except (OSError, HTTPException, ValueError, KeyError):
        return f"The search service answered with status {error.code}."
