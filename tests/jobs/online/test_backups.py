"""Back-up and restore of Feast's registry and MLflow's database."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from jobs.online.backups import back_up_to, restore_from
from jobs.runtime.errors import LongtailError


def warehouse(folder: Path) -> Path:
    (folder / "feast").mkdir(parents=True)
    (folder / "mlflow").mkdir()
    (folder / "feast/registry.db").write_bytes(b"registry 1")
    (folder / "feast/feature_store.yaml").write_text("project: p")
    (folder / "feast/reader.yaml").write_text("project: p")
    with closing(sqlite3.connect(folder / "mlflow/mlflow.db")) as database, database:
        database.execute("CREATE TABLE versions (v)")
        database.execute("INSERT INTO versions VALUES (1)")
    return folder


def versions(folder: Path) -> list[int]:
    with closing(sqlite3.connect(folder / "mlflow/mlflow.db")) as database:
        return [row[0] for row in database.execute("SELECT v FROM versions")]


def test_a_restore_brings_every_file_back(tmp_path: Path) -> None:
    folder, copy = warehouse(tmp_path / "w"), tmp_path / "copy"
    with closing(sqlite3.connect(folder / "mlflow/mlflow.db")) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        assert back_up_to(folder, copy) == ["feature_store.yaml", "mlflow.db", "reader.yaml", "registry.db"]
        connection.execute("INSERT INTO versions VALUES (2)")
        connection.commit()
    (folder / "feast/registry.db").write_bytes(b"registry 2")
    assert restore_from(folder, copy) == ["feature_store.yaml", "mlflow.db", "reader.yaml", "registry.db"]
    assert (folder / "feast/registry.db").read_bytes() == b"registry 1"
    assert versions(folder) == [1]


def test_a_damaged_copy_restores_nothing(tmp_path: Path) -> None:
    folder, copy = warehouse(tmp_path / "w"), tmp_path / "copy"
    back_up_to(folder, copy)
    (folder / "feast/registry.db").write_bytes(b"registry 2")
    (copy / "mlflow.db").write_bytes(b"cut")
    with pytest.raises(LongtailError, match=r"mlflow\.db is missing or damaged"):
        restore_from(folder, copy)
    assert (folder / "feast/registry.db").read_bytes() == b"registry 2"


def test_a_database_that_could_not_be_replaced_keeps_its_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, copy = warehouse(tmp_path / "w"), tmp_path / "copy"
    with closing(sqlite3.connect(folder / "mlflow/mlflow.db")) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        back_up_to(folder, copy)
        connection.execute("INSERT INTO versions VALUES (2)")
        connection.commit()

        def refused(self: Path, target: Path) -> None:
            raise PermissionError(13, "Permission denied")

        with monkeypatch.context() as read_only:
            read_only.setattr(Path, "replace", refused)
            with pytest.raises(PermissionError):
                restore_from(folder, copy)
        assert (folder / "mlflow/mlflow.db-wal").stat().st_size > 0


def test_wrong_folders_are_named_in_the_error(tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full/x").touch()
    with pytest.raises(LongtailError, match="is not empty"):
        back_up_to(warehouse(tmp_path / "w"), tmp_path / "full")
    with pytest.raises(LongtailError, match="has no registry"):
        back_up_to(tmp_path / "nowhere", tmp_path / "new")
    with pytest.raises(LongtailError, match="is not a back-up"):
        restore_from(tmp_path / "w", tmp_path / "full")
