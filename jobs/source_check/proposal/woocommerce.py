"""WooCommerce: its own product CSV, and order lines as the plug-in Advanced Order Export names them.

WooCommerce itself exports orders without their lines, in a column `Product(s)`.
"""

from __future__ import annotations

from jobs.source_check.proposal.drafts import (
    Draft,
    Line,
    TableDraft,
    Tables,
    filled,
    item_key,
    key_of,
    name,
    shopper_key,
)
from jobs.source_check.proposal.heads import Head
from jobs.source_check.proposal.lines import (
    OrderLines,
    deepest_path,
    number_line,
    order_line_tables,
    stock_line,
    text_line,
    withdrawn_line,
)

_NOT_SOLD = "'cancelled', 'refunded', 'failed', 'pending', 'pending payment', 'checkout-draft', 'trash'"


def orders(head: Head, last_day: str) -> Draft | None:
    """Order lines; guests have the customer 0."""
    del last_day
    order = head.first_of("Order Number", "Order ID", "order_number", "order_id")
    time = head.first_of("Order Date", "order_date", "Date")
    title = head.first_of("Item Name", "Product Name", "Name", "product_name")
    user = head.first_of("Customer User ID", "Customer ID", "User ID", "Email (Billing)", "Billing Email", "Customer")
    quantity = head.first_of("Quantity (- Refund)", "Quantity", "Qty")
    if order is None or time is None or title is None or user is None or quantity is None:
        return None
    status = head.first_of("Order Status", "order_status", "Status")
    sku = head.first_of("SKU", "Product SKU", "sku")
    conditions = [f"coalesce(try_cast({name(quantity)} AS DOUBLE), 1) <> 0"]  # 0 once a line is refunded
    if status:
        conditions.append(f"coalesce(lower({filled(status)}), '') NOT IN ({_NOT_SOLD})")
    lines = OrderLines(
        order=order,
        item=key_of(f"coalesce({filled(sku)}, {filled(title)})") if sku else item_key(title),
        time=time,
        user=shopper_key(user),
        title=title,
        line=head.first_of("Item #", "Line #"),
        quantity=quantity,
        unit_price=head.first_of("Item Cost", "Item Cost (inc. tax)", "Item Price"),
        line_total=head.first_of("Order Line Total (- Refund)", "Order Line Total"),
        conditions=tuple(conditions),
        where_comment="CHECK: the words of your shop's language for orders that did not come about" if status else "",
    )
    return Draft("order lines of WooCommerce", "orders", order_line_tables(head, lines), time=time)


def orders_without_lines(head: Head, last_day: str) -> str | None:
    """What to do with the export of WooCommerce's own analytics."""
    del last_day
    if not head.has("Order #", "Product(s)"):
        return None
    return (
        "is WooCommerce's own export of orders, which has no order lines. Export one row an item with the plug-in "
        "Advanced Order Export, with Order Number, Order Date, Order Status, Customer User ID, Item #, SKU, Item Name, "
        "Quantity and Item Cost."
    )


def products(head: Head, last_day: str) -> Draft | None:
    """The product CSV of WooCommerce's own exporter."""
    if not head.has("Type", "SKU", "Name") or head.first_of("Regular price", "Published") is None:
        return None
    lines = [
        Line("item_id", {"sql": f"coalesce({filled('SKU')}, {filled('Name')})"}),
        Line("title", "Name"),
    ]
    if head.has("Description"):
        lines.append(text_line("description", sql=_of_family(head, "Description")))
    if head.has("Categories"):
        path = deepest_path(_of_family(head, "Categories"), ">")
        lines.append(
            Line("category", {"sql": path}, "the deepest of an item's categories; a variation has its parent's")
        )
        lines.append(Line("product_type", {"sql": f"trim(element_at(split({path}, '>'), -1))"}, "its last level"))
    if head.has("Brands"):
        lines.append(Line("brand", {"sql": _of_family(head, "Brands")}))
    if head.has("Regular price"):
        lines.append(number_line("price", head, "Regular price"))
    if head.has("Stock"):
        lines.append(stock_line("Stock", f"{filled('In stock?')} = '0'" if head.has("In stock?") else ""))
    if head.has("Published"):
        lines.append(withdrawn_line(f"coalesce({filled('Published')}, '1') = '1'", last_day))
    items = TableDraft(tuple(lines), f"{filled('Name')} IS NOT NULL")
    return Draft("WooCommerce's product CSV", "products", Tables(items=(items,)), catalogue=True)


def _of_family(head: Head, column: str) -> str:
    """SQL: a column that the product export fills for a product and leaves blank for its variations."""
    if not head.has("Parent", "ID"):
        return filled(column)
    # A variation names its parent by the SKU, or by id:<ID> where the parent has none.
    family = f"coalesce({filled('Parent')}, {filled('SKU')}, concat('id:', {name('ID')}))"
    return f"coalesce({filled(column)}, max({filled(column)}) OVER (PARTITION BY {family}))"
