"""Shopify: the orders export and the products export of the admin (help.shopify.com).

An order's customer and time stand on its first line only, a product's title on its first variant only.
"""

from __future__ import annotations

from typing import Any

from jobs.source_check.proposal.drafts import (
    CHECK,
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

_IF_SOLD = ("Cancelled at", "Canceled at", "Financial Status")  # say whether an order came about
_NOT_SOLD = "'voided', 'refunded', 'expired'"
_REFUNDED = ("Lineitem refunded quantity", "Lineitem quantity refunded")  # of apps; Shopify's own export has neither
_PARTLY_REFUNDED = (
    f"{CHECK}in partly refunded orders the lines that came back are purchases too, since the export does not name them"
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
    item, sku = filled("Lineitem name"), head.first_of("Lineitem sku", "Lineitem SKU")
    if sku:
        item = f"coalesce({filled(sku)}, {item})"
    cancelled = head.first_of("Cancelled at", "Canceled at")
    conditions = [f"{filled(cancelled)} IS NULL"] if cancelled else []
    if head.has("Financial Status"):
        conditions.append(f"coalesce(lower({filled('Financial Status')}), '') NOT IN ({_NOT_SOLD})")
    refunded = head.first_of(*_REFUNDED)
    says_refunds = head.first_of("Refunded Amount", "Financial Status") is not None
    lines = OrderLines(
        order="Name",
        item=key_of(item),
        time="Created at",
        user=shopper_key(user),
        title="Lineitem name",
        brand=head.first_of("Vendor"),
        quantity="Lineitem quantity",
        refunded=refunded,
        unit_price="Lineitem price" if head.has("Lineitem price") else None,
        discount=head.first_of("Lineitem discount"),
        store=head.first_of("Location"),
        conditions=tuple(conditions),
        where_comment="cancelled and refunded orders and those of guests are left out" if conditions else "",
        type_comment=_PARTLY_REFUNDED if says_refunds and refunded is None else "",
    )
    tables = order_line_tables(head, lines)
    currency = next(iter(head.values("Currency")), None) if head.has("Currency") else None
    reshaping = _reshaping(head, "Name", user, "Created at", *_IF_SOLD)
    return Draft(
        "Shopify's export of orders", "orders", tables, time="Created at", currency=currency, reshaping=reshaping
    )


def products(head: Head, last_day: str) -> Draft | None:
    """Variants of products; rows that only add a picture have no price. The columns have older and newer names."""
    handle, price = head.first_of("Handle", "URL handle"), head.first_of("Variant Price", "Price")
    if handle is None or price is None or not head.has("Title"):
        return None
    title = filled("Title")
    options = [head.first_of(f"Option{number} Value", f"Option{number} value") for number in (1, 2, 3)]
    values = [filled(option) for option in options if option]
    if values:
        variant = f"nullif(nullif(concat_ws(' / ', {', '.join(values)}), 'Default Title'), '')"
        title = f"concat_ws(' - ', {title}, {variant})"
    sku = head.first_of("Variant SKU", "SKU")
    item = f"coalesce({filled(sku)}, {title})" if sku else title
    lines = [Line("item_id", {"sql": item}), Line("title", {"sql": title}, "with the options of the variant")]
    category, text = head.first_of("Product Category", "Product category"), head.first_of("Body (HTML)", "Description")
    for column, source in (
        ("category", category),
        ("product_type", head.first_of("Type")),
        ("brand", head.first_of("Vendor")),
    ):
        if source:
            lines.append(Line(column, {"sql": filled(source)}))
    if text:
        lines.append(text_line("description", sql=filled(text)))
    lines.append(number_line("price", head, price))
    if head.has("Cost per item"):
        share = f"try_divide(try_cast({name('Cost per item')} AS DOUBLE), try_cast({name(price)} AS DOUBLE))"
        lines.append(Line("margin", {"sql": f"greatest(1 - {share}, -100D)"}, "by the cost per item"))
    units = head.first_of("Variant Inventory Qty", "Inventory quantity")
    if units:
        lines.append(stock_line(units, unlimited=_unlimited(head)))
    lines.append(Line("attributes", {"map": {"handle": handle}}))
    published = head.first_of("Published", "Published on online store")
    offered = [f"coalesce(lower({filled('Status')}), 'active') = 'active'"] if head.has("Status") else []
    if published:
        offered.append(f"coalesce(lower({filled(published)}), 'true') <> 'false'")
    if offered:
        lines.append(withdrawn_line(" AND ".join(offered), last_day))
    items = TableDraft(tuple(lines), f"{filled(price)} IS NOT NULL", "rows that only add a picture are left out")
    of_product = [column for column in (category, text, published) if column]
    reshaping = _reshaping(head, handle, "Title", *of_product, "Type", "Vendor", "Status")
    return Draft(
        "Shopify's export of products", "products", Tables(items=(items,)), catalogue=True, reshaping=reshaping
    )


def _unlimited(head: Head) -> str:
    """SQL: the shop does not count the units of a variant, and exports 0, or sells it without any."""
    tracker = head.first_of("Variant Inventory Tracker", "Inventory tracker")
    policy = head.first_of("Variant Inventory Policy", "Continue selling when out of stock")
    conditions = [f"{filled(tracker)} IS NULL"] if tracker else []
    if policy:
        conditions.append(f"lower({filled(policy)}) IN ('continue', 'true')")
    return " OR ".join(conditions)
