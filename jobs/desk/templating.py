"""The pages of the desk as HTML; every text is escaped but SVG that the project drew."""

from __future__ import annotations

from importlib.resources import files
from typing import Any
from urllib.parse import urlencode

from fastapi.responses import HTMLResponse
from jinja2 import Environment, FunctionLoader, StrictUndefined

from jobs.language.sentences import say
from jobs.report.page.numbers import NONE, amount

_BLOCKS = "blocks.html"  # of the page of the night


class Templates:
    """Templates of the desk, which include the blocks of the page of the night."""

    def __init__(self) -> None:
        self._environment = Environment(
            loader=FunctionLoader(_text), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
            lstrip_blocks=True,
        )  # fmt: skip
        self._environment.globals["say"] = say
        self._environment.filters |= {"amount": _amount, "query": urlencode}

    def page(self, template: str, status: int = 200, **values: Any) -> HTMLResponse:
        """An answer with the template's HTML."""
        return HTMLResponse(self._environment.get_template(template).render(**values), status)


def _amount(value: float | None) -> str:
    return NONE if value is None else amount(value)


def _text(name: str) -> str:
    folder = files("jobs.report.page") if name == _BLOCKS else files("jobs.desk").joinpath("templates")
    return folder.joinpath(name).read_text(encoding="utf-8")
