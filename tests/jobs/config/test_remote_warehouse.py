"""Keys that a remote warehouse demands, and kinds of registry that are refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from jobs.config.configuration import Config, load_config
from jobs.runtime.errors import WRONG_USAGE, ConfigurationError

REDIS, SERVER, SOURCE = "online.store=redis", "mlflow.tracking_uri=http://mlflow:5000", "source.kind=complete_journey"


def loaded(folder: Path, *changes: str) -> Config:
    (folder / "store.yaml").write_text("seed: 1\n", encoding="utf-8")
    return load_config(folder / "store.yaml", [SOURCE, *changes])


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        (["warehouse=s3a://b/w", SERVER], "online.store is sqlite, whose file cannot lie in a remote warehouse"),
        (["warehouse=s3a://b/w", REDIS], "mlflow.tracking_uri is null, but MLflow's database cannot lie in a remote"),
        (["warehouse=hdfs://n/w", REDIS, SERVER], "online.registry is null, but Feast's registry cannot lie in"),
        (["online.registry=redis"], "registry is redis, which needs the store redis"),
        (["online.registry=sql"], "writes each object in a transaction of its own"),
        (["online.registry=postgresql+psycopg://u:hidden@db/feast"], "writes each object in a transaction of its own"),
        (["online.registry=s3://bucket"], "online.registry is wrong: it should be null, redis or s3://bucket/key"),
        (["online.registry=gs://bucket/key"], "it should be null, redis or s3://bucket/key"),
        (["mlflow.tracking_uri=http://u:hidden@mlflow:5000"], "it holds a user or a password; set the environment"),
    ],
)
def test_a_key_that_cannot_work_is_named(tmp_path: Path, changes: list[str], problem: str) -> None:
    with pytest.raises(ConfigurationError) as error:
        loaded(tmp_path, *changes)
    assert problem in error.value.problem
    assert error.value.exit_code == WRONG_USAGE


@pytest.mark.parametrize(
    "changes",
    [
        ["warehouse=s3a://b/w", REDIS, SERVER],
        ["warehouse=hdfs://n/w", REDIS, SERVER, "online.registry=redis"],
        ["warehouse=gs://b/w", REDIS, SERVER, "online.registry=s3://b/feast/registry.db"],
        ["warehouse=file:///mnt/w"],
        ["online.registry=s3://b/registry.db"],
    ],
)
def test_warehouses_and_registries_that_fit(tmp_path: Path, changes: list[str]) -> None:
    assert loaded(tmp_path, *changes).online.project == "longtail"
