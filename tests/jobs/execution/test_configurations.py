"""The configuration of a night, stored under its hash."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from jobs.config.configuration import load_config
from jobs.execution.configurations import store_configuration, stored_configuration
from jobs.runtime.errors import ConfigurationError, LongtailError
from jobs.runtime.storage import storage_of
from tests.conftest import ROOT

FILES = ("cluster", "deep", "gift_shop", "local", "simulated")


@pytest.mark.parametrize("name", FILES)
def test_it_is_read_as_it_was(tmp_path: Path, name: str) -> None:
    conf, files = load_config(ROOT / f"conf/{name}.yaml"), storage_of(str(tmp_path))
    store_configuration(files, conf)
    store_configuration(files, conf)
    assert files.names("configurations") == [f"{conf.hash}.json"]
    stored = stored_configuration(files, conf.hash)
    assert (stored.of_results(), stored.hash) == (conf.of_results(), conf.hash)
    assert stored.housekeeping.of("events") == conf.housekeeping.of("events")


def test_a_key_that_came_later_has_its_default(tmp_path: Path) -> None:
    conf, files = load_config(ROOT / "conf/local.yaml"), storage_of(str(tmp_path))
    store_configuration(files, conf)
    place = tmp_path / f"configurations/{conf.hash}.json"
    values = json.loads(place.read_text(encoding="utf-8"))
    del values["trees"]["rounds"], values["search"]
    place.write_text(json.dumps(values), encoding="utf-8")
    assert stored_configuration(files, conf.hash).hash == conf.hash
    place.write_text(json.dumps({**values, "gone": 1}), encoding="utf-8")
    with pytest.raises(ConfigurationError, match="gone is not a key of the configuration"):
        stored_configuration(files, conf.hash)


def test_one_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(LongtailError, match=r"The configuration abc is not in .*abc\.json"):
        stored_configuration(storage_of(str(tmp_path)), "abc")
