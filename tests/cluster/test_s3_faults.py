"""Faults of an S3 server are one line with the remedy, and the published night stays live."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest

from jobs.config.configuration import Config, load_config
from jobs.online.store import check_registered
from jobs.runtime.errors import LongtailError
from tests.cluster.object_stores import READER, Store, seaweed
from tests.cluster.processes import Process
from tests.cluster.submission import ROOT, SIZES, template
from tests.jobs.online.frames import live_night, publish_frames
from tests.jobs.online.redis_server import VARIABLE, running_redis

pytestmark = pytest.mark.slow

WRONG_SECRET = "a-secret-of-another-account"
REFUSED = [
    pytest.param({"AWS_ACCESS_KEY_ID": "unknown", "AWS_SECRET_ACCESS_KEY": WRONG_SECRET}, id="unknown key"),
    pytest.param({"AWS_SECRET_ACCESS_KEY": WRONG_SECRET}, id="wrong secret"),
]
CONF = """
warehouse: {warehouse}
source: {{kind: complete_journey}}
online: {{store: redis, redis_url_variable: {variable}, registry: 's3://longtail/shop/registry.db'}}
mlflow: {{tracking_uri: 'http://mlflow.example'}}
"""


@dataclass(frozen=True)
class PublishedNight:
    """A night whose registry lies on an S3 server that checks credentials."""

    store: Store
    conf: Config

    def publish_another(self, folder: Path, warehouse: str, keys: dict[str, str]) -> tuple[str, str]:
        """The line that jobs/publish.py ends with, and all that it wrote to its output and its log.

        keys: environment variables in place of the right credentials
        """
        conf, properties, logs = folder / "conf.yaml", folder / "spark.conf", folder / "logs"
        conf.write_text(CONF.format(warehouse=warehouse, variable=VARIABLE), encoding="utf-8")
        settings = template(self.store.kind) | SIZES | self.store.spark
        properties.write_text("".join(f"{key} {value}\n" for key, value in settings.items()), encoding="utf-8")
        environment = {
            **self.store.environment, **keys, "PYSPARK_PYTHON": sys.executable, "LONGTAIL_LOG_FOLDER": str(logs),
            "PYSPARK_SUBMIT_ARGS": f"--master local[2] --properties-file {properties} pyspark-shell",
            "PYTHONPATH": str(ROOT),
        }  # fmt: skip
        command = [sys.executable, "jobs/publish.py", "--conf", conf, "--as-of", "2017-12-02"]
        process = Process(command, folder / "publish.log", environment, ROOT)
        assert process.wait(240) == 2, process.output[-4000:]
        logged = "".join(path.read_text(encoding="utf-8") for path in logs.iterdir())
        return process.output.splitlines()[-1], process.output + logged

    def live(self, folder: Path) -> date:
        """The night that a storefront reads."""
        return live_night(self.conf, folder)


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PublishedNight]:
    folder = tmp_path_factory.mktemp("night")
    with seaweed(folder) as store, running_redis(folder) as redis, pytest.MonkeyPatch.context() as patch:
        for name, value in (store.environment | {VARIABLE: redis.url}).items():
            patch.setenv(name, value)
        path = folder / "conf.yaml"
        path.write_text(CONF.format(warehouse=folder / "warehouse", variable=VARIABLE), encoding="utf-8")
        conf = load_config(path)
        publish_frames(conf, 1)
        yield PublishedNight(store, conf)


def test_a_bucket_that_does_not_exist_is_one_line(night: PublishedNight, tmp_path: Path) -> None:
    line, _ = night.publish_another(tmp_path, "s3a://longtial/shop", {})
    assert line == "publish: s3a://longtial does not exist. Create it, or correct the address in the configuration."
    assert night.live(tmp_path) == date(2017, 12, 1)


@pytest.mark.parametrize("keys", [*REFUSED, pytest.param(READER, id="without the right to write")])
def test_refused_credentials_are_one_line_without_them(
    night: PublishedNight, keys: dict[str, str], tmp_path: Path
) -> None:
    line, written = night.publish_another(tmp_path, f"{night.store.uri}/shop", keys)
    place = "The storage of shop/lock/writer/1.json" if keys is READER else "s3a://longtail"
    assert line.startswith(f"publish: {place} refuses the credentials, or they do not allow this. Set them where ")
    assert line.endswith("allow reading, writing, listing and deleting.")
    assert "S3Exception" in written
    assert not [secret for secret in (WRONG_SECRET, READER["AWS_SECRET_ACCESS_KEY"]) if secret in written]
    assert night.live(tmp_path) == date(2017, 12, 1)


@pytest.mark.parametrize("keys", REFUSED)
def test_a_registry_that_refuses_the_credentials_is_one_line_without_them(
    night: PublishedNight, keys: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in keys.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("boto3.DEFAULT_SESSION", None)  # it remembers credentials
    refused = r"The registry s3://longtail/shop/registry\.db cannot be read: S3 refuses the credentials or their rights"
    with pytest.raises(LongtailError, match=refused) as error:
        check_registered(night.conf)
    assert WRONG_SECRET not in str(error.value)


def test_throttling_and_slow_answers(tmp_path: Path) -> None:
    environment = {"PYSPARK_PYTHON": sys.executable, "LONGTAIL_LOG_FOLDER": str(tmp_path / "logs")}
    command = [sys.executable, "-m", "pytest", "-q", "-x", f"--basetemp={tmp_path}/of", "tests/cluster/s3_faults.py"]
    process = Process(command, tmp_path / "faults.log", environment, ROOT)
    assert process.wait(900) == 0, process.output[-6000:]
    assert " passed" in process.output
