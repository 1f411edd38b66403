"""The desk's pages on small tables that were written without Spark."""

from __future__ import annotations

import csv
import io
import re
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
from fastapi.testclient import TestClient

from features.contract import CANDIDATES, EXPOSURE_SCORES, ITEM_EXPOSURE, RELEVANCE
from features.declarations import ITEM_FEATURES_TABLE
from jobs.config.configuration import Config, load_config
from jobs.desk.application import application
from jobs.desk.exports import as_file
from jobs.desk.stored_tables import StoredTables
from jobs.desk.why_not import why_not_shown
from jobs.report.page.numbers import NONE
from tests.jobs.desk.small_warehouse import (
    FIRST,
    SCRIPT,
    SECOND,
    TITLES,
    write,
    write_night,
    write_suggestions,
)
from tests.jobs.report.test_why_not import AS_OF, ITEMS, LISTS, NOT_LIFTED_BY, OF_NIGHT, PLAN, SENTENCES


def conf_in(folder: Path, **sections: Any) -> Config:
    path = folder / "conf.yaml"
    content = {"warehouse": str(folder / "warehouse"), "source": {"kind": "complete_journey"}, **sections}
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    return load_config(path)


def desk(folder: Path, **sections: Any) -> TestClient:
    return TestClient(application(conf_in(folder, **sections)), base_url="http://localhost")


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a warehouse with two complete nights; ann has rice instead of milk on the second."""
    folder = tmp_path_factory.mktemp("desk")
    write_night(folder / "warehouse", FIRST)
    write_night(folder / "warehouse", SECOND, shown=("tea", "rice"))
    write_suggestions(folder / "warehouse", SECOND)
    return folder


@pytest.fixture(scope="module")
def client(store: Path) -> TestClient:
    return desk(store)


def test_the_newest_night_has_its_figures_alerts_and_sources(client: TestClient) -> None:
    page = client.get("/").text
    assert "2 May 2024" in page
    assert "against 1 May, previous night" in page
    assert "Shifted on 2024-05-02." in page
    assert 'href="/tables?name=metrics&amp;version=1&amp;night=2024-05-02"' in page
    earlier = client.get("/?night=2024-05-01").text
    assert "Shifted on 2024-05-01." in earlier
    assert "The newest complete one is" in earlier


def test_the_page_of_the_night_is_served_as_it_is(client: TestClient) -> None:
    answer = client.get("/page")
    assert "the page" in answer.text
    assert "script-src" not in answer.headers["Content-Security-Policy"]


def test_products_are_found_by_words_and_by_id(client: TestClient) -> None:
    assert "Wild Rice" in client.get("/products?q=WILD ri").text
    assert "Oat Milk" in client.get("/products?q=milk").text
    assert "Oat Milk" not in client.get("/products?q=wild").text
    assert "all of these words" in client.get("/products?q=wild milk").text
    assert "Sea Salt" not in client.get("/products?shown=yes").text
    assert "Sea Salt" in client.get("/products?shown=no&segment=tail&order=title").text


def test_a_product_has_its_lists_rules_and_history(client: TestClient) -> None:
    page = client.get("/product?item=tea").text
    assert "Popular right now" in page
    assert "item_cap (tea) is held by its cap of 5 exposures" in page
    assert "2 nights." in page
    assert "2.50 USD" in page
    assert "No list has it." in client.get("/product?item=salt").text


def test_no_html_of_a_title_reaches_a_page(client: TestClient) -> None:
    addresses = ("/products", "/product?item=tea", "/shopper?user=ann", "/tables?name=item_features", "/suggestions")
    for address in addresses:
        page = client.get(address).text
        assert SCRIPT not in page
        assert "&lt;script&gt;document.title" in page
    assert "<b>" not in client.get("/products?q=<b>&night=2024-05-02").text


def test_suggestions_have_interval_evidence_and_files(client: TestClient) -> None:
    page = client.get("/suggestions").text
    assert "-3.00 (-3.50 to -2.50)" in page
    assert "-8 % (-10 % to -5 %)" in page
    assert "+12.00 (+3.00 to +21.00) USD" in page
    assert "400.00 USD margin" in page
    assert "8 of 9 items, prices 12 % apart" in page
    assert "prices hardly moved apart from season and promotions" in page
    assert f"10 (7 to {NONE})" in page
    assert "covers 14 days with a probability of 95 %" in page
    assert "Wild Rice" in page
    [address] = re.findall(r'href="(/export\?name=price_suggestions[^"]*form=csv)"', page)
    rows = list(csv.DictReader(io.StringIO(client.get(address.replace("&amp;", "&")).text)))
    assert [row["verdict"] for row in rows] == ["lower", "keep", "cannot_tell"]


def test_a_night_without_suggestions_names_their_keys(client: TestClient) -> None:
    page = client.get(f"/suggestions?night={FIRST}").text
    assert "suggestions.price_weeks in the configuration" in page
    assert "suggestions.lead_days in the configuration" in page
    assert "/export" not in page


def test_two_nights_of_a_shopper_side_by_side(client: TestClient) -> None:
    page = client.get("/shopper?user=ann&against=2024-05-01").text
    assert page.count("only on this night") == 2
    assert "Last bought: Wild Rice" in page
    assert "did not know the shopper bob" in client.get("/shopper?user=bob").text
    assert "Sells steadily" in client.get("/shopper").text


@pytest.mark.parametrize(
    ("address", "status", "words"),
    [
        ("/product?item=nothing", 404, "No product nothing was known"),
        ("/product", 400, "no valid value of item"),
        ("/?night=2020-01-01", 404, "There is no night of 2020-01-01"),
        ("/?night=tomorrow", 400, "no valid value of night"),
        ("/products?page=0", 400, "no valid value of page"),
        ("/tables?name=nothing", 404, "There is no table nothing"),
        ("/tables?name=metrics&version=99", 404, "cannot be read"),
        ("/nowhere", 404, "There is no such page"),
        ("/static/secrets", 404, "There is no such page"),
    ],
)
def test_a_wrong_address_is_answered_in_words(client: TestClient, address: str, status: int, words: str) -> None:
    answer = client.get(address)
    assert (answer.status_code, words in answer.text) == (status, True), answer.text


def test_every_answer_has_a_strict_policy_and_is_not_stored(client: TestClient) -> None:
    for address in ("/", "/nowhere", "/static/desk.js", "/newest.json"):
        headers = client.get(address).headers
        assert "script-src 'self'" in headers["Content-Security-Policy"]
        assert "unsafe" not in headers["Content-Security-Policy"]
        assert headers["Cache-Control"] == "no-store"
    assert "style=" not in client.get("/").text


def test_another_name_of_this_machine_is_refused(client: TestClient) -> None:
    assert client.get("/", headers={"Host": "evil.example"}).status_code == 400


def test_a_large_table_is_read_a_page_at_a_time(tmp_path: Path) -> None:
    write_night(tmp_path / "warehouse", FIRST)
    rows = [{"as_of": FIRST, "item_id": f"i{number:06}", "title": f"Item {number}"} for number in range(100_000)]
    write(tmp_path / "warehouse", ITEM_FEATURES_TABLE, rows)
    client = desk(tmp_path)
    first = client.get("/tables?name=item_features").text
    assert "1 to 50 of 100,004" in first
    assert first.count("<tr>") == 51
    assert "page 2,001 of 2,001" in client.get("/tables?name=item_features&page=2001").text
    assert "100,004 products" in client.get("/products?page=3").text
    assert client.get("/products?page=999999").status_code == 200


def test_a_table_is_exported_as_the_page_shows_it(client: TestClient) -> None:
    page = client.get(f"/tables?name=item_features&night={FIRST}").text
    [version] = set(re.findall(r"/export\?name=item_features&amp;version=(\d+)", page))
    answer = client.get(f"/export?name=item_features&night={FIRST}&version={version}&form=csv")
    assert answer.headers["Content-Disposition"] == f'attachment; filename="item_features-{FIRST}-v{version}.csv"'
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert {row["as_of"] for row in rows} == {str(FIRST)}
    assert {row["title"] for row in rows} == set(TITLES.values())

    parquet = client.get(f"/export?name=item_features&night={FIRST}&form=parquet").content
    table = pq.read_table(io.BytesIO(parquet)).to_pylist()
    assert [row["item_id"] for row in table] == [row["item_id"] for row in rows]

    assert client.get("/export?name=item_features&form=xls").status_code == 404
    assert client.get("/export?name=nothing&form=csv").status_code == 404
    assert client.get("/export?name=item_features&version=99&form=csv").status_code == 404


def test_cells_of_an_export_can_be_read_back() -> None:
    rows = {
        "text": ["=1+1", None],
        "list": [["a", "é"], []],
        "yes": [True, False],
        "at": [datetime(2024, 5, 1, 12), None],
    }
    batch = pa.RecordBatch.from_pydict(rows)
    text = b"".join(as_file("csv", batch.schema, iter([batch]))).decode()
    assert text == 'text,list,yes,at\n\'=1+1,"[""a"", ""é""]",true,2024-05-01T12:00:00\n,[],false,\n'


def test_a_warehouse_without_nights_says_what_to_do(tmp_path: Path) -> None:
    client = desk(tmp_path)
    answer = client.get("/")
    assert answer.status_code == 404
    assert "No night has been planned yet." in answer.text
    assert client.get("/newest.json").json()["night"] is None
    assert client.get("/tables").status_code == 200


def test_a_night_that_is_being_written_waits_behind_the_last_complete_one(tmp_path: Path) -> None:
    write_night(tmp_path / "warehouse", FIRST)
    write_night(tmp_path / "warehouse", SECOND, steps=("ingest", "score"))
    client = desk(tmp_path)
    page = client.get("/").text
    assert "1 May 2024" in page
    assert "The night of 2 May 2024 is being written: score has ended, 2 steps so far." in page
    write_night(tmp_path / "warehouse", SECOND + timedelta(days=1), steps=("ingest", "score", "plan_exposure"))
    unfinished = client.get("/?night=2024-05-03")
    assert unfinished.status_code == 200
    assert "computed by its last step, which has not ended yet" in unfinished.text
    assert client.get("/newest.json").json() == {"night": "2024-05-01", "words": "1 May 2024"}


def test_an_open_page_learns_of_a_newer_night(tmp_path: Path) -> None:
    write_night(tmp_path / "warehouse", FIRST)
    client = desk(tmp_path)
    assert 'data-newest="2024-05-01"' in client.get("/").text
    write_night(tmp_path / "warehouse", SECOND)
    assert client.get("/newest.json").json()["night"] == "2024-05-02"


def test_a_failure_names_no_shopper_and_no_secret(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[dict[str, object]] = []
    monkeypatch.setattr("jobs.desk.application.warning", lambda _, **fields: said.append(fields))
    monkeypatch.setattr("jobs.desk.pages.shopper_list", lambda *_: 1 / 0)
    answer = client.get("/shopper?user=ann")
    assert answer.status_code == 500
    assert "ann" not in answer.text
    assert said == [{"path": "/shopper", "error": "ZeroDivisionError"}]


@pytest.mark.parametrize(("item", "sentence"), SENTENCES)
def test_why_not_reads_as_with_spark(item: str, sentence: str, tmp_path: Path) -> None:
    conf = conf_in(tmp_path, plan=PLAN)
    write_standings(tmp_path / "warehouse")
    said = why_not(conf, item, named=True)
    assert said == f"Not shown to any shopper: {sentence}."
    assert "list of ann" not in why_not(conf, item, named=False)


@pytest.mark.parametrize(("words", "gap"), [([], "0.03"), (["alcohol"], "0.05")])
def test_no_bid_lifts_an_item_of_plan_not_lifted(words: list[str], gap: str, tmp_path: Path) -> None:
    bids = {"worth": {"bid_weight": 1.0}, "sponsors": {"x": {"bid": 0.02, "budget": 9.0}}}
    conf = conf_in(tmp_path, plan={**PLAN, **bids, "not_lifted": {"words": words}})
    write_standings(tmp_path / "warehouse")
    assert f"milk at a score of 0.30, {gap} above its own" in why_not(conf, "wine", named=True)


@pytest.mark.parametrize(
    ("chances", "gap"), [(None, 0.3 - (0.5 * 0.2 - 0.05)), ({"purchase": 0.2, "click": 0.9}, 0.3 - 0.14)]
)
def test_why_not_counts_the_values_of_responses(chances: dict[str, float] | None, gap: float, tmp_path: Path) -> None:
    conf = conf_in(tmp_path, plan=PLAN, relevance={"values": {"purchase": 0.5, "click": 0.1}})
    write_standings(tmp_path / "warehouse", chances)
    assert f"milk at a score of 0.30, {gap:.2f} above its own" in why_not(conf, "behind", named=True)


def why_not(conf: Config, item: str, *, named: bool) -> str:
    tables = StoredTables(conf.warehouse)
    planned = tables.frame(ITEM_EXPOSURE, ITEM_EXPOSURE.column_names).set_index("item_id", drop=False).loc[item]
    return why_not_shown(tables, conf, AS_OF, planned, named=named)[0]


def write_standings(folder: Path, chances: dict[str, float] | None = None) -> None:
    """The night of test_why_not. chances: of every pair"""
    boosts = {row[0]: row[3] for row in ITEMS}
    write(folder, EXPOSURE_SCORES, [
        {**OF_NIGHT, "user_id": user, "rank": rank, "item_id": listed, "score": score, "propensity": propensity,
         "reason": reason}
        for user, rank, listed, score, propensity, reason in LISTS
    ])  # fmt: skip
    write(folder, ITEM_EXPOSURE, [
        {**OF_NIGHT, "item_id": row[0], "segment": "tail", "boost": boosts[row[0]], "cap": row[2], "binding": "none",
         "not_lifted_by": NOT_LIFTED_BY.get(row[0])}
        for row in ITEMS
    ])  # fmt: skip
    write(folder, CANDIDATES, [{"as_of": AS_OF, "user_id": "ann", "item_id": row[0]} for row in ITEMS if row[1]])
    write(folder, RELEVANCE, [
        {"as_of": AS_OF, "policy": "main", "user_id": user, "item_id": row[0], "relevance": relevance,
         "chances": chances and list(chances.items())}
        for row in ITEMS for user, relevance in row[4].items()
    ])  # fmt: skip
    breakfast = {"tea", "oats", "milk"}
    write(folder, ITEM_FEATURES_TABLE, [
        {"as_of": AS_OF, "item_id": known, "title": known.title(), "segment": "tail", "is_eligible": True,
         "category": "Breakfast" if known in breakfast else known}
        for known in [*(row[0] for row in ITEMS), "oats", "milk", "rice"]
    ])  # fmt: skip


def test_titles_are_those_of_the_night(store: Path) -> None:
    assert set(TITLES) == {"tea", "milk", "rice", "salt"}
    assert StoredTables(str(store / "warehouse")).nights(ITEM_EXPOSURE) == [SECOND, FIRST]
