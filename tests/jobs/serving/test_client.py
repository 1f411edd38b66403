"""The client of the ranking service: what it answers, and that it stands alone."""

from __future__ import annotations

import ast
import sys
from datetime import date
from pathlib import Path

import pytest
import yaml

import jobs.serving.client
from jobs.online.store import feature_store_yaml
from jobs.runtime.config import Config
from jobs.serving.client import PublishedNight, RankedItem, StorefrontClient, UserList
from tests.jobs.online.frames import publish_frames, published_in


@pytest.fixture
def conf(tmp_path: Path) -> Config:
    return published_in(tmp_path)


def test_a_list_with_everything_that_ranking_needs(conf: Config) -> None:
    shown = StorefrontClient(feature_store_yaml(conf)).user_list("ann")
    place = RankedItem(rank=1, item_id="1", score=1.0, relevance=1.0, boost=1.0, propensity=1.0, reason="1")
    assert shown.items[0] == place
    assert [item.rank for item in shown.items] == [1, 2]
    assert (shown.known, shown.as_of, shown.model_version) == (True, date(2017, 12, 1), "1")


def test_unknown_shoppers_and_items(conf: Config) -> None:
    client = StorefrontClient(feature_store_yaml(conf))
    assert client.user_list("cleo") == UserList("cleo", False, None, None, ())
    assert client.boosts(["nil", "tea"]) == {"tea": 1.0}
    assert client.boosts([]) == {}
    assert client.items([]) == client.ranking("ann", []) == []
    rows = client.ranking("cleo", ["tea", "nil"])
    assert [row["item_id"] for row in rows] == ["tea", "nil"]
    assert [row["item_exposure__boost"] for row in rows] == [1.0, None]
    assert {row["user_exposure__item_ids"] for row in rows} == {None}


def test_a_client_that_stays_open_follows_the_flip(conf: Config) -> None:
    client = StorefrontClient(feature_store_yaml(conf))
    assert client.user_list("ann").as_of == date(2017, 12, 1)
    publish_frames(conf, 2)
    assert client.user_list("ann").as_of == date(2017, 12, 2)
    assert client.user("ann")["user_features__visit_days_28d"] == 2
    assert client.published() == PublishedNight(date(2017, 12, 2), "r2")


def test_a_wrong_path_is_no_empty_list(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        StorefrontClient(tmp_path / "feature_store.yaml")


def test_it_needs_feast_and_nothing_else() -> None:
    tree = ast.parse(Path(jobs.serving.client.__file__).read_text(encoding="utf-8"))
    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    imported |= {str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert {name.partition(".")[0] for name in imported} - set(sys.stdlib_module_names) == {"feast"}


def test_a_ranking_service_can_read_with_feasts_stock_classes(conf: Config, tmp_path: Path) -> None:
    """Our store and registry classes matter to the writer; a reader without Longtail and Spark names Feast's own."""
    settings = yaml.safe_load(feature_store_yaml(conf).read_text())
    settings["registry"].pop("registry_store_type")
    settings["online_store"]["type"] = "sqlite"
    settings.pop("offline_store")
    (tmp_path / "stock.yaml").write_text(yaml.safe_dump(settings))
    client = StorefrontClient(tmp_path / "stock.yaml")
    assert client.user_list("ann").as_of == date(2017, 12, 1)
    assert client.boosts(["tea"]) == {"tea": 1.0}
