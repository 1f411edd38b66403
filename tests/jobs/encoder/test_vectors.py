"""Where texts are encoded, and what is refused before anything is sent."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pyarrow as pa
import pytest

from jobs.encoder.processes import run_together
from jobs.encoder.vectors import send_encoder
from jobs.encoder.worker import Device, encode_block_with
from jobs.runtime.errors import ConfigurationError, LongtailError
from tests.conftest import ROOT
from tests.model.text.tiny import opened, write_tiny_bert


def night(device: str, master: str, **properties: str) -> Any:
    """As much of a night as says where its tasks run."""
    encoder = SimpleNamespace(device=device, processes=2)
    spark = SimpleNamespace(sparkContext=SimpleNamespace(master=master), conf=properties)
    return SimpleNamespace(conf=SimpleNamespace(encoder=encoder, warehouse="s3a://store/longtail"), spark=spark)


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jobs.encoder.vectors.ship_folder", lambda spark, folder, name: name)
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    bert = write_tiny_bert(tmp_path_factory.mktemp("bert"))
    folder = tmp_path_factory.mktemp("saved") / "encoder"
    opened(str(bert)).save(folder)
    return folder


@pytest.mark.usefixtures("sent")
@pytest.mark.parametrize(
    ("wanted", "master", "device"),
    [
        ("auto", "local[2]", Device("cpu", of_task=True)),
        ("auto", "spark://host:7077", Device("cpu", of_task=True)),
        ("cpu", "spark://host:7077", Device("cpu", of_task=False)),
    ],
)
def test_tasks_take_the_gpu_that_spark_gives_them(encoder: Path, wanted: str, master: str, device: Device) -> None:
    reader = send_encoder(night(wanted, master), "tiny-1", encoder)
    assert (reader.device, reader.dtype) == (device, "float32")


def test_a_task_prefers_its_own_gpu_unless_the_configuration_says_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jobs.encoder.worker.task_gpu", lambda: "cuda:1")
    assert Device("cpu", of_task=True).name() == "cuda:1"
    assert Device("cpu", of_task=False).name() == "cpu"
    monkeypatch.setattr("jobs.encoder.worker.task_gpu", lambda: None)
    assert Device("cuda", of_task=True).name() == "cuda"


@pytest.mark.usefixtures("sent")
def test_gpus_that_are_not_to_be_had_are_refused(encoder: Path) -> None:
    with pytest.raises(LongtailError, match=r"The encoder tiny-1 cannot be used\. .* torch sees no GPU"):
        send_encoder(night("cuda", "local[2]"), "tiny-1", encoder)
    with pytest.raises(LongtailError, match=r"gives its tasks no GPU\. Set spark\.task\.resource\.gpu\.amount"):
        send_encoder(night("cuda", "yarn"), "tiny-1", encoder)
    on_gpu = night("cuda", "yarn", **{"spark.task.resource.gpu.amount": "1"})
    assert send_encoder(on_gpu, "tiny-1", encoder).device == Device("cpu", of_task=True)


@pytest.mark.usefixtures("sent")
def test_a_changed_encoder_is_named(tmp_path: Path) -> None:
    with pytest.raises(LongtailError, match=r"cannot be used\. .*encoder\.json cannot be read"):
        send_encoder(night("cpu", "local[2]"), "tiny-1", tmp_path)


def test_processes_on_several_hosts_need_a_warehouse_that_they_mount() -> None:
    with pytest.raises(
        ConfigurationError, match=r"encoder\.processes is 2, .* and s3a://store/longtail is not a folder\."
    ):
        run_together(night("cpu", "yarn"), lambda: "")


def test_a_worker_loads_an_encoder_once_without_collecting_garbage(
    encoder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    collecting = []

    def folder_of(name: str) -> Path:
        collecting.append(gc.isenabled())
        return encoder if name == "sent" else encoder / "missing"

    monkeypatch.setattr("jobs.encoder.worker.shipped_folder", folder_of)
    encode = encode_block_with("sent", "items", 2, Device("cpu", of_task=False), 1)
    block = pa.table({"text": ["red mug", "blue jar"], "block": pa.array([0, 0], pa.int32())})
    first, second = encode(block), encode(block)
    assert first.column_names == ["text", "embedding"]
    assert first["text"].to_pylist() == ["blue jar", "red mug"]
    assert first.equals(second)
    assert collecting == [False]
    assert not encode_block_with("sent", "queries", 2, Device("cpu", of_task=False), 1)(block).equals(first)
    with pytest.raises(ValueError, match="cannot be read"):
        encode_block_with("lost", "items", 2, Device("cpu", of_task=False), 1)(block)
    assert gc.isenabled()


def test_a_worker_imports_torch_with_its_encoder_only() -> None:
    code = "import sys, jobs.encoder.worker; sys.exit('torch' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT)})
