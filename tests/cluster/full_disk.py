"""A night whose scratch disk is full, by a Spark session of its own, in a process that may mount a small disk.

Not collected by name: test_full_disk.py starts it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from features.contract import EVENTS
from jobs.config.configuration import load_config
from jobs.execution.command import main_of
from jobs.ingest import ingest
from jobs.runtime.session import spark_session
from jobs.tables.warehouse import Warehouse
from tests.cluster.file_shop import FileShop
from tests.jobs.online.frames import publish_frames


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 512 MiB, of which Spark's libraries take a part."""
    folder = tmp_path / "disk"
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=512m", "tmpfs", folder], check=True)
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)


@pytest.fixture
def spark(disk: Path) -> Iterator[SparkSession]:
    os.environ["SPARK_LOCAL_DIRS"] = str(disk)
    os.environ["PYSPARK_SUBMIT_ARGS"] = "--properties-file conf/spark-local.conf pyspark-shell"
    session = spark_session("full disk")
    yield session
    session.stop()


def fill(disk: Path) -> Path:
    """Leaves no byte free; returns the file that takes them."""
    filler = disk / "filler"
    with filler.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, shutil.disk_usage(disk).free)
    assert shutil.disk_usage(disk).free == 0
    return filler


def test_a_full_scratch_disk_is_one_line_and_the_last_night_stays_live(
    spark: SparkSession, disk: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shop = FileShop(tmp_path / "shop", str(tmp_path / "warehouse"))
    conf = load_config(shop.path)
    publish_frames(conf, 1)
    shop.deliver(1)

    def ended() -> tuple[int, str]:
        with pytest.raises(SystemExit) as exited:
            main_of(ingest, ["--conf", str(shop.path), "--as-of", "2024-03-02"])
        return int(str(exited.value.code)), (capsys.readouterr().err.splitlines() or [""])[-1]

    filler = fill(disk)
    code, line = ended()
    assert code == 1
    assert line.startswith("ingest: A disk is full. Free space in the folders of spark.local.dir (SPARK_LOCAL_DIRS on ")
    assert line.endswith("then run it again; the last night stays live.")
    assert shop.live(conf) == date(2017, 12, 1)
    filler.unlink()
    code, line = ended()
    assert code == 0, line
    assert [row.event_id for row in Warehouse(spark, conf.warehouse).read(EVENTS).collect()] == ["e1"]
