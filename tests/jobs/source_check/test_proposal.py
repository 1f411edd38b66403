"""What exports are recognised as, the form of their times, and refusals that say what to export instead."""

from __future__ import annotations

import json
from datetime import date, datetime
from pathlib import Path

import pytest

from jobs.config.configuration import load_config, resolve_config
from jobs.config.files import parsed, read_packaged
from jobs.runtime.errors import ConfigurationError
from jobs.source_check.proposal.heads import read_head
from jobs.source_check.proposal.proposing import propose
from jobs.source_check.proposal.times import TimeForm, span, time_form
from tests.jobs.source_check.exports import KINDS, write_rows

RECOGNISED = {
    "Shopify": ["Shopify's export of orders", "Shopify's export of products"],
    "Shopify of 2025": ["Shopify's export of orders", "Shopify's export of products"],
    "WooCommerce": ["order lines of WooCommerce", "WooCommerce's product CSV"],
    "Magento": ["order lines of Magento", "Magento's export of products"],
    "PrestaShop": ["order lines of PrestaShop", "PrestaShop's products"],
    "Google Analytics 4": ["events of Google Analytics 4"],
    "Google Merchant feed": [
        "order lines or events with column names of their own",
        "a product feed of Google Merchant Center",
    ],
    "plain": ["order lines or events with column names of their own"],
}


@pytest.mark.parametrize("kind", KINDS)
def test_an_export_is_recognised_by_its_header(tmp_path: Path, kind: str) -> None:
    proposal = propose([str(path) for path in KINDS[kind](tmp_path)], "shop")
    assert [line.rpartition(": ")[2] for line in proposal.recognised[:-1]] == RECOGNISED[kind]
    assert proposal.recognised[-1] == "events from 2024-01-02 to 2024-02-10; the first night is 2024-02-11"
    conf = resolve_config(read_packaged("base.yaml"), parsed(proposal.text, "shop"), "shop")
    assert conf.source.files is not None
    assert all(mapping.columns.get("updated_at") for mapping in conf.source.files.items)


def test_files_with_one_header_are_one_input(tmp_path: Path) -> None:
    text = propose([str(path) for path in KINDS["plain"](tmp_path)], "shop").text
    conf = resolve_config(read_packaged("base.yaml"), parsed(text, "shop"), "shop")
    assert conf.source.files is not None
    [(name, files)] = conf.source.files.inputs.items()
    assert (name, files.path, files.options) == ("orders", f"{tmp_path}/orders_*.csv", {"sep": ";"})
    [events] = conf.source.files.events
    assert events.columns["event_time"].format == "dd.MM.yyyy HH:mm"
    assert events.columns["event_type"].values == {"sale": "purchase"}
    [items] = conf.source.files.items
    assert items.columns["price"].decimal_comma


def test_a_pattern_of_several_files_takes_those_of_the_next_month_in(tmp_path: Path) -> None:
    """Files of one year share its digits, which those to come may not have."""
    paths = [tmp_path / f"events_202509{day}.csv" for day in (28, 29, 30)]
    for path in paths:
        write_rows(path, ["customer", "sku", "date"], [["u1", "i1", "2025-09-28"]])
    assert f"{tmp_path}/events_*.csv" in propose([str(path) for path in paths], "shop").text
    write_rows(tmp_path / "events_20240101.csv", ["customer", "sku", "date"], [["u1", "i1", "2024-01-01"]])
    assert f"{tmp_path}/events_202509*.csv" in propose([str(path) for path in paths], "shop").text


@pytest.mark.parametrize(
    ("price", "currency"),
    [
        ("12.50 NOK", "NOK"),
        ("€12.50", "EUR"),
        ("12.50 £", "GBP"),
        ("$12.50", "USD   # CHECK"),
        ("R$ 1.234,50", "BRL"),
        ("1 299 Kč", "CZK"),
        ("Rs. 99", "INR"),
        ("99 kr", "USD   # CHECK"),
        ("12.50CHF", "CHF"),
    ],
)
def test_the_currency_written_with_prices_is_the_stores(tmp_path: Path, price: str, currency: str) -> None:
    orders = write_rows(tmp_path / "orders.csv", ["customer", "sku", "date"], [["u1", "i1", "2025-09-28"]])
    feed = write_rows(tmp_path / "feed.csv", ["id", "title", "price", "link"], [["i1", "Cup", price, "https://x"]])
    assert f"currency: {currency}" in propose([str(orders), str(feed)], "shop").text


def test_a_catalogue_without_dates_is_known_since_the_first_order(tmp_path: Path) -> None:
    text = propose([str(path) for path in KINDS["Shopify"](tmp_path)], "shop").text
    assert "updated_at: {constant: '2024-01-02'}" in text
    assert "CHECK: the file has no dates: known since the first order" in text


def test_what_the_files_cannot_say_is_marked_and_a_rule_for_variants_is_at_hand(tmp_path: Path) -> None:
    text = propose([str(path) for path in KINDS["Shopify"](tmp_path)], "shop").text
    assert "features: {time_zone: UTC}   # CHECK: the store's clock" in text
    rule = "# plan: {list_rules: {one_of_a_product: {each: attributes.handle, most: 1}}}"
    assert rule in text
    conf = resolve_config(read_packaged("base.yaml"), parsed(text.replace(rule, rule[2:]), "shop"), "shop")
    assert conf.plan.list_rules["one_of_a_product"].most == 1
    plain = write_rows(tmp_path / "lines.csv", ["customer", "sku", "date"], [["u1", "i1", "2024-03-01"]])
    assert "one_of_a_product" not in propose([str(plain)], "shop").text


SHOPIFY_LINES = [
    "Name", "Email", "Created at", "Lineitem name", "Lineitem quantity", "Lineitem price", "Vendor", "Financial Status",
]  # fmt: skip
SHOPIFY_LINE: list[object] = ["#1", "a@b.c", "2024-03-01 10:00:00 +0000", "Cup", 3, "5.00", "Maker", "paid"]


def test_orders_alone_of_shopify_have_brands_and_mark_partial_refunds(tmp_path: Path) -> None:
    path = write_rows(tmp_path / "orders.csv", SHOPIFY_LINES, [SHOPIFY_LINE])
    text = propose([str(path)], "shop").text
    conf = resolve_config(read_packaged("base.yaml"), parsed(text, "shop"), "shop")
    assert conf.source.files is not None
    [items] = conf.source.files.items
    assert items.columns["brand"].sql == "nullif(trim(`Vendor`), '')"
    assert "CHECK: in partly refunded orders the lines that came back are purchases too" in text


def test_refunded_units_of_a_line_are_no_purchase(tmp_path: Path) -> None:
    path = write_rows(tmp_path / "orders.csv", [*SHOPIFY_LINES, "Lineitem refunded quantity"], [[*SHOPIFY_LINE, 1]])
    text = propose([str(path)], "shop").text
    conf = resolve_config(read_packaged("base.yaml"), parsed(text, "shop"), "shop")
    assert conf.source.files is not None
    [events] = conf.source.files.events
    left = (
        "(try_cast(`Lineitem quantity` AS DECIMAL(18,4)) - "
        "coalesce(try_cast(`Lineitem refunded quantity` AS DECIMAL(18,4)), 0))"
    )
    assert events.columns["quantity"].sql == left
    assert events.where is not None
    assert f"coalesce({left} > 0, true)" in events.where
    assert (events.columns["price"].sql or "").startswith(f"abs({left}) * ")
    assert "partly refunded" not in text


@pytest.mark.parametrize("published", ["Published", "Published on online store"])
def test_an_unpublished_product_of_shopify_is_withdrawn(tmp_path: Path, published: str) -> None:
    orders = write_rows(tmp_path / "orders.csv", SHOPIFY_LINES, [SHOPIFY_LINE])
    products = write_rows(
        tmp_path / "products.csv", ["Handle", "Title", "Variant Price", published], [["cup", "Cup", "5.00", "false"]]
    )
    text = propose([str(orders), str(products)], "shop").text
    conf = resolve_config(read_packaged("base.yaml"), parsed(text, "shop"), "shop")
    assert conf.source.files is not None
    [items] = conf.source.files.items
    sold = f"coalesce(lower(nullif(trim(`{published}`), '')), 'true') <> 'false'"
    assert items.columns["withdrawn_at"].sql == f"CASE WHEN NOT ({sold}) THEN TIMESTAMP'2024-03-01' END"
    fill_down = conf.source.files.inputs["products"].fill_down
    assert fill_down is not None
    assert published in fill_down.columns


def analytics_events(folder: Path, *persons: dict[str, str | None]) -> Path:
    path = folder / "events.json"
    base = {"event_name": "purchase", "event_timestamp": "1709287200000000", "items": [{"item_id": "i1"}]}
    path.write_text("".join(json.dumps(base | person) + "\n" for person in persons), encoding="utf-8")
    return path


def test_analytics_has_shoppers_by_account_and_visitors_by_browser(tmp_path: Path) -> None:
    path = analytics_events(tmp_path, {"user_id": None, "user_pseudo_id": "b"}, {"user_id": "u", "user_pseudo_id": "b"})
    conf = resolve_config(read_packaged("base.yaml"), parsed(propose([str(path)], "shop").text, "shop"), "shop")
    assert conf.source.files is not None
    [events], [users] = conf.source.files.events, conf.source.files.users
    assert events.columns["user_id"].sql == users.columns["user_id"].sql == "nullif(user_id, '')"
    assert events.columns["visitor_id"].sql == "nullif(user_pseudo_id, '')"
    assert users.where == "nullif(user_id, '') IS NOT NULL"


def test_analytics_without_accounts_has_a_shopper_for_each_browser(tmp_path: Path) -> None:
    path = analytics_events(tmp_path, {"user_id": None, "user_pseudo_id": "b"})
    text = propose([str(path)], "shop").text
    conf = resolve_config(read_packaged("base.yaml"), parsed(text, "shop"), "shop")
    assert conf.source.files is not None
    [events], [users] = conf.source.files.events, conf.source.files.users
    assert events.columns["user_id"].sql == users.columns["user_id"].sql == "nullif(user_pseudo_id, '')"
    assert "visitor_id" not in events.columns
    assert "CHECK: the browser's id, since no row has a user_id" in text


def test_a_proposal_says_which_files_it_reads(tmp_path: Path) -> None:
    paths = [str(path) for path in KINDS["plain"](tmp_path)]
    doing: list[str] = []
    propose(paths, "shop", doing.append)
    assert doing == ["reads the days of orders_2024_1.csv and 1 more files (1 of 1 inputs of events)"]


def test_a_word_without_meaning_is_left_out_and_marked(tmp_path: Path) -> None:
    rows: list[list[object]] = [["u1", "i1", "2024-03-01 10:00", kind] for kind in ("sale", "gift", "refund")]
    path = write_rows(tmp_path / "lines.csv", ["customer", "sku", "date", "kind"], rows)
    text = propose([str(path)], "shop").text
    assert "CHECK: null leaves a word without meaning here: gift" in text
    conf = resolve_config(read_packaged("base.yaml"), parsed(text, "shop"), "shop")
    assert conf.source.files is not None
    [events] = conf.source.files.events
    assert events.columns["event_type"].values == {"gift": None, "refund": "return", "sale": "purchase"}
    assert events.where is not None
    assert "NOT IN ('gift')" in events.where


def test_the_proposal_for_the_gift_shop_is_its_configuration_up_to_guesses() -> None:
    text = propose(["tests/gift_shop/order_lines.csv"], "shop").text
    conf = resolve_config(read_packaged("base.yaml"), parsed(text, "shop"), "shop")
    written = load_config("conf/gift_shop.yaml")
    assert conf.source.files is not None
    assert written.source.files is not None
    [events], [expected] = conf.source.files.events, written.source.files.events
    assert set(events.columns) == set(expected.columns)
    same = ("event_id", "user_id", "item_id", "event_type", "quantity", "basket_id", "store_id")
    assert all(events.columns[name] == expected.columns[name] for name in same)
    assert events.columns["event_time"].format == expected.columns["event_time"].format
    [items], [expected] = conf.source.files.items, written.source.files.items
    assert (items.columns["title"], items.columns["price"]) == (expected.columns["title"], expected.columns["price"])


def test_a_negative_quantity_is_a_return_where_no_column_says_so(tmp_path: Path) -> None:
    rows: list[list[object]] = [["1", "u1", "i1", "2024-03-01", quantity, "5.00"] for quantity in ("2", "-1")]
    header = ["InvoiceNo", "CustomerID", "StockCode", "InvoiceDate", "Quantity", "UnitPrice"]
    path = write_rows(tmp_path / "lines.csv", header, rows)
    conf = resolve_config(read_packaged("base.yaml"), parsed(propose([str(path)], "shop").text, "shop"), "shop")
    assert conf.source.files is not None
    [events] = conf.source.files.events
    assert events.columns["event_type"].sql == (
        "CASE WHEN try_cast(`Quantity` AS DECIMAL(18,4)) < 0 THEN 'return' ELSE 'purchase' END"
    )
    assert events.columns["quantity"].sql == "abs(try_cast(`Quantity` AS DECIMAL(18,4)))"


WITHOUT_LINES = {
    "WooCommerce": (["Date", "Order #", "Status", "Product(s)"], "Advanced Order Export"),
    "Magento": (["ID", "Purchase Point", "Purchase Date", "Grand Total (Base)"], "JOIN sales_order_item"),
    "PrestaShop": (["ID", "Reference", "New client", "Total", "Payment"], "JOIN ps_order_detail"),
}


@pytest.mark.parametrize("shop", WITHOUT_LINES)
def test_an_export_without_order_lines_says_what_to_export(tmp_path: Path, shop: str) -> None:
    header, remedy = WITHOUT_LINES[shop]
    path = write_rows(tmp_path / "orders.csv", header, [["1"] * len(header)])
    with pytest.raises(ConfigurationError, match="no order lines") as refusal:
        propose([str(path)], "shop")
    assert remedy in str(refusal.value)


def test_a_catalogue_alone_asks_for_orders(tmp_path: Path) -> None:
    products = KINDS["Shopify"](tmp_path)[1]
    with pytest.raises(ConfigurationError, match="Give the export of orders too"):
        propose([str(products)], "shop")


def test_a_spreadsheet_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "orders.xlsx"
    path.write_bytes(b"PK")
    with pytest.raises(ConfigurationError, match=r"is a spreadsheet\. Export or save it as CSV"):
        propose([str(path)], "shop")


def test_unknown_columns_are_named(tmp_path: Path) -> None:
    path = write_rows(tmp_path / "x.csv", ["foo", "bar"], [[1, 2]])
    with pytest.raises(ConfigurationError, match=r"not known \(foo, bar\)"):
        propose([str(path)], "shop")


def test_the_options_of_a_file_follow_from_its_bytes(tmp_path: Path) -> None:
    path = tmp_path / "wide.csv"
    path.write_text("sku\tname\nS1\tCafé\n", encoding="utf-16")
    head = read_head(path)
    assert head.options == {"encoding": "UTF-16", "sep": "\\t", "multiLine": "true"}
    assert head.sample == ({"sku": "S1", "name": "Café"},)
    path.write_bytes("sku;name\nS1;Café\n".encode("windows-1252"))
    assert read_head(path).options == {"encoding": "windows-1252", "sep": ";"}
    for western in ("Größe,für Bäder,ÄÖÜ", "Café à la crème, naïve, déjà vu", "Señor Muñoz, año, corazón"):
        path.write_bytes(f"sku;name\nS1;{western}\n".encode("windows-1252"))
        assert read_head(path).options == {"encoding": "windows-1252", "sep": ";"}
    path.write_bytes("编号,名称,价格\nS1,青山牌陶瓷茶杯（蓝色）,￥12.00\n".encode("gb18030"))
    head = read_head(path)
    assert (head.columns, head.options) == (("编号", "名称", "价格"), {"encoding": "GB18030"})
    assert head.sample == ({"编号": "S1", "名称": "青山牌陶瓷茶杯（蓝色）", "价格": "￥12.00"},)
    path.write_bytes(b'\xef\xbb\xbfsku,name\nS1,"two\nlines"\n')
    head = read_head(path)
    assert (head.columns, head.options) == (("sku", "name"), {"multiLine": "true"})


FORMS = {
    "3/25/24, 9:05\u202fAM": TimeForm(format="M/d/yy, h:mm\u202fa"),
    "2024-03-05 14:02:11 +0100": TimeForm(has_offset=True),
    "2024-03-05T14:02:11.5Z": TimeForm(has_offset=True),
    "2024-03-05": TimeForm(),
    "05.03.2024 14:02": TimeForm("dd.MM.yyyy HH:mm"),
    "25/03/2024 14:02": TimeForm("dd/MM/yyyy HH:mm"),
    "03/25/2024": TimeForm("MM/dd/yyyy"),
    "3/25/24, 2:02 PM": TimeForm("M/d/yy, h:mm a"),
    "Mar 25, 2024, 2:02:11 PM": TimeForm("MMM d, yyyy, h:mm:ss a"),
    "03/05/2024": TimeForm("dd/MM/yyyy", ambiguous=True),
    "20240325": TimeForm("yyyyMMdd"),
    "1709643731": TimeForm(unit="seconds", has_offset=True),
    "1709643731000": TimeForm(unit="milliseconds", has_offset=True),
    "1709643731000000": TimeForm(unit="microseconds", has_offset=True),
}


@pytest.mark.parametrize("text", FORMS)
def test_the_form_of_a_time(text: str) -> None:
    assert time_form([text]) == FORMS[text]
    assert FORMS[text].day(text) in (date(2024, 3, 5), date(2024, 3, 25), date(2024, 5, 3))


def test_a_few_unreadable_times_do_not_hide_the_form() -> None:
    days = [f"{day:02d}/{month:02d}/2024 10:00" for month in (1, 2) for day in range(1, 29)]
    assert time_form([*days, "31/02/2024 10:00", "n/a"]) == TimeForm("dd/MM/yyyy HH:mm")


def test_no_form_fits_all() -> None:
    assert time_form(["2024-03-05", "5 March"]) is None
    assert time_form([]) is None
    assert time_form([datetime(2024, 3, 5)]) == TimeForm(has_offset=True)


def test_the_span_leaves_out_absurd_days() -> None:
    assert span(["2024-03-05", "1970-01-01", "2099-01-01", None, "2024-01-07"], TimeForm()) == (
        date(2024, 1, 7), date(2024, 3, 5),
    )  # fmt: skip
    assert span(["1970-01-01"], TimeForm()) is None
