"""The desk on a warehouse in an object store, by its own reader's options."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import boto3
import pytest

from features.contract import PLAN_RULES
from jobs.desk.rule_versions import stored_versions
from jobs.desk.stored_tables import StoredTables
from tests.cluster.object_stores import BUCKET, Store, moto
from tests.jobs.desk.small_warehouse import FIRST, write_night
from tests.jobs.desk.test_desk import desk
from tests.jobs.saved_rules.test_merging import change

pytestmark = pytest.mark.slow
REMOTE = {
    "online": {"store": "redis"},
    "mlflow": {"tracking_uri": "http://mlflow.example"},
}


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """A server of its own process with an empty bucket, to which the variables of the environment lead."""
    with moto(tmp_path) as server:
        for name, value in {**server.environment, "AWS_REGION": "us-east-1"}.items():
            monkeypatch.setenv(name, value)
        yield server


def test_pages_are_read_from_an_object_store(store: Store, tmp_path: Path) -> None:
    write_night(tmp_path / "local", FIRST)
    client_of_store = boto3.client("s3", region_name="us-east-1")
    for path in (tmp_path / "local").rglob("*"):
        if path.is_file():
            client_of_store.upload_file(str(path), BUCKET, f"shop/{path.relative_to(tmp_path / 'local')}")
    client = desk(tmp_path, warehouse=f"{store.uri}/shop", **REMOTE)
    page = client.get("/").text
    assert "1 May 2024" in page
    assert "Shifted on 2024-05-01." in page
    assert "the page" in client.get("/page").text
    assert "Wild Rice" in client.get("/products?q=wild").text
    assert "Popular right now" in client.get("/shopper?user=ann").text
    assert os.environ["AWS_SECRET_ACCESS_KEY"] not in page


def test_a_store_without_nights_says_so(store: Store, tmp_path: Path) -> None:
    empty = desk(tmp_path, warehouse=f"{store.uri}/shop", **REMOTE).get("/")
    assert (empty.status_code, "No night has been planned yet." in empty.text) == (404, True)


def test_of_two_changes_of_rules_in_an_object_store_one_is_refused(store: Store, tmp_path: Path) -> None:
    warehouse, row = f"{store.uri}/shop", asdict(change(1, "caps.food"))
    first, second = StoredTables(warehouse), StoredTables(warehouse)
    assert (stored_versions(first), stored_versions(second)) == ([], [])
    assert [tables.append(PLAN_RULES, [row]) for tables in (first, second)] == [True, False]
    first, second = StoredTables(warehouse), StoredTables(warehouse)
    assert stored_versions(first) == stored_versions(second) == [change(1, "caps.food")]
    assert [tables.append(PLAN_RULES, [{**row, "version": 2}]) for tables in (first, second)] == [True, False]
    client = desk(tmp_path, warehouse=warehouse, desk={"rules": True}, **REMOTE)
    assert "caps.food" in client.get("/rules").text
