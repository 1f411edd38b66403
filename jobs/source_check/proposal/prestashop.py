"""PrestaShop: the product list's export and import format, and order lines by the names of its own tables.

The export of the list of orders has no lines, so a query of its SQL Manager is the usual way.
"""

from __future__ import annotations

from jobs.source_check.proposal.drafts import Draft, Line, TableDraft, Tables, filled, item_key, name, shopper_key
from jobs.source_check.proposal.heads import Head
from jobs.source_check.proposal.lines import (
    OrderLines,
    currency_of,
    number_line,
    order_line_tables,
    stock_line,
    text_line,
    withdrawn_line,
)

QUERY = (
    "SELECT o.id_order, o.id_customer, o.date_add, o.valid, d.id_order_detail, d.product_id, d.product_name, "
    "d.product_quantity, d.unit_price_tax_incl, d.total_price_tax_incl FROM ps_orders o "
    "JOIN ps_order_detail d ON d.id_order = o.id_order"
)


def orders(head: Head, last_day: str) -> Draft | None:
    """Order lines; `valid` is 1 where the order was paid."""
    del last_day
    user, time = head.first_of("id_customer", "email"), head.first_of("date_add", "invoice_date")
    if user is None or time is None or not head.has("id_order", "product_id", "product_quantity"):
        return None
    lines = OrderLines(
        order="id_order",
        item=item_key("product_id"),
        time=time,
        user=shopper_key(user),
        title=head.first_of("product_name"),
        line=head.first_of("id_order_detail"),
        quantity="product_quantity",
        unit_price=head.first_of("unit_price_tax_incl", "product_price", "unit_price_tax_excl"),
        line_total=head.first_of("total_price_tax_incl", "total_price_tax_excl"),
        conditions=(f"coalesce({filled('valid')}, '1') = '1'",) if head.has("valid") else (),
        where_comment="orders that were not paid and orders of guests are left out" if head.has("valid") else "",
    )
    return Draft("order lines of PrestaShop", "orders", order_line_tables(head, lines), time=time)


def orders_without_lines(head: Head, last_day: str) -> str | None:
    """What to do with the export of the list of orders."""
    del last_day
    if not head.has("New client", "Payment", "Total"):
        return None
    return (
        "is PrestaShop's export of the list of orders, which has no order lines. Export them in Advanced Parameters > "
        f"Database by the query: {QUERY}"
    )


def products(head: Head, last_day: str) -> Draft | None:
    """The export of the product list, or a file in the format of the product import."""
    item = head.first_of("Product ID", "id_product")
    title = head.first_of("Name", "Name *", "name")
    if item is None or title is None:
        return None
    lines = [Line("item_id", item, "as `product_id` of the order lines"), Line("title", title)]
    description = head.first_of("Description", "Summary", "Short description")
    if description:
        lines.append(text_line("description", description))
    category = head.first_of("Category", "Categories (x,y,z...)", "Categories")
    if category:
        lines.append(Line("category", {"sql": f"trim(split_part({name(category)}, ',', 1))"}))
        lines.append(Line("product_type", {"sql": f"trim(split_part({name(category)}, ',', 1))"}))
    brand = head.first_of("Brand", "Manufacturer")
    if brand:
        lines.append(Line("brand", brand))
    price = head.first_of("Price (tax incl.)", "Price tax included", "Price (tax excl.)", "Price tax excluded", "price")
    if price:
        lines.append(number_line("price", head, price))
    stock = head.first_of("Quantity", "quantity")
    if stock:
        lines.append(stock_line(stock))
    active = head.first_of("Active (0/1)", "Status", "active")
    if active:
        on_sale = f"lower(coalesce({filled(active)}, '1')) IN ('1', 'true', 'yes', 'enabled')"
        lines.append(withdrawn_line(on_sale, last_day))
    tables = Tables(items=(TableDraft(tuple(lines)),))
    currency = currency_of(head, price) if price else None
    return Draft("PrestaShop's products", "products", tables, catalogue=True, currency=currency)
