"""The sample night on a cluster whose warehouse lies on S3."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.cluster.night_contract import NightContract
from tests.cluster.object_stores import Store, moto

pytestmark = [pytest.mark.slow, pytest.mark.promise]


class TestOnS3(NightContract):
    """The registry is an object of the same bucket."""

    @pytest.fixture(scope="class")
    @classmethod
    def store(cls, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
        with moto(tmp_path_factory.mktemp("moto")) as running:
            yield running
