"""The night that the tests of this folder share."""

from __future__ import annotations

import pytest

from tests.pipeline.small_night import Store


@pytest.fixture(scope="session")
def store(small_night: Store) -> Store:
    return small_night
