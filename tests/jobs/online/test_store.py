"""The store that a configuration leads to."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import yaml
from feast.infra.online_stores.redis import RedisOnlineStore

from jobs.config.configuration import Config, load_config
from jobs.online.store import feature_store_yaml, open_store, read_store, reader_yaml, registry_file
from jobs.runtime.errors import ConfigurationError, LongtailError
from tests.jobs.online.nights import config_in


def redis_conf(folder: Path) -> Config:
    path = folder / "conf.yaml"
    path.write_text(f"warehouse: {folder}/warehouse\nonline: {{store: redis, redis_url_variable: SOME_REDIS}}\n")
    return load_config(path)


def test_the_yaml_is_what_feasts_command_line_needs(tmp_path: Path) -> None:
    conf = config_in(tmp_path)
    store = open_store(conf)
    assert store.config.registry.cache_ttl_seconds == conf.online.registry_ttl_seconds
    settings = yaml.safe_load(feature_store_yaml(conf).read_text())
    assert settings["registry"]["path"] == f"{tmp_path}/warehouse/feast/registry.db"
    assert settings["online_store"]["path"] == f"{tmp_path}/warehouse/feast/online.db"
    written = feature_store_yaml(conf).stat().st_mtime_ns
    open_store(conf)
    assert feature_store_yaml(conf).stat().st_mtime_ns == written


def test_reading_before_anything_is_registered_makes_nothing(tmp_path: Path) -> None:
    with pytest.raises(LongtailError, match=r"Run jobs/register_features.py"):
        read_store(config_in(tmp_path))
    assert not (tmp_path / "warehouse").exists()
    open_store(config_in(tmp_path))
    registry_file(config_in(tmp_path)).unlink(missing_ok=True)
    with pytest.raises(LongtailError, match=r"Run jobs/register_features.py"):
        read_store(config_in(tmp_path))
    assert not registry_file(config_in(tmp_path)).exists()


def test_a_reader_of_redis_does_not_wait_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    conf = redis_conf(tmp_path)
    for address, seconds in (("there:1,password=p", 2), ("there:1,socket_timeout=9", 9)):
        monkeypatch.setenv("SOME_REDIS", address)
        open_store(conf)
        settings = os.path.expandvars(reader_yaml(conf).read_text())
        text = yaml.safe_load(settings)["online_store"]["connection_string"]
        nodes, found = RedisOnlineStore._parse_connection_string(text)
        assert nodes == [{"host": "there", "port": "1"}]
        assert (found["socket_timeout"], found["socket_connect_timeout"]) == (seconds, 2)


def test_redis_without_an_address_names_the_variable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SOME_REDIS", raising=False)
    with pytest.raises(ConfigurationError, match="SOME_REDIS is not set"):
        open_store(redis_conf(tmp_path))


@pytest.mark.parametrize("password", ["ends:", "a: b", "x #y", '"', "back\\slash", "{brace", "& so on"])
def test_a_password_may_be_what_means_something_in_yaml(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, password: str
) -> None:
    conf = redis_conf(tmp_path)
    monkeypatch.setenv("SOME_REDIS", f"there:1,password={password}")
    open_store(conf)
    for place in (feature_store_yaml(conf), reader_yaml(conf)):
        assert password not in place.read_text() or password == '"'
        settings = yaml.safe_load(os.path.expandvars(place.read_text()))
        assert settings["online_store"]["connection_string"].endswith(f"there:1,password={password}")


@pytest.mark.parametrize("address", ["there:1,password=it's", "there:1,password=a,secret", "there"])
def test_an_address_that_is_none_is_told_without_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    monkeypatch.setenv("SOME_REDIS", address)
    with pytest.raises(ConfigurationError, match="SOME_REDIS is no address") as error:
        open_store(redis_conf(tmp_path))
    assert "it's" not in str(error.value)
    assert "secret" not in str(error.value)
