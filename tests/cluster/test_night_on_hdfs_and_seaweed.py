"""The sample night on a cluster whose warehouse lies on HDFS, or on an S3 server that stores its objects in files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cluster.night_contract import NightContract
from tests.cluster.object_stores import Store, hdfs, seaweed

pytestmark = pytest.mark.slow


class TestOnHdfs(NightContract):
    """HDFS holds no registry that a reader reaches, so Redis does. The wheel lies on HDFS, too."""

    registry = "redis"

    @pytest.fixture(scope="class")
    @classmethod
    def store(cls, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
        with hdfs(tmp_path_factory.mktemp("hdfs")) as running:
            yield running

    @pytest.fixture(scope="class")
    @classmethod
    def submitted_wheel(cls, wheel: Path, store: Store) -> str:
        return store.put(wheel, f"apps/{wheel.name}")


class TestOnSeaweed(NightContract):
    """The registry is an object of the same bucket."""

    @pytest.fixture(scope="class")
    @classmethod
    def store(cls, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
        with seaweed(tmp_path_factory.mktemp("seaweed")) as running:
            yield running
