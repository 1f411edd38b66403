"""Models in a real MLflow server whose artefacts lie in S3, for a client without keys of S3."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from jobs.config.mlflow import MLflow
from jobs.registry import bundle_copy
from jobs.registry.models import ModelStore
from jobs.runtime.storage import storage_of
from tests.cluster.object_stores import BUCKET, KEYS, Store, moto
from tests.cluster.processes import Process, answers, free_port, running

pytestmark = pytest.mark.slow

DECEMBER = date(2017, 12, 1)


@pytest.fixture
def s3(tmp_path: Path) -> Iterator[Store]:
    with moto(tmp_path) as store:
        yield store


@pytest.fixture
def server(s3: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of a server that has the keys, which this process lacks."""
    for name in KEYS:
        monkeypatch.delenv(name, raising=False)
    port = free_port()
    command = [Path(sys.executable).with_name("mlflow"), "server", "--host", "127.0.0.1", "--port", port]
    command += ["--workers", 1, "--backend-store-uri", f"sqlite:///{tmp_path}/server.db"]
    command += ["--serve-artifacts", "--artifacts-destination", f"s3://{BUCKET}/mlflow"]
    process = Process(command, tmp_path / "mlflow.log", os.environ | s3.environment)
    with running(process):
        process.wait_until(answers(port), "MLflow", seconds=300)
        yield f"http://127.0.0.1:{port}"


def test_a_champion_is_fetched_through_the_server_and_then_served_without_it(
    server: str, s3: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bundle_copy, "LocalStorage", type("NoStorage", (), {}))  # as if in an object store
    conf = MLflow(tracking_uri=server, registered_model="longtail-ranker", experiment="longtail")
    bundle, files = tmp_path / "bundle", storage_of(str(tmp_path / "warehouse"))
    (bundle / "encoder").mkdir(parents=True)
    (bundle / "encoder/config.json").write_text("e1")
    tags = {"encoder_version": "e1", "encoder_as_of": DECEMBER.isoformat(), "gate": "passed"}
    store = ModelStore(conf, files, tmp_path / "scratch")
    store.promote(store.register(bundle, DECEMBER, {"recall": 0.25}, {"seed": "17"}, tags).version)
    stored = [entry["Key"] for entry in s3.s3().list_objects_v2(Bucket=BUCKET, Prefix="mlflow/")["Contents"]]
    assert any(key.endswith("bundle/encoder/config.json") for key in stored)

    champion = ModelStore(conf, files, tmp_path / "another").champion(DECEMBER)
    assert champion is not None
    assert (champion.encoder_folder / "config.json").read_text() == "e1"

    silent = conf.model_copy(update={"tracking_uri": "http://127.0.0.1:9"})
    served = ModelStore(silent, files, tmp_path / "of the next night").champion(DECEMBER)
    assert served is not None
    assert (served.encoder_folder / "config.json").read_text() == "e1"
