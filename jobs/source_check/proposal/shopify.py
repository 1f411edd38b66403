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
    can_reshape,
    filled,
    key_of,
    name,
    of_group,
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

_FIRST_LINE = "only the first line of an order has it, so it is filled into the others"


def _carried(column: str, key: str) -> str:
    """SQL: a value that only the first row of a `key` has, for all of its rows."""
    return filled(column) if can_reshape("fill_down") else of_group(column, key)


def _reshaping(head: Head, key: str, *columns: str) -> dict[str, Any]:
    """The keys of the input that carry these columns to the other rows of a `key`."""
    present = [column for column in columns if head.has(column)]
    return {"fill_down": {"by": [key], "columns": present}} if can_reshape("fill_down") else {}


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
        conditions = (f"{_carried('Cancelled at', 'Name')} IS NULL",)
    shopper = of_group(user, "Name")
    of_order = key_of(f"lower({shopper})" if user == "Email" else shopper)
    lines = OrderLines(
        order="Name",
        item=key_of(item),
        time="Created at",
        time_sql=None if can_reshape("fill_down") else of_group("Created at", "Name"),
        user=shopper_key(user) if can_reshape("fill_down") else of_order,
        title="Lineitem name",
        quantity="Lineitem quantity",
        unit_price="Lineitem price" if head.has("Lineitem price") else None,
        discount=head.first_of("Lineitem discount"),
        store=head.first_of("Location"),
        conditions=conditions,
        where_comment="cancelled orders and orders of guests are left out" if conditions else "",
    )
    tables = order_line_tables(head, lines, "" if can_reshape("fill_down") else _FIRST_LINE)
    currency = next(iter(head.values("Currency")), None) if head.has("Currency") else None
    reshaping = _reshaping(head, "Name", user, "Created at", "Cancelled at")
    return Draft(
        "Shopify's export of orders", "orders", tables, time="Created at", currency=currency, reshaping=reshaping
    )


def products(head: Head, last_day: str) -> Draft | None:
    """Variants of products; rows that only add a picture have no price."""
    if not head.has("Handle", "Title", "Variant Price"):
        return None
    title = _carried("Title", "Handle")
    options = [filled(f"Option{number} Value") for number in (1, 2, 3) if head.has(f"Option{number} Value")]
    if options:
        variant = f"nullif(nullif(concat_ws(' / ', {', '.join(options)}), 'Default Title'), '')"
        title = f"concat_ws(' - ', {title}, {variant})"
    item = f"coalesce({filled('Variant SKU')}, {title})" if head.has("Variant SKU") else title
    lines = [Line("item_id", {"sql": item}), Line("title", {"sql": title}, "with the options of the variant")]
    for column, source in (("category", "Product Category"), ("product_type", "Type"), ("brand", "Vendor")):
        if head.has(source):
            lines.append(Line(column, {"sql": _carried(source, "Handle")}))
    if head.has("Body (HTML)"):
        lines.append(text_line("description", sql=_carried("Body (HTML)", "Handle")))
    lines.append(number_line("price", head, "Variant Price"))
    if head.has("Cost per item"):
        share = f"try_divide(try_cast({name('Cost per item')} AS DOUBLE), try_cast({name('Variant Price')} AS DOUBLE))"
        lines.append(Line("margin", {"sql": f"greatest(1 - {share}, -100D)"}, "by the cost per item"))
    if head.has("Variant Inventory Qty"):
        lines.append(stock_line("Variant Inventory Qty"))
    lines.append(Line("attributes", {"map": {"handle": "Handle"}}))
    if head.has("Status"):
        status = _carried("Status", "Handle")
        lines.append(withdrawn_line(f"coalesce({status}, 'active') = 'active'", last_day))
    where = f"{filled('Variant Price')} IS NOT NULL"
    items = TableDraft(tuple(lines), where, "rows that only add a picture are left out")
    reshaping = _reshaping(head, "Handle", "Title", "Product Category", "Type", "Vendor", "Body (HTML)", "Status")
    return Draft(
        "Shopify's export of products", "products", Tables(items=(items,)), catalogue=True, reshaping=reshaping
    )
