"""Google: the product feed of the Merchant Center, and the events that Analytics 4 exports to BigQuery."""

from __future__ import annotations

from jobs.source_check.proposal.drafts import CHECK, Draft, Line, TableDraft, Tables, filled, name
from jobs.source_check.proposal.heads import Head
from jobs.source_check.proposal.lines import CONSENT, currency_of, number_line, text_line

_AVAILABLE = "replace(lower({column}), '_', ' ')"
_TIME = "timestamp_micros(try_cast(event_timestamp AS BIGINT))"
_OF_ITEM = "`items.{}`"  # SQL of a field of the exploded array
_NOT_SET = "(not set)"  # what Analytics writes for a missing text
BROWSERS = f"{CHECK}the browser's id, since no row has a user_id: a shopper with two browsers counts as two"
VISITORS = "the browser; its events join a shopper's once one event has both ids"
_TYPES = {
    "purchase": "purchase",
    "add_to_cart": "cart",
    "view_item": "view",
    "select_item": "click",
    "refund": "return",
}


def feed(head: Head, last_day: str) -> Draft | None:
    """The product feed as text; attribute names have blanks or underscores."""
    del last_day
    if (
        not head.has("id", "title", "price")
        or head.first_of("availability", "link", "image_link", "image link") is None
    ):
        return None
    lines = [Line("item_id", "id", "has to be the item's id in the events"), Line("title", "title")]
    if head.has("description"):
        lines.append(text_line("description", "description"))
    types = [
        filled(column)
        for column in ("product_type", "product type", "google_product_category", "google product category")
        if head.has(column)
    ]
    if types:
        path = types[0] if len(types) == 1 else f"coalesce({', '.join(types)})"
        lines.append(Line("category", {"sql": path}))
        lines.append(Line("product_type", {"sql": f"trim(element_at(split({path}, '>'), -1))"}, "its last level"))
    if head.has("brand"):
        lines.append(Line("brand", "brand"))
    lines.append(number_line("price", head, "price"))
    if head.has("availability"):
        status = _AVAILABLE.format(column=name("availability"))
        stock = f"CASE WHEN {status} = 'out of stock' THEN 0L END"
        lines.append(Line("stock_quantity", {"sql": stock}, "0 where out of stock; the feed has no number"))
    group = head.first_of("item_group_id", "item group id")
    if group:
        lines.append(Line("attributes", {"map": {"item_group_id": group}}))
    items = TableDraft(tuple(lines), f"{filled('id')} IS NOT NULL")
    return Draft(
        "a product feed of Google Merchant Center",
        "products",
        Tables(items=(items,)),
        catalogue=True,
        currency=currency_of(head, "price"),
    )


def analytics(head: Head, last_day: str) -> Draft | None:
    """Events with an array of items."""
    del last_day
    if not head.has("event_name", "event_timestamp", "items") or head.first_of("user_id", "user_pseudo_id") is None:
        return None
    arrays = [row["items"] for row in head.sample if isinstance(row.get("items"), list)]
    fields = {field for items in arrays for item in items for field in item}
    if "item_id" not in fields:
        return None
    persons = [column for column in ("user_id", "user_pseudo_id") if head.has(column)]
    key = [*persons, "event_timestamp", "event_name"]
    # Of a shop without log-ins every user_id is empty; then browsers are all that lists can be for.
    has_accounts = persons == ["user_id"] or ("user_id" in persons and bool(head.values("user_id")))
    shopper = _filled("user_id" if has_accounts else persons[-1])
    visitor = _filled("user_pseudo_id") if has_accounts and "user_pseudo_id" in persons else None
    comment = "" if has_accounts else BROWSERS
    events = _event(fields, shopper, visitor, ", ".join([*key, "`line`"]))
    return Draft(
        "events of Google Analytics 4",
        "events",
        Tables((_item(fields),), (_user(shopper, comment),), (events,)),
        time="event_timestamp",
        reshaping={"explode": "items", "line_number": {"by": key, "name": "line"}},
    )


def _item(fields: set[str]) -> TableDraft:
    """The mapping of the item of a row, which has these fields."""
    levels = [level for level in ("item_category", *(f"item_category{n}" for n in range(2, 6))) if level in fields]
    lines = [Line("item_id", {"sql": _OF_ITEM.format("item_id")})]
    titles = [_text(field) for field in ("item_name", "item_id") if field in fields]
    lines.append(Line("title", {"sql": f"coalesce({', '.join(titles)})"}))
    if levels:
        path = [_text(level) for level in levels]
        lines.append(Line("category", {"sql": f"nullif(concat_ws(' > ', {', '.join(path)}), '')"}))
        lines.append(Line("product_type", {"sql": f"coalesce({', '.join(reversed(path))})"}, "the last level"))
    if "item_brand" in fields:
        lines.append(Line("brand", {"sql": _text("item_brand")}))
    if "price" in fields:
        lines.append(Line("price", {"sql": f"try_cast({_OF_ITEM.format('price')} AS DECIMAL(18,4))"}))
    lines.append(Line("updated_at", {"sql": _TIME}))
    return TableDraft(tuple(lines), f"{_text('item_id')} IS NOT NULL")


def _text(field: str) -> str:
    """SQL: a text of an item, NULL where Analytics has none."""
    return f"nullif(nullif({_OF_ITEM.format(field)}, ''), '{_NOT_SET}')"


def _filled(column: str) -> str:
    """SQL: an id, NULL where it is empty."""
    return f"nullif({column}, '')"


def _user(user: str, comment: str) -> TableDraft:
    lines = (
        Line("user_id", {"sql": user}, comment),
        Line("consent_personalisation", {"constant": True}, CONSENT),
        Line("updated_at", {"sql": _TIME}),
    )
    return TableDraft(lines, f"{user} IS NOT NULL")


def _event(fields: set[str], shopper: str, visitor: str | None, key: str) -> TableDraft:
    """The mapping of the event for the item of a row.

    shopper, visitor: SQL of their ids; key: SQL of what the event's id is joined from
    """
    item, price, quantity = (_OF_ITEM.format(field) for field in ("item_id", "price", "quantity"))
    lines = [
        Line("event_id", {"sql": f"concat_ws('-', {key})"}),
        Line("user_id", {"sql": shopper}),
        *([Line("visitor_id", {"sql": visitor}, VISITORS)] if visitor else []),
        Line("item_id", {"sql": item}),
        Line("event_type", {"column": "event_name", "values": _TYPES}),
        Line("event_time", {"sql": _TIME}),
    ]
    units = f"coalesce(try_cast({quantity} AS BIGINT), 1L)"
    if "quantity" in fields:
        lines.append(Line("quantity", {"sql": units}))
    if "price" in fields:
        amount = f"coalesce(try_cast({price} AS DECIMAL(18,4)), 0)"
        if "quantity" in fields:
            amount += f" * {units}"
        paid = f"CASE WHEN event_name = 'purchase' THEN {amount} ELSE 0 END"
        lines.append(Line("price", {"sql": paid}, "of the complete line"))
    known = ", ".join(f"'{kind}'" for kind in _TYPES)
    person = f"coalesce({shopper}, {visitor})" if visitor else shopper
    return TableDraft(
        tuple(lines), f"event_name IN ({known}) AND {_text('item_id')} IS NOT NULL AND {person} IS NOT NULL"
    )
