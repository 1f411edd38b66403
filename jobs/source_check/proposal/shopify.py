"""Shopify: the orders export and the products export of the admin (help.shopify.com).

An order's customer and time stand on its first line only, a product's title on its first variant only.
"""

from __future__ import annotations

from typing import Any

from jobs.source_check.proposal.drafts import (
    Draft,
    Line,
    TableDraft,
    Tables,
    filled,
    key_of,
    name,
    shopper_key,
)
from jobs.source_check.proposal.heads import Head
from jobs.source_check.proposal.lines import (
    OrderLines,
    number_line,
    order_line_tables,
    stock_line,
    text_line,
    withdrawn_line,
)


def _reshaping(head: Head, key: str, *columns: str) -> dict[str, Any]:
    """The keys of the input that carry these columns to the other rows of a `key`."""
    present = [column for column in columns if head.has(column)]
    return {"fill_down": {"by": [key], "columns": present}}


def orders(head: Head, last_day: str) -> Draft | None:
    """Lines of orders, known by their `Lineitem …` columns."""
    del last_day
    user = head.first_of("Email", "Customer ID")
    if not head.has("Name", "Lineitem name", "Lineitem quantity", "Created at") or user is None:
        return None
    item = filled("Lineitem name")
    if head.has("Lineitem sku"):
        item = f"coalesce({filled('Lineitem sku')}, {item})"
    conditions: tuple[str, ...] = ()
    if head.has("Cancelled at"):
        conditions = (f"{filled('Cancelled at')} IS NULL",)
    lines = OrderLines(
        order="Name",
        item=key_of(item),
        time="Created at",
        user=shopper_key(user),
        title="Lineitem name",
        quantity="Lineitem quantity",
        unit_price="Lineitem price" if head.has("Lineitem price") else None,
        discount=head.first_of("Lineitem discount"),
        store=head.first_of("Location"),
        conditions=conditions,
        where_comment="cancelled orders and orders of guests are left out" if conditions else "",
    )
    tables = order_line_tables(head, lines)
    currency = next(iter(head.values("Currency")), None) if head.has("Currency") else None
    reshaping = _reshaping(head, "Name", user, "Created at", "Cancelled at")
    return Draft(
        "Shopify's export of orders", "orders", tables, time="Created at", currency=currency, reshaping=reshaping
    )


def products(head: Head, last_day: str) -> Draft | None:
    """Variants of products; rows that only add a picture have no price."""
    if not head.has("Handle", "Title", "Variant Price"):
        return None
    title = filled("Title")
    options = [filled(f"Option{number} Value") for number in (1, 2, 3) if head.has(f"Option{number} Value")]
    if options:
        variant = f"nullif(nullif(concat_ws(' / ', {', '.join(options)}), 'Default Title'), '')"
        title = f"concat_ws(' - ', {title}, {variant})"
    item = f"coalesce({filled('Variant SKU')}, {title})" if head.has("Variant SKU") else title
    lines = [Line("item_id", {"sql": item}), Line("title", {"sql": title}, "with the options of the variant")]
    for column, source in (("category", "Product Category"), ("product_type", "Type"), ("brand", "Vendor")):
        if head.has(source):
            lines.append(Line(column, {"sql": filled(source)}))
    if head.has("Body (HTML)"):
        lines.append(text_line("description", sql=filled("Body (HTML)")))
    lines.append(number_line("price", head, "Variant Price"))
    if head.has("Cost per item"):
        share = f"try_divide(try_cast({name('Cost per item')} AS DOUBLE), try_cast({name('Variant Price')} AS DOUBLE))"
        lines.append(Line("margin", {"sql": f"greatest(1 - {share}, -100D)"}, "by the cost per item"))
    if head.has("Variant Inventory Qty"):
        lines.append(stock_line("Variant Inventory Qty"))
    lines.append(Line("attributes", {"map": {"handle": "Handle"}}))
    if head.has("Status"):
        status = filled("Status")
        lines.append(withdrawn_line(f"coalesce({status}, 'active') = 'active'", last_day))
    where = f"{filled('Variant Price')} IS NOT NULL"
    items = TableDraft(tuple(lines), where, "rows that only add a picture are left out")
    reshaping = _reshaping(head, "Handle", "Title", "Product Category", "Type", "Vendor", "Body (HTML)", "Status")
    return Draft(
        "Shopify's export of products", "products", Tables(items=(items,)), catalogue=True, reshaping=reshaping
    )
