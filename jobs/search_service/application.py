"""The web application of the search service: its routes, who may call it, errors, and the headers of every answer."""

from __future__ import annotations

import hmac
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from threading import Event, Thread
from typing import Annotated

from fastapi import Depends, FastAPI, Path, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, PlainTextResponse
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection

from jobs.config.configuration import Config
from jobs.config.search_service import SearchService
from jobs.desk.access import secret_in
from jobs.execution.web_server import answer_known_hosts, wrong_values
from jobs.runtime import clock
from jobs.runtime.errors import LongtailError
from jobs.runtime.logs import warning
from jobs.search_service.answers import Answers, LiveAnswers, named_items
from jobs.search_service.explanation import explained_item
from jobs.search_service.live_index import LiveIndex
from jobs.search_service.metrics import Metrics
from jobs.search_service.night_index import NightIndex
from jobs.search_service.responses import (
    FoundItem,
    Health,
    ItemExplanation,
    NamedItem,
    Problem,
    QuestionAnswer,
    SearchAnswer,
)
from jobs.search_service.shopper_boosts import shopper_boosts
from jobs.search_service.workers import BusyError, Workers
from jobs.serving.client import StorefrontClient

_LONGEST_QUERY, _LONGEST_ID = 300, 256  # characters
_MOST_ITEMS = 200
_HEADERS = {"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
_ABOUT = "Ranks the items of the live night for a query, with the boosts of its plan."
_EXPLANATION_SECONDS = 20.0  # it reads tables, and a list with its rivals is large
_PROBLEMS: dict[int | str, dict[str, object]] = {
    401: {"model": Problem, "description": "The secret is missing or wrong."},
    422: {"model": Problem, "description": "A value is missing, too long or not of its type."},
    503: {"model": Problem, "description": "No night is loaded, or too many requests wait."},
    504: {"model": Problem, "description": "The request took too long."},
}
_UNKNOWN: dict[int | str, dict[str, object]] = {
    404: {"model": Problem, "description": "The item is not known, or no answers are configured."}
}

Text = Annotated[str, Query(min_length=1, max_length=_LONGEST_QUERY, description="What is searched for.")]
User = Annotated[
    str,
    Query(max_length=_LONGEST_ID, description="Shopper; the boosts of the own list count only with consent."),
]
Count = Annotated[int, Query(ge=1, le=_MOST_ITEMS, description="Most items of the answer.")]
Tail = Annotated[bool, Query(description="Whether to leave out items of the head.")]
ItemId = Annotated[str, Path(min_length=1, max_length=_LONGEST_ID, description="Identifier of the product.")]


class _Routes:
    """The functions behind the paths."""

    def __init__(
        self, conf: Config, index: LiveIndex, answers: LiveAnswers, client: StorefrontClient, metrics: Metrics
    ) -> None:
        own = conf.search_service
        self._conf, self._index, self._answers, self._client, self._metrics = conf, index, answers, client, metrics
        self.workers = Workers(own.threads, own.waiting, own.timeout_seconds)
        self.explaining = Workers(1, own.waiting, _EXPLANATION_SECONDS)

    async def search(self, q: Text, user: User = "", count: Count = 20, tail_only: Tail = False) -> SearchAnswer:
        """The items of the live night for a query, the best first."""
        night = self._night()
        answer = await self.workers.result(lambda: self._searched(night, q, user, count, tail_only))
        if not answer.items:
            self._metrics.count_empty("/search")
        return answer

    def _searched(self, night: NightIndex, query: str, user: str, count: int, tail_only: bool) -> SearchAnswer:
        conf = self._conf
        own = shopper_boosts(self._client, user, night.as_of) if user else None
        most = max(conf.search.items, count)
        matches = night.find(query, most, count, conf.search_service.boost, own or {}, tail_only=tail_only)
        items = [
            FoundItem(
                item_id=item.item_id, title=item.text, score=item.score, match=item.match, boost=item.boost,
                is_tail=item.is_tail,
            )
            for item in matches
        ]  # fmt: skip
        return SearchAnswer(night=night.as_of, order=night.order, personal=own is not None, items=items)

    async def answer(self, q: Text) -> QuestionAnswer:
        """The store's answer that fits a question best, with the products it names; none below the bar."""
        night, answers = self._night(), self._answers.current
        if answers is None:
            problem = self._answers.problem or "The answers are being read."
            raise (
                HTTPException(503, problem)
                if self._answers.are_configured
                else LongtailError("No answers are configured.", "Name a file in search_service.answers.")
            )
        answer = await self.workers.result(lambda: self._answered(night, answers, q))
        if answer.answer is None:
            self._metrics.count_empty("/answer")
        return answer

    def _answered(self, night: NightIndex, answers: Answers, question: str) -> QuestionAnswer:
        best = answers.best(question)
        if best is None or best.score < self._conf.search_service.answer_bar:
            score = 0.0 if best is None else best.score
            return QuestionAnswer(night=night.as_of, answer=None, question=None, score=score, items=[])
        stored, items = answers.stored[best.row], night.items
        named = [
            NamedItem(item_id=str(items.item_ids[row]), title=items.texts[row]) for row in named_items(stored, night)
        ]
        return QuestionAnswer(
            night=night.as_of, answer=stored.answer, question=stored.question, score=best.score, items=named
        )

    async def item(self, item_id: ItemId) -> ItemExplanation:
        """What the live night says of an item: where it is shown, or why not and what could help."""
        night = self._night()
        return await self.explaining.result(lambda: explained_item(self._conf, night, item_id))

    async def health(self, response: Response) -> Health:
        """Which night serves; status 503 while none does."""
        night, answers = self._index.current, self._answers.current
        stored = 0 if answers is None else len(answers.stored)
        if night is None:
            response.status_code = 503
            return Health(night=None, run_id=None, items=0, answers=stored, problem=self._index.problem)
        problem = self._index.problem or self._answers.problem
        items = len(night.items.item_ids)
        return Health(night=night.as_of, run_id=night.run_id, items=items, answers=stored, problem=problem)

    async def figures(self) -> PlainTextResponse:
        """Counts and times of requests, in Prometheus' text format."""
        return PlainTextResponse(self._metrics.text(), media_type="text/plain; version=0.0.4")

    def _night(self) -> NightIndex:
        night = self._index.current
        if night is None:
            raise HTTPException(503, self._index.problem)
        return night


def application(conf: Config, index: LiveIndex, client: StorefrontClient) -> FastAPI:
    """The application, which keeps the index up to date while it runs.

    Raises ConfigurationError if other machines reach it and the secret is missing.
    """
    own, metrics = conf.search_service, Metrics(index)
    answers = LiveAnswers(own.answers)
    routes = _Routes(conf, index, answers, client, metrics)

    def refresh(stop: Event) -> None:
        while not stop.is_set():
            index.refresh()
            if index.current is not None:
                answers.refresh(index.current)
            stop.wait(own.refresh_seconds)

    @asynccontextmanager
    async def refreshed(_: FastAPI) -> AsyncIterator[None]:
        stop = Event()
        Thread(target=refresh, args=(stop,), name="refresh", daemon=True).start()
        yield
        stop.set()
        routes.workers.close()
        routes.explaining.close()

    app = FastAPI(
        title="Longtail search", version="1", description=_ABOUT, docs_url=None, redoc_url=None, lifespan=refreshed
    )
    guard = [Depends(_Secret(own))]
    app.add_api_route("/search", routes.search, dependencies=guard, responses=_PROBLEMS, operation_id="search")
    app.add_api_route(
        "/answer", routes.answer, dependencies=guard, responses=_PROBLEMS | _UNKNOWN, operation_id="answer"
    )
    app.add_api_route(
        "/items/{item_id:path}",
        routes.item,
        dependencies=guard,
        responses=_PROBLEMS | _UNKNOWN,
        operation_id="explain_item",
    )
    app.add_api_route("/health", routes.health, responses={503: {"model": Health}}, operation_id="health")
    app.add_api_route(
        "/metrics", routes.figures, dependencies=guard, response_class=PlainTextResponse, operation_id="metrics"
    )
    _add_errors(app, metrics)
    answer_known_hosts(app, own.hosts)
    return app


class _Secret(HTTPBearer):
    """Lets callers with the secret pass, or everyone on this machine where there is none."""

    def __init__(self, own: SearchService) -> None:
        """Raises ConfigurationError if other machines reach the service and the secret is missing."""
        variable = own.secret_variable
        super().__init__(auto_error=False, description=f"The secret in {variable} of the service, if it has one.")
        needed = not own.is_local or bool(os.environ.get(variable))
        self._secret = secret_in(variable, "search_service") if needed else ""

    async def __call__(self, request: HTTPConnection) -> HTTPAuthorizationCredentials | None:
        """Raises HTTPException with status 401 for a caller without the secret."""
        sent = await super().__call__(request)
        secret = sent.credentials if sent else ""
        if self._secret and not hmac.compare_digest(secret.encode(), self._secret.encode()):
            raise HTTPException(401, "The secret is missing or wrong.", {"WWW-Authenticate": "Bearer"})
        return sent


def _add_errors(app: FastAPI, metrics: Metrics) -> None:
    """A problem and a remedy for each error, the headers of every answer, and its count."""

    @app.exception_handler(LongtailError)
    async def known_problem(_: Request, error: LongtailError) -> Response:
        return _problem(404, error.problem, error.remedy)

    @app.exception_handler(RequestValidationError)
    async def wrong_value(_: Request, wrong: RequestValidationError) -> Response:
        return _problem(422, f"The request has no valid value of {wrong_values(wrong)}.", "See /openapi.json.")

    @app.exception_handler(BusyError)
    async def busy(_: Request, __: BusyError) -> Response:
        answer = _problem(503, "Too many requests wait.", "Send it again in a second.")
        answer.headers["Retry-After"] = "1"
        return answer

    @app.exception_handler(TimeoutError)
    async def too_late(_: Request, __: TimeoutError) -> Response:
        return _problem(504, "The request took too long.", "Send it again, or raise search_service.timeout_seconds.")

    @app.exception_handler(HTTPException)
    async def refused(_: Request, error: HTTPException) -> Response:
        remedy = {401: "Send it as a bearer token.", 503: "See /health."}.get(error.status_code, "See /openapi.json.")
        answer = _problem(error.status_code, str(error.detail), remedy)
        answer.headers.update(error.headers or {})
        return answer

    @app.middleware("http")
    async def guarded(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
        began = clock.seconds()
        try:
            answer = await call_next(request)
        except Exception as error:  # neither its message nor the query, which may name a shopper, reaches a log
            warning("request failed", route=_route(request), error=type(error).__name__)
            answer = _problem(500, f"The request failed ({type(error).__name__}).", "Send it again.")
        for header, value in _HEADERS.items():
            answer.headers.setdefault(header, value)
        metrics.count(_route(request), answer.status_code, clock.seconds() - began)
        return answer


def _route(request: Request) -> str:
    """The template of the path; 'other' for a path that is none of the service's."""
    route = request.scope.get("route")
    return getattr(route, "path_format", "other")


def _problem(status: int, problem: str, remedy: str) -> JSONResponse:
    return JSONResponse(Problem(problem=problem, remedy=remedy).model_dump(), status)
