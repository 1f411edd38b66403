"""Back-up and restore of Feast's registry and MLflow's database."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from jobs.back_up import back_up
from jobs.config.configuration import Config
from jobs.restore import restore
from jobs.runtime.errors import LongtailError
from tests.jobs.online.frames import published_in
from tests.jobs.online.nights import config_in, feast_folder


@pytest.fixture
def conf(tmp_path: Path) -> Config:
    """A registry, and a database of MLflow that holds the version 1."""
    conf = published_in(tmp_path)
    database_of(conf).parent.mkdir()
    with closing(sqlite3.connect(database_of(conf))) as database, database:
        database.execute("CREATE TABLE versions (v)")
        database.execute("INSERT INTO versions VALUES (1)")
    return conf


def database_of(conf: Config) -> Path:
    return Path(conf.warehouse) / "mlflow/mlflow.db"


def versions(conf: Config) -> list[int]:
    with closing(sqlite3.connect(database_of(conf))) as database:
        return [row[0] for row in database.execute("SELECT v FROM versions")]


def test_a_restore_brings_every_file_back(conf: Config, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    copy = str(tmp_path / "copy")
    with closing(sqlite3.connect(database_of(conf))) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        back_up(conf, "r", copy)
        assert "Backed up: registry.db, mlflow.db." in capsys.readouterr().out
        connection.execute("INSERT INTO versions VALUES (2)")
        connection.commit()
    (feast_folder(conf) / "registry.db").unlink()
    (feast_folder(conf) / "reader.yaml").unlink()
    restore(conf, "r", copy)
    assert "Restored: mlflow.db, registry.db." in capsys.readouterr().out
    assert (feast_folder(conf) / "registry.db").exists()
    assert (feast_folder(conf) / "reader.yaml").exists()
    assert versions(conf) == [1]


def test_what_an_mlflow_server_keeps_is_backed_up_there(
    conf: Config, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    back_up(conf, "r", str(tmp_path / "with"))
    server = conf.mlflow.model_copy(update={"tracking_uri": "http://user:secret@there"})
    remote = conf.model_copy(update={"mlflow": server})
    capsys.readouterr()
    back_up(remote, "r", str(tmp_path / "copy"))
    assert capsys.readouterr().out == (
        "Backed up: registry.db.\n"
        "MLflow's database is not in it: mlflow.tracking_uri names a server; back it up there.\n"
    )
    restore(remote, "r", str(tmp_path / "with"))
    assert "MLflow's database was not restored" in capsys.readouterr().out


def test_a_damaged_copy_restores_nothing(conf: Config, tmp_path: Path) -> None:
    back_up(conf, "r", str(tmp_path / "copy"))
    before = (feast_folder(conf) / "registry.db").read_bytes()
    (tmp_path / "copy/mlflow.db").write_bytes(b"cut")
    with pytest.raises(LongtailError, match=r"mlflow\.db is missing or damaged"):
        restore(conf, "r", str(tmp_path / "copy"))
    assert (feast_folder(conf) / "registry.db").read_bytes() == before


def test_a_database_that_could_not_be_replaced_keeps_its_log(
    conf: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(sqlite3.connect(database_of(conf))) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        back_up(conf, "r", str(tmp_path / "copy"))
        connection.execute("INSERT INTO versions VALUES (2)")
        connection.commit()

        def refused(self: Path, target: Path) -> None:
            raise PermissionError(13, "Permission denied")

        with monkeypatch.context() as read_only:
            read_only.setattr(Path, "replace", refused)
            with pytest.raises(PermissionError):
                restore(conf, "r", str(tmp_path / "copy"))
        assert Path(f"{database_of(conf)}-wal").stat().st_size > 0


def test_wrong_folders_are_named_in_the_error(conf: Config, tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full/x").touch()
    with pytest.raises(LongtailError, match="is not empty"):
        back_up(conf, "r", str(tmp_path / "full"))
    (tmp_path / "new").mkdir()
    with pytest.raises(LongtailError, match="has no registry"):
        back_up(config_in(tmp_path / "new"), "r", str(tmp_path / "copy"))
    with pytest.raises(LongtailError, match="is not a back-up"):
        restore(conf, "r", str(tmp_path / "full"))
