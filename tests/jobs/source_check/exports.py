"""Small made-up exports with the headers of shop systems: 40 days of orders of a few shoppers."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

FIRST = datetime(2024, 1, 2, 9, 30, tzinfo=UTC)
DAYS = 40
ITEMS = [(f"S{number}", f"Thing {number}", f"{number + 4}.50") for number in range(6)]
SHOPPERS = 8


def orders() -> list[tuple[int, datetime, int, list[tuple[str, str, str, int]]]]:
    """Number, time, shopper and lines (sku, title, price, units) of two orders a day; the second has two lines."""
    made_orders = []
    for day in range(DAYS):
        for place in (0, 1):
            number = 2 * day + place
            lines = [(*ITEMS[(number + extra) % len(ITEMS)], 1 + extra) for extra in range(place + 1)]
            made_orders.append((1000 + number, FIRST + timedelta(days=day, hours=place), 1 + number % SHOPPERS, lines))
    return made_orders


LINES = sum(len(lines) for *_, lines in orders())


def write_rows(path: Path, header: list[str], rows: list[list[object]], separator: str = ",") -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter=separator)
        writer.writerow(header)
        writer.writerows(rows)
    return path


def shopify(folder: Path) -> list[Path]:
    """Fields of an order on its first line only; one order without e-mail (a guest); a picture among the products."""
    header = "Name,Email,Financial Status,Currency,Created at,Lineitem quantity,Lineitem name,Lineitem price"
    header += ",Lineitem sku,Lineitem requires shipping,Cancelled at,Vendor,Lineitem discount"
    rows: list[list[object]] = []
    for number, time, shopper, lines in orders():
        for place, (sku, title, price, units) in enumerate(lines):
            of_order = [f"S{shopper}@example.com", "paid", "EUR", f"{time:%Y-%m-%d %H:%M:%S} +0000"]
            head = of_order if place == 0 else [""] * 4
            rows.append([f"#{number}", *head, units, title, price, sku, "true", "", "Maker", "0.50"])
    rows.append(["#1", "", "paid", "EUR", "2024-01-05 10:00:00 +0000", 1, "Thing 1", "5.50", "S1", "true", "", "", "0"])
    products: list[list[object]] = []
    for number, (sku, title, price) in enumerate(ITEMS):
        top = [title, "<p>Good</p>", "Maker", "Home > Things", "Thing"]
        for size in ("S", "M"):
            variant = sku if size == "S" else f"{sku}-M"
            first = top if size == "S" else [""] * 5
            products.append([f"thing-{number}", *first, size, variant, price, -1, "active" if size == "S" else "", ""])
        products.append([f"thing-{number}", *[""] * 5, "", "", "", "", "", "https://example.com/2.png"])
    names = "Handle,Title,Body (HTML),Vendor,Product Category,Type,Option1 Value,Variant SKU,Variant Price"
    names += ",Variant Inventory Qty,Status,Image Src"
    return [
        write_rows(folder / "orders_export.csv", header.split(","), rows),
        write_rows(folder / "products_export.csv", names.split(","), products),
    ]


def shopify_of_2025(folder: Path) -> list[Path]:
    """The same orders, and the products with the newer names of the columns: one that is not counted has 0 units."""
    orders_export, _ = shopify(folder)
    names = "Title,URL handle,Description,Vendor,Product category,Type,Status,SKU,Option1 name,Option1 value,Price"
    names += ",Inventory tracker,Inventory quantity,Continue selling when out of stock,Product image URL"
    products: list[list[object]] = []
    for number, (sku, title, price) in enumerate(ITEMS):
        top = [title, f"thing-{number}", "<p>Good</p>", "Maker", "Home > Things", "Thing", "Active"]
        stock = ["", 0, "DENY"] if number == 0 else ["shopify", number - 1, "CONTINUE" if number == 1 else "DENY"]
        products.append([*top, sku, "Title", "Default Title", price, *stock, ""])
        products.append(["", f"thing-{number}", *[""] * 12, "https://example.com/2.png"])
    return [orders_export, write_rows(folder / "products_export.csv", names.split(","), products)]


def woocommerce(folder: Path) -> list[Path]:
    """Order lines with cancelled and refunded orders and guests (customer 0), and the product CSV with its decimal
    commas and a variation."""
    header = ["Order Number", "Order Status", "Order Date", "Customer User ID", "Item #", "SKU", "Item Name"]
    header += ["Quantity (- Refund)", "Item Cost"]
    rows: list[list[object]] = [
        [number, "Completed", f"{time:%Y-%m-%d %H:%M}", shopper, place + 1, sku, title, units, price]
        for number, time, shopper, lines in orders()
        for place, (sku, title, price, units) in enumerate(lines)
    ]
    rows.append([1, "Cancelled", "2024-01-05 10:00", 3, 1, "S1", "Thing 1", 1, "5.50"])
    rows.append([2, "Completed", "2024-01-05 10:00", 0, 1, "S1", "Thing 1", 1, "5.50"])
    rows.append([3, "Refunded", "2024-01-05 10:00", 3, 1, "S1", "Thing 1", 0, "5.50"])
    products: list[list[object]] = [
        [
            number,
            "simple",
            sku,
            title,
            1,
            "Line one\nline two",
            price.replace(".", ","),
            3,
            "Home, Home > Things, Sale",
            "",
        ]
        for number, (sku, title, price) in enumerate(ITEMS)
    ]
    products.append([9, "variation", "S3-L", "Thing 3 - Large", 1, "", "9,50", "", "", "S3"])
    names = ["ID", "Type", "SKU", "Name", "Published", "Description", "Regular price", "Stock", "Categories", "Parent"]
    return [
        write_rows(folder / "orders.csv", header, rows),
        write_rows(folder / "wc-product-export.csv", names, products),
    ]


def magento(folder: Path) -> list[Path]:
    """Order lines by the names of Magento's tables, and its product export with a row of a store view."""
    header = ["increment_id", "customer_id", "created_at", "status", "item_id", "parent_item_id", "sku", "name"]
    header += ["qty_ordered", "price", "row_total"]
    rows: list[list[object]] = []
    for number, time, shopper, lines in orders():
        for place, (sku, title, price, units) in enumerate(lines):
            line, total = number * 10 + place, f"{float(price) * units:.4f}"
            of_order = [number, shopper, f"{time:%Y-%m-%d %H:%M:%S}", "complete"]
            rows.append([*of_order, line, "", sku, title, f"{units}.0000", price, total])
            if place:
                rows.append([*of_order, line + 5, line, sku, title, f"{units}.0000", "0.0000", "0.0000"])
    products: list[list[object]] = []
    for sku, title, price in ITEMS:
        path = "Default Category/Home,Default Category/Home/Things,Default Category/Sale"
        products.append(
            [sku, "", "Default", "simple", path, title, 1, price, "1/1/24, 9:00\u202fAM", "brand=Maker", "7.0000"]
        )
        products.append([sku, "fr", "Default", "simple", "", f"Chose {sku}", "", "", "", "", ""])
    names = ["sku", "store_view_code", "attribute_set_code", "product_type", "categories", "name", "product_online"]
    names += ["price", "created_at", "additional_attributes", "qty"]
    return [
        write_rows(folder / "order_lines.csv", header, rows),
        write_rows(folder / "catalog_product.csv", names, products),
    ]


def prestashop(folder: Path) -> list[Path]:
    """A query of the SQL Manager with semicolons, and the export of the product list with prices in euros."""
    header = ["id_order", "id_customer", "date_add", "valid", "id_order_detail", "product_id", "product_name"]
    header += ["product_quantity", "unit_price_tax_incl", "total_price_tax_incl"]
    rows: list[list[object]] = [
        [number, shopper, f"{time:%Y-%m-%d %H:%M:%S}", 1, number * 10 + place, sku[1:], title, units, price, price]
        for number, time, shopper, lines in orders()
        for place, (sku, title, price, units) in enumerate(lines)
    ]
    rows.append([1, 2, "2024-01-05 10:00:00", 0, 1, "1", "Thing 1", 1, "5.50", "5.50"])
    products: list[list[object]] = [
        [sku[1:], title, f"ref-{sku}", "Things", f"€{price}", 4, 1] for sku, title, price in ITEMS
    ]
    names = ["Product ID", "Name", "Reference", "Category", "Price (tax excl.)", "Quantity", "Status"]
    return [
        write_rows(folder / "order_lines.csv", header, rows, ";"),
        write_rows(folder / "products.csv", names, products, ";"),
    ]


def analytics(folder: Path) -> list[Path]:
    """Events of Google Analytics 4 as JSON lines, with page views that have no items."""
    events: list[dict[str, object]] = []
    category = {"item_category": "Home", "item_category2": "Things", "item_category3": "(not set)"}
    for number, time, shopper, lines in orders():
        micros = str(int(time.timestamp() * 1_000_000))
        base = {"event_date": f"{time:%Y%m%d}", "event_timestamp": micros, "user_pseudo_id": f"{shopper}.1"}
        if shopper % 2:
            base["user_id"] = f"u{shopper}"
        items = [
            {"item_id": sku, "item_name": title, "price": float(price), "quantity": units, **category}
            for sku, title, price, units in lines
        ]
        events.append({**base, "event_name": "purchase", "ecommerce": {"transaction_id": str(number)}, "items": items})
        events.append({**base, "event_name": "page_view", "items": []})
    path = folder / "events.json"
    path.write_text("".join(json.dumps(event) + "\n" for event in events), encoding="utf-8")
    return [path]


def merchant_feed(folder: Path) -> list[Path]:
    """A product feed with tabs and prices with their currency, and plain order lines with days first."""
    feed: list[list[object]] = [
        [sku, title, "Good", f"https://example.com/{sku}", f"{price} EUR", "in_stock", "Home > Things", "Maker"]
        for sku, title, price in ITEMS
    ]
    names = ["id", "title", "description", "link", "price", "availability", "product_type", "brand"]
    return [*plain(folder), write_rows(folder / "feed.tsv", names, feed, "\t")]


def plain(folder: Path) -> list[Path]:
    """Order lines of two files with decimal commas, semicolons and returns by a word."""
    header = ["Bestellnummer", "Position", "Kundennummer", "Artikelnummer", "Bezeichnung", "Menge", "Einzelpreis"]
    header += ["Bestelldatum", "Type"]
    rows: list[list[object]] = [
        [number, place + 1, shopper, sku, title, units, price.replace(".", ","), f"{time:%d.%m.%Y %H:%M}", "sale"]
        for number, time, shopper, lines in orders()
        for place, (sku, title, price, units) in enumerate(lines)
    ]
    half = len(rows) // 2
    return [
        write_rows(folder / "orders_2024_1.csv", header, rows[:half], ";"),
        write_rows(folder / "orders_2024_2.csv", header, rows[half:], ";"),
    ]


KINDS: dict[str, Callable[[Path], list[Path]]] = {
    "Shopify": shopify,
    "Shopify of 2025": shopify_of_2025,
    "WooCommerce": woocommerce,
    "Magento": magento,
    "PrestaShop": prestashop,
    "Google Analytics 4": analytics,
    "Google Merchant feed": merchant_feed,
    "plain": plain,
}
