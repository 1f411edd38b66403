"""A registry, roll-backs and back-ups of a warehouse on S3, by a Spark session that reads and locks its files.

Not collected by name: test_remote_warehouse.py starts it in a process of its own with the settings of the store.
"""

from __future__ import annotations

import os
import sys
from datetime import date
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from jobs import back_up, restore, roll_back
from jobs.config.configuration import Config, load_config
from jobs.online.registration import registered_colours
from jobs.online.settings import READER_FILE
from jobs.online.store import has_store, open_store
from jobs.runtime.lock import only_writer
from jobs.runtime.storage import storage_of
from jobs.serving.client import StorefrontClient
from tests.jobs.online.frames import publish_frames
from tests.jobs.online.redis_server import VARIABLE
from tests.jobs.runtime.remote_session import remote_session

URI = os.environ["LONGTAIL_TEST_URI"]
spark = pytest.fixture(scope="module")(remote_session)


@pytest.fixture
def conf(spark: SparkSession, tmp_path: Path) -> Config:
    online = f"{{store: redis, redis_url_variable: {VARIABLE}, registry_ttl_seconds: 1}}"
    text = f"warehouse: {URI}/shop\nsource: {{kind: complete_journey}}\nonline: {online}\n"
    (tmp_path / "conf.yaml").write_text(f"{text}mlflow: {{tracking_uri: 'http://mlflow.example'}}\n", encoding="utf-8")
    return load_config(tmp_path / "conf.yaml")


def live(conf: Config) -> date | None:
    night = registered_colours(open_store(conf)).live_night
    return night.as_of if night else None


def test_nights_are_registered_rolled_back_and_restored(conf: Config, tmp_path: Path) -> None:
    files = storage_of(conf.warehouse)
    assert not has_store(conf)
    with only_writer(files, "test"):
        for night in (1, 2):
            publish_frames(conf, night)
    assert has_store(conf)
    back_up.back_up(conf, "r", f"{URI}/copies/1")
    roll_back.roll_back(conf, "r")
    assert live(conf) == date(2017, 12, 1)
    restore.restore(conf, "r", f"{URI}/copies/1")
    assert live(conf) == date(2017, 12, 2)
    assert {"feast", "lock", "roll_backs.jsonl"} <= set(files.names(""))
    assert {"reader.yaml", "registry.db"} <= set(files.names("feast"))
    assert list(tmp_path.iterdir()) == [tmp_path / "conf.yaml"]  # nothing else is on the driver's disk

    (tmp_path / "reader.yaml").write_bytes(files.read(READER_FILE) or b"")
    client = StorefrontClient(tmp_path / "reader.yaml", timeout_seconds=None, on_stale="serve")
    assert client.user_list("ann").as_of == date(2017, 12, 2)


def test_the_commands_start_the_session_that_they_need(
    conf: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = str(tmp_path / "conf.yaml")
    with pytest.raises(SystemExit) as ended:
        roll_back.run_without_spark(path, "roll_back", roll_back.roll_back)
    output = capsys.readouterr()
    assert (ended.value.code, "There is no other night to return to" in output.err) == (3, True), output.err
    assert sys.modules["pyspark"].SparkContext._active_spark_context is not None
