"""read_online and roll_back as a person runs them, on a machine without Java."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from jobs.config.configuration import Config
from jobs.execution import command as command_line
from jobs.online.catalogue import build_catalogue
from jobs.online.registration import register
from jobs.online.roll_backs import rolled_back_runs
from jobs.online.store import open_store
from jobs.online.views import online_views
from jobs.read_online import main as read_online_command
from jobs.read_online import read_online
from jobs.roll_back import roll_back
from jobs.runtime.errors import LongtailError, Refused
from jobs.runtime.storage import storage_of
from tests.jobs.online.frames import publish_frames, published_in
from tests.jobs.online.nights import config_in
from tests.jobs.online.registries import with_registry

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def conf(tmp_path_factory: pytest.TempPathFactory) -> Config:
    return published_in(tmp_path_factory.mktemp("published"))


def command(script: str, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs a script of jobs/ where there is no Java."""
    hidden = {"PATH": "/nonexistent", "JAVA_HOME": "/nonexistent"}
    call = [sys.executable, str(ROOT / "jobs" / script), "--conf", str(folder / "conf.yaml"), *arguments]
    return subprocess.run(call, env=os.environ | hidden, capture_output=True, text=True, check=False)


@pytest.mark.slow
@pytest.mark.promise
def test_a_read_and_a_roll_back_on_the_command_line(tmp_path: Path) -> None:
    conf = published_in(tmp_path)
    shown = command("read_online.py", tmp_path, "--user", "ann")
    assert shown.stderr == ""
    assert shown.returncode == 0
    assert "shopper ann, night of 2017-12-01, model version 1, run r1" in shown.stdout
    assert "visit_probability" in shown.stdout

    publish_frames(conf, 2)
    back = command("roll_back.py", tmp_path)
    assert back.returncode == 0
    assert back.stdout.startswith("Live now: the night of 2017-12-01 (green, run r1).")
    assert [line for line in back.stderr.splitlines() if "Warning" in line] == []
    again = command("roll_back.py", tmp_path)  # as a person who did not see the first one complete
    assert (again.returncode, again.stdout[:21]) == (0, "Rolled back already: ")
    assert "shopper ann, night of 2017-12-01" in command("read_online.py", tmp_path, "--user", "ann").stdout
    forward = command("roll_back.py", tmp_path, "--forward")
    assert forward.stdout.startswith("Live now: the night of 2017-12-02 (blue, run r2).")
    assert command("roll_back.py", tmp_path, "--forward").returncode == 3


def test_an_unknown_shopper(conf: Config) -> None:
    with pytest.raises(LongtailError, match="The shopper cleo has no list in the night of 2017-12-01"):
        read_online(conf, "cleo", None)


def test_a_first_night_has_no_previous_one(conf: Config) -> None:
    with pytest.raises(Refused, match=r"There is no other night to return to \(the night of 2017-12-01 \(green"):
        roll_back(conf, "r")


def test_a_registry_that_cannot_be_written_keeps_the_live_night(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    conf = published_in(tmp_path)
    publish_frames(conf, 2)

    def refused(self: Path, *arguments: object, **options: object) -> None:
        raise PermissionError(13, "Permission denied")

    with monkeypatch.context() as read_only:
        read_only.setattr(Path, "replace", refused)
        with pytest.raises(
            LongtailError, match=r"Writing the registry failed: .*Permission denied.*run roll_back again"
        ):
            roll_back(conf, "r")
    assert "night of 2017-12-02" in read_online(conf, "ann", None)
    assert rolled_back_runs(storage_of(str(tmp_path / "warehouse"))) == set()
    roll_back(conf, "r")
    assert rolled_back_runs(storage_of(str(tmp_path / "warehouse"))) == {"r2"}
    assert "night of 2017-12-01" in read_online(conf, "ann", None)


def test_an_item_with_its_boost_and_features(conf: Config) -> None:
    shown = read_online(conf, None, "tea")
    assert "item tea, night of 2017-12-01" in shown
    assert any(line.split() == ["boost", "1.0"] for line in shown.splitlines())
    assert any(line.split() == ["title", "1"] for line in shown.splitlines())


def test_an_unknown_item(conf: Config) -> None:
    with pytest.raises(LongtailError, match="The item nil is not online"):
        read_online(conf, None, "nil")


def test_a_reader_of_a_remote_warehouse_needs_no_spark(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refused(name: str) -> None:
        raise AssertionError(f"{name} starts Spark")

    monkeypatch.setattr(command_line, "spark_session", refused)
    with with_registry("redis", tmp_path, monkeypatch) as conf:
        publish_frames(conf, 1)
        path = tmp_path / "conf.yaml"
        text = path.read_text(encoding="utf-8").replace(conf.warehouse, "s3a://no-such-bucket/shop")
        path.write_text(f"{text}mlflow: {{tracking_uri: 'http://mlflow.example'}}\n", encoding="utf-8")
        for names, shown in ((["--user", "ann"], "shopper ann, night of"), (["--item", "tea"], "item tea, night of")):
            monkeypatch.setattr(sys, "argv", ["read_online", "--conf", str(path), *names])
            with pytest.raises(SystemExit) as ended:
                read_online_command()
            output = capsys.readouterr()
            assert (ended.value.code, output.err) == (0, "")
            assert output.out.startswith(shown)


def test_nothing_published_yet(tmp_path: Path) -> None:
    conf = config_in(tmp_path)
    with pytest.raises(LongtailError, match="Nothing is registered"):
        read_online(conf, "ann", None)
    register(open_store(conf), build_catalogue(online_views(conf)))
    with pytest.raises(LongtailError, match="Nothing is published yet"):
        read_online(conf, "ann", None)
