"""The pages of the desk: what each address reads, and the role that it needs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import Query, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse, StreamingResponse
from starlette.exceptions import HTTPException

from features.contract.table import Table
from jobs.config.configuration import Config
from jobs.desk.access import READER, SHOPPERS, Access, Visitor
from jobs.desk.exports import FORMS, as_file
from jobs.desk.figures import StoredFigures
from jobs.desk.items import ORDERS, catalogue_of, price_in_words
from jobs.desk.nights import Nights, nights_of
from jobs.desk.product import product_facts, product_sections
from jobs.desk.rule_versions import stored_versions
from jobs.desk.shopper import ShopperList, compared, fallback_lists, shopper_list
from jobs.desk.stored_tables import StoredTables
from jobs.desk.suggestions import suggestion_sections
from jobs.desk.table_rows import TABLES, is_personal, table_file, table_page
from jobs.desk.templating import Templates
from jobs.desk.tonight import tonight_sections
from jobs.report.page.numbers import NONE
from jobs.report.page.parts import Section
from jobs.runtime.errors import ConfigurationError, LongtailError
from jobs.runtime.redaction import redacted
from jobs.saved_rules.merging import merged_rules

# The page of a night is one file with its style sheet inside, and runs no script.
_POLICY_OF_FILE = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; frame-ancestors 'none'"
)
_SHOWN = {"": "all", "yes": "in a list", "no": "in no list"}
_SEGMENTS = ("", "head", "tail", "cold")
_ORDER_WORDS = {
    "exposure": "planned exposure",
    "sold": "sold in 28 days",
    "gap": "potential gap",
    "title": "title",
}
_OF_PRODUCTS = ("item_features", "item_exposure", "item_potential")
_MOST_ROWS_SKIPPED = 5_000_000  # of a table, to reach a page

AskedNight = Annotated[date | None, Query()]
PageNumber = Annotated[int, Query(ge=1, le=1_000_000)]
Version = Annotated[int | None, Query(ge=0)]
Text = Annotated[str, Query(max_length=200)]


@dataclass(frozen=True)
class View:
    """What every page needs: one reading of the tables, the nights, who asks, and the configuration without rules."""

    tables: StoredTables
    nights: Nights
    visitor: Visitor
    configured: Config

    @property
    def may_see_shoppers(self) -> bool:
        return SHOPPERS in self.visitor.roles

    def night(self, asked: date | None) -> date:
        """The night of a page. Raises LongtailError without any night, or without this one."""
        night = asked or self.nights.newest
        if night is None:
            raise LongtailError("No night has been planned yet.", "Run make nightly, then load this page again.")
        if night not in self.nights.planned:
            raise LongtailError(f"There is no night of {night}.", f"The newest is {self.nights.newest}.")
        return night

    def conf(self, night: date) -> Config:
        """The configuration of a night, with the rules of the desk that it read; without those that do not fit it."""
        if not self.configured.desk.rules:
            return self.configured
        with suppress(ConfigurationError):
            return merged_rules(self.configured, stored_versions(self.tables), night).conf
        return self.configured


class Pages:
    """Each method answers one address. HTTPException 401 and 403 say that a visitor may not see a page."""

    def __init__(self, conf: Config, access: Access, templates: Templates) -> None:
        self._conf, self._access, self._templates = conf, access, templates

    def tonight(self, request: Request, night: AskedNight = None) -> Response:
        """The night."""
        view = self.view(request)
        as_of = view.night(night)
        figures = StoredFigures(view.tables, view.conf(as_of), as_of)
        sections = tonight_sections(figures)
        complete_page = f"{as_of}.html" in view.tables.names("reports")
        versions = figures.versions | view.tables.versions
        return self.show(
            "tonight.html", view, as_of, complete_page=complete_page, **_with_sources(sections, versions, view.tables)
        )

    def page_of_the_night(self, request: Request, night: AskedNight = None) -> Response:
        """The file that monitor wrote."""
        view = self.view(request)
        as_of = view.night(night)
        content = view.tables.file(f"reports/{as_of}.html")
        if content is None:
            raise LongtailError(f"The night of {as_of} has no page yet.", "Its last step, monitor, writes it.")
        return HTMLResponse(content, headers={"Content-Security-Policy": _POLICY_OF_FILE})

    def products(
        self, request: Request, night: AskedNight = None, q: Text = "", segment: Text = "", shown: Text = "",
        order: Text = "exposure", page: PageNumber = 1,
    ) -> Response:  # fmt: skip
        """The search for products."""
        view = self.view(request)
        as_of = view.night(night)
        chosen: dict[str, Any] = {
            "segment": segment if segment in _SEGMENTS else "",
            "shown": shown if shown in _SHOWN else "",
            "order": order if order in ORDERS else "exposure",
        }
        catalogue = catalogue_of(view.tables, view.conf(as_of).plan, as_of)
        products, count = catalogue.search(q, **chosen), self._conf.desk.rows
        rows = products.slice((page - 1) * count, count).to_pylist()
        for row in rows:
            row["price"] = price_in_words(row["list_price"], row["price_mean_90d"])
        measured = catalogue.measures_potential
        return self.show(
            "products.html", view, as_of, q=q, rows=rows, total=len(products), measured=measured,
            currency=self._conf.source.currency, segments=_SEGMENTS, shown_words=_SHOWN,
            pages=_pages("/products", {"night": as_of, "q": q, **chosen}, page, len(products), count),
            named=[name for name in _OF_PRODUCTS if name in view.tables.versions],
            orders={key: words for key, words in _ORDER_WORDS.items() if key != "gap" or measured}, **chosen,
        )  # fmt: skip

    def product(self, request: Request, item: Text, night: AskedNight = None) -> Response:
        """One product."""
        view = self.view(request)
        as_of = view.night(night)
        facts = product_facts(view.tables, as_of, item)
        if facts is None:
            raise LongtailError(f"No product {item} was known on {as_of}.", "Search for it by a word of its title.")
        sections = product_sections(view.tables, view.conf(as_of), as_of, facts, named=view.may_see_shoppers)
        sources = _with_sources(sections, view.tables.versions, view.tables)
        return self.show("product.html", view, as_of, item=item, title=facts["title"], **sources)

    def suggestions(self, request: Request, night: AskedNight = None) -> Response:
        """Prices and stock of a night, as suggest wrote them."""
        view = self.view(request)
        as_of = view.night(night)
        sources = _with_sources(suggestion_sections(view.tables, self._conf, as_of), view.tables.versions, view.tables)
        files = [name for name in ("price_suggestions", "stock_suggestions") if name in sources["named"]]
        return self.show("suggestions.html", view, as_of, files=files, forms=tuple(FORMS), **sources)

    def shopper(self, request: Request, night: AskedNight = None, user: Text = "", against: Text = "") -> Response:
        """The lists of a shopper, of one night or two."""
        view = self.view(request, SHOPPERS)
        as_of, user = view.night(night), user.strip()
        other = next((day for day in view.nights.planned if str(day) == against and day != as_of), None)
        nights = [as_of, *([other] if other else [])] if user else []
        lists = [shopper_list(view.tables, self._conf, day, user) for day in nights]
        known = [shown for shown in lists if shown is not None]
        if len(known) == 2:
            known = list(compared(known[0], known[1]))
        shared: Sequence[ShopperList] = []
        if not lists or lists[0] is None:
            shared = fallback_lists(view.tables, self._conf, as_of)
        sources = {source for part in (*known, *shared) for source in part.sources}
        return self.show(
            "shopper.html", view, as_of, user=user, against=other, lists=known, shared=shared,
            unknown=len(known) < len(lists), last=self._conf.relevance.words.done,
            named=sorted(sources & view.tables.versions.keys()),
        )  # fmt: skip

    def table(
        self, request: Request, night: AskedNight = None, name: Text = "", page: PageNumber = 1, version: Version = None
    ) -> Response:
        """The list of tables, or rows of one."""
        view = self.view(request)
        as_of = night or view.nights.newest
        if not name:
            versions = [(shown, view.tables.version_of(shown), is_personal(shown)) for shown in TABLES.values()]
            return self.show("tables.html", view, as_of, known=[row for row in versions if row[1] is not None])
        table, count = self._table(view, name), self._conf.desk.rows
        skip = (page - 1) * count
        if skip > _MOST_ROWS_SKIPPED:
            raise LongtailError(
                f"Pages end after {_MOST_ROWS_SKIPPED:,} rows.", "Read the rest with the query of the first page."
            )
        rows = table_page(view.tables, table, version, as_of, skip, count)
        address = {"name": name, "version": rows.version, **({"night": as_of} if as_of else {})}
        return self.show(
            "table.html", view, as_of, table=table, rows=rows, of_night="as_of" in table.partitioned_by,
            pages=_pages("/tables", address, page, rows.total, count), forms=tuple(FORMS), address=address,
        )  # fmt: skip

    def export(
        self, request: Request, name: Text, form: Text, night: AskedNight = None, version: Version = None
    ) -> Response:
        """All rows of a version of a table, of one night where it is partitioned by it, as a file."""
        view = self.view(request)
        table = self._table(view, name)
        if form not in FORMS:
            raise LongtailError(f"There is no form {form} of a table.", f"Choose {' or '.join(FORMS)}.")
        file, schema, batches = table_file(view.tables, table, version, night)
        headers = {"Content-Disposition": f'attachment; filename="{file}.{form}"'}
        return StreamingResponse(as_file(form, schema, batches), media_type=FORMS[form], headers=headers)

    def _table(self, view: View, name: str) -> Table:
        """The table of this name, for a visitor who may read its rows."""
        if name not in TABLES:
            raise LongtailError(f"There is no table {name}.", "The list of tables names all.")
        if is_personal(TABLES[name]) and not view.may_see_shoppers:
            raise HTTPException(403, f"Rows of {name} name shoppers, and you have not the role {SHOPPERS}.")
        return TABLES[name]

    def newest(self, request: Request) -> Response:
        """The newest night, for a page that was left open."""
        night = self.view(request).nights.newest
        words = "" if night is None else f"{night:%-d %B %Y}"
        return JSONResponse({"night": None if night is None else str(night), "words": words})

    def message(self, request: Request, status: int, problem: str, remedy: str) -> HTMLResponse:
        """A page that says what is wrong; within the desk if the visitor may see it and the warehouse answers."""
        try:
            view = self.view(request)
        except (LongtailError, HTTPException, OSError):
            return self._templates.page("message.html", status, problem=problem, remedy=remedy)
        return self.show("message_in_desk.html", view, view.nights.newest, status, problem=problem, remedy=remedy)

    def view(self, request: Request, role: str = READER) -> View:
        """One reading for a page. Raises HTTPException if the visitor may not see it."""
        visitor = self._access.visitor(request)
        if visitor is None:
            raise HTTPException(401)
        if role not in visitor.roles:
            raise HTTPException(403, f"This page is for the role {role}.")
        tables = StoredTables(self._conf.warehouse)
        return View(tables, nights_of(tables), visitor, self._conf)

    def show(self, template: str, view: View, night: date | None, status: int = 200, **values: Any) -> HTMLResponse:
        """A page with what is around each of them."""
        shared = {
            "nights": view.nights.planned, "night": night, "newest": view.nights.newest,
            "notice": view.nights.notice(night), "visitor": view.visitor, "may_see_shoppers": view.may_see_shoppers,
            "versions": view.tables.versions, "warehouse": redacted(self._conf.warehouse), "named": (),
        }  # fmt: skip
        return self._templates.page(template, status, **{**shared, **values})


def _with_sources(sections: Sequence[Section], versions: Mapping[str, int], tables: StoredTables) -> dict[str, Any]:
    """The sections with the version of every table that they name; a table that does not exist has none."""
    named = sorted({source for section in sections for source in section.sources})
    known = {name: versions[name] if name in versions else tables.version_of(TABLES[name]) for name in named}
    shown = {name: NONE if version is None else version for name, version in known.items()}
    return {"sections": sections, "named": [name for name in named if known[name] is not None], "versions": shown}


def _pages(path: str, address: Mapping[str, Any], page: int, total: int, rows: int) -> dict[str, Any]:
    """Links to the neighbouring pages and the ends, and which rows this one has."""
    last, first = max(1, -(-total // rows)), (page - 1) * rows

    def link(number: int) -> str | None:
        return f"{path}?{urlencode({**address, 'page': number})}" if number != page and 1 <= number <= last else None

    return {
        "first": first + 1, "end": min(first + rows, total), "total": total, "page": page, "last": last,
        "links": {"First": link(1), "Previous": link(page - 1), "Next": link(page + 1), "Last": link(last)},
    }  # fmt: skip
