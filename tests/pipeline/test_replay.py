"""A night made again from its manifest: equal, until a difference is planted."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import pytest
from delta.tables import DeltaTable
from pyspark.sql import functions as F

from features.contract import EXPOSURE_SCORES, RUNS
from jobs.nightly import STEPS
from jobs.registry.models import DATABASE
from jobs.replay import LEFT_OUT, replay
from jobs.runtime.errors import REFUSED, LongtailError
from jobs.tables.erasure import ALL_TABLES
from jobs.tables.warehouse import Warehouse
from tests.pipeline.small_night import AS_OF, Store

pytestmark = pytest.mark.slow
_BOTH = "feast", "mlflow"  # folders of the online store and of the models
_NOT_READ = ("artifacts", "drafts", "feast", "logs", "reports")


@pytest.fixture(scope="module")
def copied(store: Store, tmp_path_factory: pytest.TempPathFactory) -> Store:
    """A copy of the store of the night, without what the plan does not read; its models lie with the original."""
    folder = tmp_path_factory.mktemp("copied") / "warehouse"
    shutil.copytree(store.conf.warehouse, folder, ignore=shutil.ignore_patterns(*_NOT_READ))
    return Store(store.spark, store.conf.model_copy(update={"warehouse": str(folder)}))


def state_of(store: Store) -> dict[str, object]:
    """What a replay must not change: versions of tables, files of the online store and of models, names of others."""
    folder = Path(store.conf.warehouse)
    files = (path for name in _BOTH for path in (folder / name).rglob("*") if path.is_file())
    return {
        **{table.name: store.tables.version(table) for table in ALL_TABLES},
        **{str(path): sha256(path.read_bytes()).hexdigest() for path in files},
        "names": sorted(path.name for path in folder.iterdir()),
    }


def test_the_night_is_made_again_with_equal_tables(store: Store, tmp_path: Path) -> None:
    before = state_of(store)
    report, problem = replay(store.spark, store.conf, AS_OF, tmp_path / "scratch")
    print(report)
    assert problem is None, f"{problem}\n{report}"
    assert state_of(store) == before
    recorded = {row["step"]: row for row in store.tables.read(RUNS).where("status = 'done'").collect()}
    again = {line.split("  ")[0] for line in report.splitlines()}
    assert recorded.keys() - again == recorded.keys() & LEFT_OUT.keys()
    assert {"build_features", "fine_tune", "train_relevance", "score", "plan_exposure"} <= again
    assert all(f"  {step}: " in report for step in recorded.keys() & LEFT_OUT.keys())
    for step in again & set(STEPS):
        for table in recorded[step]["outputs"]:
            assert any(line.startswith(step) and f"  {table} " in line for line in report.splitlines()), table


def test_a_planted_difference_is_found(copied: Store, tmp_path: Path) -> None:
    tables = copied.tables
    lists = tables.read(EXPOSURE_SCORES)
    first = lists.orderBy("user_id", "rank").first()
    assert first is not None
    is_first = (F.col("user_id") == first["user_id"]) & (F.col("rank") == first["rank"])
    planted = lists.withColumn("score", F.when(is_first, F.col("score") + 0.25).otherwise(F.col("score")))
    # Without the check of the contract, by which a score is the sum of relevance and boost.
    tables.replace(planted, EXPOSURE_SCORES, None, checked=True)
    note_output(tables, "plan_exposure", EXPOSURE_SCORES.name, tables.outputs[EXPOSURE_SCORES.name])
    report, problem = replay(copied.spark, copied.conf, AS_OF, tmp_path / "scratch", first="plan_exposure")
    assert problem is not None
    assert problem.exit_code == REFUSED
    rows = lists.count()
    words = f"exposure_scores of plan_exposure: 1 of {rows:,} rows differ, most in score by 0.25."
    assert problem.problem == f"The first difference is in {words}"
    assert problem.remedy.startswith("Likely cause: nothing that runs records differs")
    assert report.endswith("Steps that differ: plan_exposure.")
    item_exposure = next(line for line in report.splitlines() if " item_exposure " in line)
    assert item_exposure.split()[-4:] == ["0", "0", "0", "0"]


def note_output(tables: Warehouse, step: str, table: str, version: int) -> None:
    """Makes `runs` name another version as the one that a step wrote."""
    others = F.map_filter("outputs", lambda name, _: name != table)
    outputs = F.map_concat(others, F.create_map(F.lit(table), F.lit(version).cast("bigint")))
    DeltaTable.forPath(tables.spark, tables.path(RUNS)).update(F.col("step") == step, {"outputs": outputs})


@pytest.fixture
def without_relevance(copied: Store) -> Iterator[None]:
    """The files of the table that the plan reads are gone, as after a vacuum."""
    folder = Path(copied.conf.warehouse)
    (folder / "relevance").rename(folder / "relevance-away")
    yield
    (folder / "relevance-away").rename(folder / "relevance")


def test_what_is_gone_is_refused_in_one_line(copied: Store, tmp_path: Path) -> None:
    with pytest.raises(LongtailError, match=f"No night of {AS_OF - timedelta(days=9)} ran in .* Name one from "):
        replay(copied.spark, copied.conf, AS_OF - timedelta(days=9), tmp_path / "none")
    renamed = copied.conf.mlflow.model_copy(update={"registered_model": "other"})
    conf = copied.conf.model_copy(update={"mlflow": renamed})
    with pytest.raises(LongtailError, match="MLflow has no version 1 of other, which score used"):
        replay(copied.spark, conf, AS_OF, tmp_path / "model", first="score")
    assert (Path(copied.conf.warehouse) / "mlflow" / DATABASE).exists()


def test_a_removed_version_names_the_key_that_keeps_it(copied: Store, without_relevance: None, tmp_path: Path) -> None:
    with pytest.raises(
        LongtailError, match=r"of the table relevance, .* raise housekeeping\.every_table\.vacuum_hours"
    ):
        replay(copied.spark, copied.conf, AS_OF, tmp_path / "gone", first="plan_exposure")
