"""Any other export, by the words that shops use for an order, a shopper, an item and a time."""

from __future__ import annotations

import re
from dataclasses import replace

from jobs.source_check.proposal.drafts import CHECK, Draft, Line, TableDraft, Tables, item_key, shopper_key
from jobs.source_check.proposal.heads import Head
from jobs.source_check.proposal.lines import (
    CONSENT,
    OrderLines,
    has_negative,
    number_line,
    order_line_tables,
    stock_line,
    text_line,
    time_line,
)
from jobs.source_check.proposal.times import time_form

# Lower case, letters and digits only; the first word that a file has is taken.
WORDS = {
    "order":
        "orderid orderno ordernumber order invoiceno invoiceid invoice transactionid basketid receiptid "
        "bestellnummer auftragsnummer rechnungsnummer numerocommande idorder",
    "line":
        "line lineno linenumber lineid orderline orderlineid orderitemid position posnr "
        "transactionlineid",
    "user":
        "userid customerid customerno customernumber customercode user customer clientid shopperid "
        "memberid householdid visitorid kundennummer kundennr idcustomer email customeremail",
    "item":
        "itemid productid productcode productno sku item product stockcode articleid articleno "
        "articlenumber article artikelnummer artikelnr asin itemcode variantid",
    "title":
        "title name productname itemname producttitle itemtitle articlename productdescription "
        "bezeichnung artikelbezeichnung nomproduit description",
    "time":
        "eventtime orderedat createdat timestamp datetime time orderdate purchasedate purchasedat "
        "invoicedate transactiontime transactiondate date at datum bestelldatum eventtimestamp "
        "unixreviewtime",
    "quantity": "quantity qty units amountordered count menge anzahl quantite pieces",
    "unit_price": "unitprice price itemprice einzelpreis preis prix productprice",
    "line_total": "linetotal paid totalprice amount total salesvalue lineamount gesamt revenue",
    "kind": "eventtype event eventname kind type action",
    "store": "store storeid shop branch filiale",
    "category": "category categorypath categoryname maincategory kategorie warengruppe department",
    "product_type": "producttype subcategory type kind",
    "brand": "brand vendor manufacturer marke hersteller",
    "description": "description longdescription beschreibung body",
    "stock": "stock stockquantity inventory qtyinstock bestand quantity",
    "seen":
        "updatedat updated modifiedat changedat listedat listed createdat created addedat signedupat "
        "signedup since registered registeredat registrationdate date",
}  # fmt: skip
_TYPES = {
    "purchase": "purchase sale sold order buy bought transaction checkout verkauf kauf",
    "return": "return refund returned refunded retoure",
    "cart": "cart addtocart basket addtobasket",
    "click": "click",
    "view": "view viewitem detail pageview productview",
}
_OF_WORD = {word: kind for kind, words in _TYPES.items() for word in words.split()}


def column_of(head: Head, meaning: str) -> str | None:
    """The column of a file whose name is a word for this meaning."""
    known = {re.sub(r"[\W_]", "", column.lower()): column for column in reversed(head.columns)}
    return next((known[word] for word in WORDS[meaning].split() if word in known), None)


def any_file(head: Head, last_day: str) -> Draft | None:
    """Order lines or other events where a shopper, an item and a time are named; otherwise products or shoppers."""
    del last_day
    user, item, time = (column_of(head, meaning) for meaning in ("user", "item", "time"))
    if user and item and time:
        return _events(head, user, item, time)
    if item and (column_of(head, "title") or column_of(head, "unit_price")):
        return _products(head, item)
    seen = column_of(head, "seen")
    if user and seen and not item:
        key = shopper_key(user)
        lines = (
            Line("user_id", key.spec),
            Line("consent_personalisation", {"constant": True}, CONSENT),
            time_line("updated_at", head, seen),
        )
        return Draft("a list of shoppers", "customers", Tables(users=(TableDraft(lines, key.present),)))
    return None


def _events(head: Head, user: str, item: str, time: str) -> Draft:
    title, quantity, kind = (column_of(head, meaning) for meaning in ("title", "quantity", "kind"))
    words = set(head.values(kind)) if kind else set()
    values = {word: _OF_WORD.get(re.sub(r"[\W_]", "", word.lower())) for word in sorted(words)}
    # With a word for returns, a negative quantity of another word is a fault, which ingest rejects.
    of_returns = [
        str(row.get(quantity))
        for row in head.sample
        if kind and quantity and values.get(str(row.get(kind))) == "return"
    ]
    lines = OrderLines(
        order=column_of(head, "order") or user,
        item=item_key(item),
        time=time,
        user=shopper_key(user),
        title=title if title != item else None,
        brand=column_of(head, "brand"),
        line=column_of(head, "line"),
        quantity=quantity,
        unit_price=column_of(head, "unit_price"),
        line_total=column_of(head, "line_total"),
        store=column_of(head, "store"),
        negative_returns=has_negative(of_returns) if "return" in values.values() else True,
    )
    tables = order_line_tables(head, lines)
    if kind and any(values.values()):
        [events] = tables.events
        unknown = [word for word, meaning in values.items() if meaning is None]
        comment = f"{CHECK}null leaves a word without meaning here: {', '.join(unknown[:5])}" if unknown else ""
        line = Line("event_type", {"column": kind, "values": values}, comment)
        columns = tuple(line if column.column == "event_type" else column for column in events.columns)
        if unknown:
            left_out = ", ".join("'" + word.replace("'", "''") + "'" for word in unknown)
            where = f"{events.where} AND coalesce(`{kind}`, '') NOT IN ({left_out})"
            events = TableDraft(columns, where, events.where_comment)
        tables = replace(tables, events=(TableDraft(columns, events.where, events.where_comment),))
    return Draft("order lines or events with column names of their own", "orders", tables, time=time)


def _products(head: Head, item: str) -> Draft:
    title = column_of(head, "title")
    lines = [Line("item_id", item), Line("title", title or item)]
    for column in ("category", "product_type", "brand"):
        source = column_of(head, column)
        if source:
            lines.append(Line(column, source))
    description = column_of(head, "description")
    if description and description != title:
        lines.append(text_line("description", description))
    price = column_of(head, "unit_price")
    if price:
        lines.append(number_line("price", head, price))
    stock = column_of(head, "stock")
    if stock:
        lines.append(stock_line(stock))
    seen = column_of(head, "seen")
    if seen and time_form([row[seen] for row in head.sample if row.get(seen) not in (None, "")]):
        lines.append(time_line("updated_at", head, seen))
    items = TableDraft(tuple(lines))
    return Draft("a list of products", "products", Tables(items=(items,)), catalogue=True)
