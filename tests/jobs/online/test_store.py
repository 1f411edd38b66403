"""Opening the store of a configuration."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from feast.infra.online_stores.redis import RedisOnlineStore

from jobs.config.configuration import Config, load_config
from jobs.online.store import open_store, read_store
from jobs.runtime.errors import ConfigurationError, LongtailError
from tests.conftest import ROOT
from tests.jobs.online.nights import config_in, feast_folder, reader_yaml

SOURCE = "source: {kind: complete_journey}\n"


def redis_conf(folder: Path) -> Config:
    path = folder / "conf.yaml"
    path.write_text(
        f"warehouse: {folder}/warehouse\n{SOURCE}online: {{store: redis, redis_url_variable: SOME_REDIS}}\n"
    )
    return load_config(path)


def test_the_yaml_is_what_feasts_command_line_needs(tmp_path: Path) -> None:
    conf = config_in(tmp_path)
    store = open_store(conf)
    assert store.config.registry.cache_ttl_seconds == conf.online.registry_ttl_seconds
    settings = yaml.safe_load(reader_yaml(conf).read_text())
    assert settings["registry"]["path"] == f"{tmp_path}/warehouse/feast/registry.db"
    assert settings["online_store"]["path"] == f"{tmp_path}/warehouse/feast/online.db"
    written = reader_yaml(conf).stat().st_mtime_ns
    open_store(conf)
    assert reader_yaml(conf).stat().st_mtime_ns == written


def test_reading_before_anything_is_registered_creates_nothing(tmp_path: Path) -> None:
    with pytest.raises(LongtailError, match=r"Run jobs/register_features.py"):
        read_store(config_in(tmp_path))
    assert not (tmp_path / "warehouse").exists()
    open_store(config_in(tmp_path))
    with pytest.raises(LongtailError, match=r"Run jobs/register_features.py"):
        read_store(config_in(tmp_path))
    assert not (feast_folder(config_in(tmp_path)) / "registry.db").exists()


def test_a_reader_of_redis_has_time_limits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    conf = redis_conf(tmp_path)
    for address, seconds in (("there:1,password=p", 2), ("there:1,socket_timeout=9", 9)):
        monkeypatch.setenv("SOME_REDIS", address)
        open_store(conf)
        settings = os.path.expandvars(reader_yaml(conf).read_text())
        text = yaml.safe_load(settings)["online_store"]["connection_string"]
        nodes, options = RedisOnlineStore._parse_connection_string(text)
        assert nodes == [{"host": "there", "port": "1"}]
        assert (options["socket_timeout"], options["socket_connect_timeout"]) == (seconds, 2)


def test_redis_without_an_address_names_the_variable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SOME_REDIS", raising=False)
    with pytest.raises(ConfigurationError, match="SOME_REDIS is not set"):
        open_store(redis_conf(tmp_path))


@pytest.mark.parametrize("password", ["ends:", "a: b", "x #y", '"', "back\\slash", "{brace", "& so on"])
def test_a_password_may_contain_yaml_syntax(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, password: str) -> None:
    conf = redis_conf(tmp_path)
    monkeypatch.setenv("SOME_REDIS", f"there:1,password={password}")
    open_store(conf)
    text = reader_yaml(conf).read_text()
    assert password not in text or password == '"'
    settings = yaml.safe_load(os.path.expandvars(text))
    assert settings["online_store"]["connection_string"].endswith(f"there:1,password={password}")


@pytest.mark.parametrize("address", ["there:1,password=it's", "there:1,password=a,secret", "there"])
def test_an_address_of_another_form_opens_no_store(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    monkeypatch.setenv("SOME_REDIS", address)
    with pytest.raises(ConfigurationError, match="SOME_REDIS is not an address") as error:
        open_store(redis_conf(tmp_path))
    assert "it's" not in str(error.value)
    assert "secret" not in str(error.value)


WITHOUT_REDIS = """
import sqlite3, sys
sys.modules["redis"] = None  # its import fails, as where the package is missing
import jobs.forget, jobs.publish, jobs.read_online, jobs.roll_back, jobs.stream_events
from jobs.config.configuration import load_config
from jobs.online.store_failures import store_failures
from jobs.online.store import open_store
from jobs.runtime.errors import LongtailError
try:
    open_store(load_config(sys.argv[1]))
    with store_failures("Writing"):
        raise sqlite3.OperationalError("disk is full")
except LongtailError as error:
    print(error)
"""


@pytest.mark.parametrize(
    ("store", "message"),
    [
        ("sqlite", "Writing failed: SQLite reports disk is full (OperationalError). Free disk space"),
        ("redis", "online.store is redis, but the Python package redis is not installed. Install "),
    ],
)
def test_the_package_redis_is_needed_by_a_redis_store_alone(tmp_path: Path, store: str, message: str) -> None:
    conf = tmp_path / "conf.yaml"
    online = f"online: {{store: {store}, redis_url_variable: SOME_REDIS}}\n"
    conf.write_text(f"warehouse: {tmp_path}/warehouse\n{SOURCE}{online}")
    command = [sys.executable, "-c", WITHOUT_REDIS, str(conf)]
    environment = os.environ | {"SOME_REDIS": "there:1", "PYTHONPATH": str(ROOT)}
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert ended.stdout.startswith(message), ended.stderr
