"""Lines of a mapping that several shop systems share: times, numbers, ids of order lines, order lines as events."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from features.contract.money import currency_of_sign
from jobs.source_check.proposal.drafts import CHECK, Key, Line, TableDraft, Tables, filled, name, number
from jobs.source_check.proposal.heads import Head
from jobs.source_check.proposal.times import time_form

NO_ZONE = f"{CHECK}the zone of the shop's clock; these times have no offset"
CONSENT = (
    f"{CHECK}true says that every shopper may get personal lists; map the store's own consent to personalisation if it "
    "has one, which a consent to mail is not"
)
_CODE = re.compile(r"(?<![^\W\d_])[A-Z]{3}(?![^\W\d_])")  # of a currency; no part of a longer word
_AMOUNT = re.compile(r"[\d.,'\s+-]")
_COMMA = re.compile(r"[+-]?(\d{1,3}(\.\d{3})+|\d+),\d+")
_WITHOUT_TAGS = "substr(regexp_replace({text}, '<[^>]*>', ' '), 1, 20000)"


def time_line(column: str, head: Head, source: str) -> Line:
    """The contract's time `column` from a column of the file."""
    form = time_form([row[source] for row in head.sample if row.get(source) not in (None, "")])
    spec: dict[str, Any] = {"column": source}
    if form is None:
        return Line(column, spec, f"{CHECK}give `format`, such as dd/MM/yyyy HH:mm; the times have no form known here")
    if form.unit:
        return Line(column, {**spec, "unit": form.unit})
    if form.format:
        spec["format"] = form.format
    comment = ""
    if not form.has_offset:
        spec["zone"], comment = "UTC", NO_ZONE
    if form.ambiguous:
        comment = f"{CHECK}day and month may be the other way round, and `zone` is that of the shop's clock"
    return Line(column, source if spec == {"column": source} else spec, comment)


def has_comma(head: Head, *columns: str | None) -> bool:
    """Whether the numbers of these columns have decimals after a comma."""
    texts = [text for column in columns if column for text in head.values(column)]
    return any(_COMMA.fullmatch(text) for text in texts)


def number_line(column: str, head: Head, source: str, comment: str = "") -> Line:
    """A number, with a decimal comma where the file has one, without a currency's sign where the file has one."""
    texts = head.values(source)
    signs = sum(bool(re.search(r"\d", text) and re.search(r"[^\d.,+\-\s]", text)) for text in texts)
    if signs * 2 > len(texts):
        digits = f"regexp_replace({name(source)}, '[^0-9.,-]', '')"
        comma = any(re.search(r",\d{1,2}\D*$", text) for text in texts)
        plain = f"replace(replace({digits}, '.', ''), ',', '.')" if comma else f"replace({digits}, ',', '')"
        return Line(column, {"sql": f"try_cast({plain} AS DECIMAL(18,4))"}, comment)
    return Line(column, {"column": source, "decimal_comma": True} if has_comma(head, source) else source, comment)


def stock_line(source: str, sold_out: str = "", unlimited: str = "") -> Line:
    """Units in stock; a backorder, which shops write as a negative number, is none.

    sold_out: SQL of rows that are out of stock whatever their units; unlimited: SQL of rows that the shop sells on
    without units in stock
    """
    units = f"greatest(try_cast(try_cast({name(source)} AS DOUBLE) AS BIGINT), 0L)"
    cases = [f"WHEN {sold_out} THEN 0L"] * bool(sold_out) + [f"WHEN {unlimited} THEN NULL"] * bool(unlimited)
    return Line("stock_quantity", {"sql": f"CASE {' '.join(cases)} ELSE {units} END" if cases else units})


def deepest_path(paths: str, level: str) -> str:
    """SQL: of category paths that commas separate, the one of most levels; the first of several.

    paths: SQL of the text; level: what separates the levels of a path
    """
    ranked = f"struct(size(split(path, '{level}')) AS levels, -place AS place, trim(path) AS path)"
    return f"array_max(transform(split({paths}, ','), (path, place) -> {ranked})).path"


def currency_of(head: Head, column: str) -> str | None:
    """The currency that is written with the numbers of a column, None without one."""
    for text in head.values(column):
        code = _CODE.search(text)
        currency = code[0] if code else currency_of_sign(_AMOUNT.sub("", text))
        if currency is not None:
            return currency
    return None


def text_line(column: str, source: str | None = None, sql: str | None = None) -> Line:
    """A longer text without its HTML, cut to the length of the contract."""
    return Line(column, {"sql": _WITHOUT_TAGS.format(text=sql or name(source or ""))})


def withdrawn_line(offered: str, last_day: str) -> Line:
    """Items that are not on sale: SQL `offered` is false for them. They count as withdrawn when the export was made."""
    return Line(
        "withdrawn_at",
        {"sql": f"CASE WHEN NOT ({offered}) THEN TIMESTAMP'{last_day}' END"},
        f"{CHECK}not on sale: withdrawn since the last day of these orders, so earlier nights still know the item; "
        "put the day of the next export here before it is read",
    )


@dataclass(frozen=True)
class OrderLines:
    """The columns of an export with a row for every order line.

    conditions: SQL, which a row that is taken meets
    refunded: units of `quantity` that were given back
    negative_returns: whether a negative quantity is a return
    type_comment: what a person should know of the type of these events
    """

    order: str
    item: Key
    time: str
    user: Key
    title: str | None = None
    brand: str | None = None
    line: str | None = None
    quantity: str | None = None
    refunded: str | None = None
    unit_price: str | None = None
    line_total: str | None = None
    discount: str | None = None
    store: str | None = None
    conditions: tuple[str, ...] = ()
    where_comment: str = ""
    negative_returns: bool = True
    type_comment: str = ""


def has_negative(texts: list[str]) -> bool:
    """Whether any of these numbers is negative."""
    return any(text.startswith("-") for text in texts)


def order_line_tables(head: Head, lines: OrderLines) -> Tables:
    """The mappings of order lines: each line is an event and an observation of its shopper and of its item."""
    returned = lines.negative_returns and lines.quantity is not None and has_negative(head.values(lines.quantity))
    units = _units(head, lines)
    events = [
        _event_id(lines),
        Line("user_id", lines.user.spec),
        Line("item_id", lines.item.spec),
        Line("event_type", {"sql": f"CASE WHEN {units} < 0 THEN 'return' ELSE 'purchase' END"})
        if returned
        else Line("event_type", {"constant": "purchase"}, lines.type_comment),
        time_line("event_time", head, lines.time),
    ]
    if lines.quantity and units:
        if returned or lines.refunded:
            events.append(Line("quantity", {"sql": f"abs({units})" if returned else units}))
        else:
            events.append(number_line("quantity", head, lines.quantity))
    events += _paid(head, lines, units)
    events.append(Line("basket_id", lines.order))
    if lines.store:
        events.append(Line("store_id", lines.store))
    items = [Line("item_id", lines.item.spec), Line("title", _title(head, lines))]
    if lines.brand:
        items.append(Line("brand", {"sql": filled(lines.brand)}))
    if lines.unit_price:
        items.append(number_line("price", head, lines.unit_price))
    items.append(time_line("updated_at", head, lines.time))
    users = [
        Line("user_id", lines.user.spec),
        Line("consent_personalisation", {"constant": True}, CONSENT),
        time_line("updated_at", head, lines.time),
    ]
    sold = (*lines.conditions, lines.item.present)
    not_refunded = [f"coalesce({units} > 0, true)"] if lines.refunded else []
    return Tables(
        (TableDraft(tuple(items), " AND ".join(sold)),),
        (TableDraft(tuple(users), lines.user.present, "guests get no list of their own"),),
        (TableDraft(tuple(events), " AND ".join((*sold, *not_refunded, lines.user.present)), lines.where_comment),),
    )


def _units(head: Head, lines: OrderLines) -> str | None:
    """SQL: the units of a line, without those that were refunded; None without a quantity."""
    if lines.quantity is None:
        return None
    units = number(lines.quantity, has_comma(head, lines.quantity))
    if lines.refunded is None:
        return units
    return f"({units} - coalesce({number(lines.refunded, has_comma(head, lines.refunded))}, 0))"


def _event_id(lines: OrderLines) -> Line:
    if lines.line:
        return Line("event_id", {"columns": [lines.order, lines.line]})
    order = ", ".join(name(column) for column in (lines.quantity, lines.unit_price or lines.line_total) if column)
    number_in_order = f"row_number() OVER (PARTITION BY {name(lines.order)}, {lines.item.sql} ORDER BY {order or '1'})"
    return Line(
        "event_id",
        {"sql": f"concat_ws('-', {name(lines.order)}, {lines.item.sql}, {number_in_order})"},
        "the file has no number of the line, so lines of one item in an order are counted",
    )


def _paid(head: Head, lines: OrderLines, units: str | None) -> list[Line]:
    """What was paid for the complete line."""
    if lines.line_total:
        return [number_line("price", head, lines.line_total)]
    if not lines.unit_price:
        return []
    price = number(lines.unit_price, has_comma(head, lines.unit_price))
    paid = f"abs({units}) * {price}" if units else price
    if lines.discount:
        paid = f"greatest({paid} - coalesce({number(lines.discount, has_comma(head, lines.discount))}, 0), 0)"
    return [Line("price", {"sql": paid}, "of the complete line")]


def _title(head: Head, lines: OrderLines) -> str | dict[str, Any]:
    if lines.title is None:
        return lines.item.spec
    if len(head.values(lines.title)) == len(head.sample):
        return lines.title
    return {"sql": f"coalesce({filled(lines.title)}, {lines.item.sql})"}
