"""Readers of the registry's file find the old registry or the new one, whatever happens to the writer."""

from __future__ import annotations

import multiprocessing
import time
from pathlib import Path

import pytest
from feast.protos.feast.core.Registry_pb2 import Registry
from feast.repo_config import RegistryConfig

from jobs.online.registry_store import AtomicFileRegistryStore

PROJECTS = 300  # give the size of a real registry
VERSIONS = 10  # that a reader must see; a number of reads would prove nothing if the writer were starved


def write_forever(path: Path) -> None:
    registry = Registry()
    for number in range(PROJECTS):
        registry.projects.add().spec.name = f"project{number:060}"
    while True:
        store_at(path).update_registry_proto(registry)


def store_at(path: Path) -> AtomicFileRegistryStore:
    return AtomicFileRegistryStore(RegistryConfig(path=str(path)), path.parent)


def test_what_is_written_is_read(tmp_path: Path) -> None:
    path = tmp_path / "new" / "registry.db"
    registry = Registry()
    registry.projects.add().spec.name = "longtail"
    store_at(path).update_registry_proto(registry)
    read = store_at(path).get_registry_proto()
    assert [project.spec.name for project in read.projects] == ["longtail"]
    assert read.version_id
    assert read.last_updated.seconds > 0
    assert [entry.name for entry in path.parent.iterdir()] == ["registry.db"]


def test_a_missing_registry_raises(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        store_at(tmp_path / "registry.db").get_registry_proto()


def test_reads_during_writes_and_after_a_kill_are_complete(tmp_path: Path) -> None:
    path = tmp_path / "registry.db"
    writer = multiprocessing.get_context("fork").Process(target=write_forever, args=(path,))
    writer.start()
    try:
        deadline = time.monotonic() + 120
        while not path.exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        seen: set[str] = set()
        while len(seen) < VERSIONS and time.monotonic() < deadline:
            registry = store_at(path).get_registry_proto()
            assert len(registry.projects) == PROJECTS
            seen.add(registry.version_id)
    finally:
        writer.kill()
        writer.join()
    assert len(seen) == VERSIONS  # the writer kept writing
    assert len(store_at(path).get_registry_proto().projects) == PROJECTS
