"""A shopper is erased from the SQLite file of a warehouse that has moved to Redis."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

from jobs.online.erasure import erase_from_former_file
from tests.jobs.online.frames import publish_frames
from tests.jobs.online.nights import config_in, feast_folder

GONE, STAYS = "SHOPPER-777", "SHOPPER-888"


def files_with(folder: Path, text: str) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if text.encode() in path.read_bytes())


def test_a_former_sqlite_store_forgets_too(tmp_path: Path) -> None:
    conf = config_in(tmp_path)
    for night in (1, 2):
        publish_frames(conf, night, users=(GONE, STAYS))
    feast, file = feast_folder(conf), feast_folder(conf) / "online.db"
    with closing(sqlite3.connect(file)) as connection, connection:  # of a view that is no longer registered
        [table] = connection.execute("SELECT name FROM sqlite_schema WHERE name LIKE '%user_exposure_blue'").fetchone()
        connection.execute(f'CREATE TABLE "former ""view""" AS SELECT * FROM "{table}"')
        connection.execute("CREATE TABLE unrelated (n INTEGER)")
    assert not erase_from_former_file(conf, GONE)  # it is the store of the configuration
    moved = conf.model_copy(update={"online": conf.online.model_copy(update={"store": "redis"})})
    assert files_with(feast, GONE) != []

    assert erase_from_former_file(moved, GONE)

    assert files_with(feast, GONE) == []
    assert "online.db" in files_with(feast, STAYS)
    assert erase_from_former_file(moved, GONE)  # a repeated run completes an interrupted one
    shutil.rmtree(feast)
    assert not erase_from_former_file(moved, GONE)
    assert not feast.exists()
