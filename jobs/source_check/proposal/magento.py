"""Magento and Adobe Commerce: the product export of the admin, and order lines by the names of its own tables.

The export of the order grid has no lines, so a query on `sales_order` and `sales_order_item` is the usual way.
"""

from __future__ import annotations

from jobs.source_check.proposal.drafts import Draft, Line, TableDraft, Tables, filled, item_key, name, shopper_key
from jobs.source_check.proposal.heads import Head
from jobs.source_check.proposal.lines import (
    OrderLines,
    deepest_path,
    number_line,
    order_line_tables,
    stock_line,
    text_line,
    time_line,
    withdrawn_line,
)

_NOT_SOLD = "'canceled', 'closed', 'holded', 'fraud', 'pending_payment'"  # a refunded order is closed
QUERY = (
    "SELECT o.increment_id, o.customer_id, o.created_at, o.status, i.item_id, i.sku, i.name, i.qty_ordered, i.price, "
    "i.row_total FROM sales_order o JOIN sales_order_item i ON i.order_id = o.entity_id WHERE i.parent_item_id IS NULL"
)


def orders(head: Head, last_day: str) -> Draft | None:
    """Order lines; a configurable product has a line of its own and one of its variant, of which the first counts."""
    del last_day
    order = head.first_of("increment_id", "order_id", "order_number")
    user = head.first_of("customer_id", "customer_email")
    if order is None or user is None or not head.has("sku", "qty_ordered", "created_at"):
        return None
    conditions = []
    if head.has("parent_item_id"):
        conditions.append(f"{filled('parent_item_id')} IS NULL")
    if head.has("status"):
        conditions.append(f"coalesce(lower(`status`), '') NOT IN ({_NOT_SOLD})")
    lines = OrderLines(
        order=order,
        item=item_key("sku"),
        time="created_at",
        user=shopper_key(user),
        title=head.first_of("name"),
        line=head.first_of("item_id"),
        quantity="qty_ordered",
        unit_price=head.first_of("price"),
        line_total=head.first_of("row_total_incl_tax", "row_total"),
        discount=head.first_of("discount_amount"),
        store=head.first_of("store_name"),
        conditions=tuple(conditions),
        where_comment="cancelled and refunded orders and those of guests are left out" if head.has("status") else "",
    )
    return Draft("order lines of Magento", "orders", order_line_tables(head, lines), time="created_at")


def orders_without_lines(head: Head, last_day: str) -> str | None:
    """What to do with the export of the order grid."""
    del last_day
    if not head.has("Purchase Point", "Purchase Date"):
        return None
    return f"is Magento's export of the order grid, which has no order lines. Export them by the query: {QUERY}"


def products(head: Head, last_day: str) -> Draft | None:
    """The product export; rows of a store view only translate the row above them."""
    if not head.has("sku", "name", "product_type", "attribute_set_code"):
        return None
    lines = [Line("item_id", "sku"), Line("title", "name")]
    if head.has("description"):
        lines.append(text_line("description", "description"))
    if head.has("categories"):
        path = f"regexp_replace({deepest_path(name('categories'), '/')}, '^[^/]*/', '')"
        comment = "the deepest of an item's categories, without the root of the catalogue"
        lines.append(Line("category", {"sql": f"replace({path}, '/', ' > ')"}, comment))
        lines.append(Line("product_type", {"sql": f"element_at(split({path}, '/'), -1)"}, "its last level"))
    if head.has("additional_attributes"):
        brand = f"regexp_extract({name('additional_attributes')}, '(?:^|,)(?:manufacturer|brand)=([^,]*)', 1)"
        lines.append(Line("brand", {"sql": f"nullif({brand}, '')"}))
    if head.has("price"):
        lines.append(number_line("price", head, "price"))
    if head.has("qty"):
        sold_out = f"{filled('is_in_stock')} = '0'" if head.has("is_in_stock") else ""
        lines.append(stock_line("qty", sold_out))
    if head.has("created_at"):
        lines.append(time_line("updated_at", head, "created_at"))
    if head.has("product_online"):
        lines.append(withdrawn_line(f"coalesce({filled('product_online')}, '1') = '1'", last_day))
    where = f"{filled('store_view_code')} IS NULL" if head.has("store_view_code") else None
    items = TableDraft(tuple(lines), where, "rows of a store view repeat the product in another language")
    return Draft("Magento's export of products", "products", Tables(items=(items,)), catalogue=True)
