"""An encoder on disk: the same after loading, and refused when a byte differs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from model.text.encoder import Encoder


@pytest.fixture
def saved(tiny: Encoder, tmp_path: Path) -> Path:
    tiny.save(tmp_path / "encoder")
    return tmp_path / "encoder"


def test_a_loaded_encoder_is_the_saved_one(tiny: Encoder, saved: Path) -> None:
    loaded = Encoder.load(saved, "cpu")
    assert (loaded.version, loaded.settings, loaded.dimension) == (tiny.version, tiny.settings, 24)
    assert (loaded.encode_items(["纯牛奶", "red wine"], 2) == tiny.encode_items(["纯牛奶", "red wine"], 2)).all()


def test_nothing_on_disk_is_a_pickle(saved: Path) -> None:
    assert {path.suffix for path in saved.iterdir()} <= {".json", ".safetensors", ".txt"}


@pytest.mark.parametrize("name", ["model.safetensors", "tokenizer.json", "config.json"])
def test_a_changed_byte_is_found(saved: Path, name: str) -> None:
    content = bytearray((saved / name).read_bytes())
    content[-2] ^= 1
    (saved / name).write_bytes(bytes(content))
    with pytest.raises(ValueError, match=f"was changed since it was saved: {name}"):
        Encoder.load(saved, "cpu")


def test_a_missing_and_an_added_file_are_found(saved: Path) -> None:
    (saved / "tokenizer_config.json").unlink()
    (saved / "more.json").write_text("{}")
    with pytest.raises(ValueError, match=r"more.json, tokenizer_config.json"):
        Encoder.load(saved, "cpu")


def test_changed_settings_do_not_pass_under_the_old_version(saved: Path) -> None:
    content = json.loads((saved / "encoder.json").read_text())
    content["settings"]["max_item_tokens"] = 17
    (saved / "encoder.json").write_text(json.dumps(content))
    with pytest.raises(ValueError, match="weights and settings are those of"):
        Encoder.load(saved, "cpu")


def test_a_folder_without_an_encoder(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"encoder.json cannot be read"):
        Encoder.load(tmp_path, "cpu")


@pytest.mark.parametrize("content", ["[]", "{", '{"version": 1}'])
def test_a_file_that_is_no_description(saved: Path, content: str) -> None:
    (saved / "encoder.json").write_text(content)
    with pytest.raises(ValueError, match="not the description of a saved encoder"):
        Encoder.load(saved, "cpu")


def test_an_encoder_is_saved_into_an_empty_folder_only(tiny: Encoder, saved: Path) -> None:
    with pytest.raises(ValueError, match="holds files already"):
        tiny.save(saved)
