"""The web application of the desk: its addresses, signing in, errors, and the headers of every answer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from importlib.resources import files

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, RedirectResponse
from starlette.exceptions import HTTPException

from jobs.config.configuration import Config
from jobs.config.desk import Desk
from jobs.desk.access import COOKIE, Access
from jobs.desk.pages import Pages
from jobs.desk.posted import FormError, posted_form
from jobs.desk.rules.pages import RulePages
from jobs.desk.rules.previews import Previews
from jobs.desk.templating import Templates
from jobs.execution.web_server import answer_known_hosts, wrong_values
from jobs.runtime.errors import LongtailError
from jobs.runtime.logs import warning

_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",  # under no-referrer a browser names no origin of its forms
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",  # pages name shoppers, and a night may be written again
}
_STATIC = {"night.css": "text/css", "desk.css": "text/css", "desk.js": "text/javascript"}


def application(conf: Config, previews: Previews | None = None) -> FastAPI:
    """The application on the configured warehouse. Raises ConfigurationError when a secret is missing.

    previews: of drafts of rules; None shows none
    """
    access, templates = Access(conf.desk), Templates()
    pages = Pages(conf, access, templates)
    rules = RulePages(conf, access, pages, previews)
    app = FastAPI(title="Longtail desk", docs_url=None, redoc_url=None, openapi_url=None)
    for path, page in (
        ("/", pages.tonight), ("/page", pages.page_of_the_night), ("/products", pages.products),
        ("/product", pages.product), ("/suggestions", pages.suggestions), ("/shopper", pages.shopper),
        ("/tables", pages.table), ("/export", pages.export), ("/rules", rules.rules), ("/rule", rules.rule),
        ("/preview", rules.preview), ("/preview.json", rules.preview_state),
        ("/newest.json", pages.newest), ("/static/{name}", _static),
    ):  # fmt: skip
        app.add_api_route(path, page, methods=["GET"], response_model=None)
    app.add_api_route("/rule", rules.change, methods=["POST"], response_model=None)
    _add_signing_in(app, conf.desk, access, templates)
    _add_errors(app, conf.desk, pages, templates)
    answer_known_hosts(app, conf.desk.hosts)
    return app


def _static(name: str) -> Response:
    if name not in _STATIC:
        raise HTTPException(404)
    folder = files("jobs.report.page") if name == "night.css" else files("jobs.desk").joinpath("static")
    return Response(folder.joinpath(name).read_bytes(), media_type=_STATIC[name])


def _signed_out(desk: Desk, templates: Templates, status: int, problem: str = "") -> HTMLResponse:
    return templates.page("sign_in.html", status, kind=desk.access, problem=problem)


def _add_signing_in(app: FastAPI, desk: Desk, access: Access, templates: Templates) -> None:
    """The form that turns a token into a cookie, for browsers that come without a proxy."""

    async def sign_in(request: Request) -> Response:
        token = (await posted_form(request)).get("token", "")
        if not access.accepts(token):
            return _signed_out(desk, templates, 401, "This token is not valid, or has expired.")
        answer = RedirectResponse("/", 303)
        secure = request.headers.get("X-Forwarded-Proto", request.url.scheme) == "https"
        answer.set_cookie(COOKIE, token, httponly=True, samesite="strict", secure=secure)
        return answer

    if desk.access == "token":
        app.add_api_route("/sign-in", sign_in, methods=["POST"], response_model=None)


def _add_errors(app: FastAPI, desk: Desk, pages: Pages, templates: Templates) -> None:
    """A page for each error, and the headers of every answer."""

    @app.exception_handler(LongtailError)
    def known_problem(request: Request, error: LongtailError) -> Response:
        status = error.status if isinstance(error, FormError) else 404
        return pages.message(request, status, error.problem, error.remedy)

    @app.exception_handler(RequestValidationError)
    def wrong_address(request: Request, wrong: RequestValidationError) -> Response:
        problem = f"The address has no valid value of {wrong_values(wrong)}."
        return pages.message(request, 400, problem, "Follow a link of the desk instead.")

    @app.exception_handler(HTTPException)
    def refused(request: Request, error: HTTPException) -> Response:
        if error.status_code == 401:
            return _signed_out(desk, templates, 401)
        if error.status_code == 403:
            return pages.message(request, 403, error.detail, "Ask whoever runs the desk for the role.")
        return pages.message(request, error.status_code, "There is no such page.", "Begin with the night.")

    @app.middleware("http")
    async def guarded(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
        try:
            answer = await call_next(request)
        except Exception as error:  # neither its message nor the query, which may name a shopper, reaches a log
            warning("page failed", path=request.url.path, error=type(error).__name__)
            problem = f"This page failed ({type(error).__name__})."
            answer = templates.page("message.html", 500, problem=problem, remedy="Load it again.")
        for header, value in _HEADERS.items():
            answer.headers.setdefault(header, value)
        return answer
