"""The bulk write to SQLite writes the same rows as Feast's own, byte for byte."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, date, datetime
from pathlib import Path

import pandas as pd
import pytest
import yaml
from feast import FeatureStore
from pyspark.sql.types import ArrayType, BooleanType, DataType, DoubleType, FloatType, IntegerType, LongType, StringType

from jobs.online import sqlite_erasure
from jobs.online.catalogue import Catalogue, build_catalogue
from jobs.online.driver_rows import DriverRows
from jobs.online.encoding import encode_keys
from jobs.online.fields import OnlineField, OnlineView
from jobs.online.night_store import night_store
from jobs.online.store import open_store
from jobs.online.writing import replace_rows
from jobs.runtime.errors import LongtailError
from tests.jobs.online.frames import local_rows
from tests.jobs.online.nights import config_in, feast_folder

TYPES: dict[str, tuple[DataType, list[object]]] = {
    "text": (StringType(), ["tea", "", "茶 'quoted'"]),
    "flag": (BooleanType(), [True, False, True]),
    "small": (IntegerType(), [0, -1, 2**31 - 1]),
    "count": (LongType(), [0, 7, 2**62]),
    "ratio": (FloatType(), [0.5, 0.0, -1.5]),
    "price": (DoubleType(), [0.1, 0.0, 1e300]),
    "ids": (ArrayType(StringType(), False), [["a", "b"], ["c"], ["茶"]]),
    "scores": (ArrayType(DoubleType(), False), [[0.1, 0.2], [0.0], [-3.0]]),
    "flags": (ArrayType(BooleanType(), False), [[True], [False, True], [True]]),
}
VIEW = OnlineView(
    name="everything",
    entity="item",
    meaning="A feature of every type.",
    fields=tuple(OnlineField(name, kind, f"Meaning of {name}.") for name, (kind, _) in TYPES.items()),
    table="/nowhere",
    timestamp="as_of",
)
ROWS = pd.DataFrame({"item_id": ["2", "10", "1"], **{name: values for name, (_, values) in TYPES.items()}})


def rows_of_view(rows: pd.DataFrame) -> DriverRows:
    return local_rows(VIEW, rows)


READ = (
    "SELECT entity_key, feature_name, value, vector_value, event_ts, created_ts "
    'FROM "longtail_everything_blue" ORDER BY entity_key, feature_name'
)


def database_rows(path: Path) -> list[tuple[object, ...]]:
    with sqlite3.connect(path) as database:
        return database.execute(READ).fetchall()


@pytest.fixture
def bulk(tmp_path: Path) -> tuple[FeatureStore, Catalogue, Path]:
    conf = config_in(tmp_path)
    catalogue = build_catalogue([VIEW])
    store = open_store(conf)
    store.apply([*catalogue.entities.values(), *catalogue.coloured.values()])
    return store, catalogue, feast_folder(conf)


def test_rows_equal_those_of_feasts_own_writer(bulk: tuple[FeatureStore, Catalogue, Path]) -> None:
    store, catalogue, folder = bulk
    coloured = catalogue.coloured["everything", "blue"]
    replace_rows(store, VIEW, coloured, rows_of_view(ROWS), date(2017, 12, 1))

    settings = yaml.safe_load((folder / "reader.yaml").read_text())
    settings["online_store"] = {"type": "sqlite", "path": str(folder / "theirs.db")}
    (folder / "theirs.yaml").write_text(yaml.safe_dump(settings))
    theirs = FeatureStore(fs_yaml_file=folder / "theirs.yaml")
    theirs.apply([*catalogue.entities.values(), *catalogue.coloured.values()])
    theirs.write_to_online_store(coloured.name, ROWS.assign(as_of=datetime(2017, 12, 1, tzinfo=UTC)))

    ours = database_rows(folder / "online.db")
    assert len(ours) == len(ROWS) * len(TYPES)
    assert ours == database_rows(folder / "theirs.db")


def test_a_second_write_leaves_nothing_of_the_first(bulk: tuple[FeatureStore, Catalogue, Path]) -> None:
    store, catalogue, folder = bulk
    coloured = catalogue.coloured["everything", "blue"]
    replace_rows(store, VIEW, coloured, rows_of_view(ROWS), date(2017, 12, 1))
    replace_rows(store, VIEW, coloured, rows_of_view(ROWS.iloc[:1]), date(2017, 12, 2))
    assert len(database_rows(folder / "online.db")) == len(TYPES)
    online = store.get_online_features(["everything_blue:price"], {"item_id": ["2", "10"]}).to_dict()
    assert online["price"] == [0.1, None]


def test_an_erasure_blocked_by_a_reader_is_an_error(
    bulk: tuple[FeatureStore, Catalogue, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    store, catalogue, folder = bulk
    coloured = catalogue.coloured["everything", "blue"]
    replace_rows(store, VIEW, coloured, rows_of_view(ROWS), date(2017, 12, 1))
    monkeypatch.setattr(sqlite_erasure, "_WAIT_SECONDS", 0.0)
    [key] = encode_keys("item_id", ["1"], store.config.entity_key_serialization_version)
    quoted = "茶 'quoted'".encode()

    def files_with_value() -> set[str]:
        return {place.name for place in folder.glob("online.db*") if quoted in place.read_bytes()}

    with closing(sqlite3.connect(folder / "online.db", isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute(READ).fetchall()
        with pytest.raises(LongtailError, match="run forget again"):
            night_store(store).erase(store.config, key)
        assert files_with_value()
        reader.execute("ROLLBACK")
    night_store(store).erase(store.config, key)
    assert files_with_value() == set()
    assert len(database_rows(folder / "online.db")) == 2 * len(TYPES)


def test_readers_are_not_blocked_during_a_write(bulk: tuple[FeatureStore, Catalogue, Path]) -> None:
    store, catalogue, folder = bulk
    replace_rows(store, VIEW, catalogue.coloured["everything", "blue"], rows_of_view(ROWS), date(2017, 12, 1))
    with sqlite3.connect(folder / "online.db", isolation_level=None) as writer:
        assert writer.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        writer.execute("BEGIN IMMEDIATE")
        writer.execute('DELETE FROM "longtail_everything_blue"')
        online = store.get_online_features(["everything_blue:price"], {"item_id": ["2"]}).to_dict()
        writer.execute("ROLLBACK")
    assert online["price"] == [0.1]
