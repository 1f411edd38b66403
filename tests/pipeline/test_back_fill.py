"""A back-fill by the command: each night uses the champion of its date; nothing is trained or published."""

from __future__ import annotations

import shutil
import sys
from datetime import timedelta
from pathlib import Path

import pytest
import yaml
from pyspark.sql import functions as F

from features.contract import EXPOSURE_SCORES, RUNS
from jobs import nightly
from jobs.config.configuration import load_config
from jobs.online.registration import registered_colours
from jobs.online.store import open_store
from jobs.runtime.errors import DONE
from jobs.tables.warehouse import Warehouse
from tests.pipeline.small_night import AS_OF, Store

NIGHTS = [AS_OF + timedelta(days=1), AS_OF + timedelta(days=2)]


@pytest.mark.slow
def test_a_back_fill_uses_the_champion_and_leaves_the_live_night(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(store.conf.warehouse, tmp_path / "warehouse")
    overrides = yaml.safe_load(Path(__file__).with_name("night.yaml").read_text(encoding="utf-8"))
    source = store.conf.source.model_dump(include={"kind", "folder", "exposure_sample_share"})
    conf_file = tmp_path / "conf.yaml"
    conf_file.write_text(
        yaml.safe_dump(overrides | {"warehouse": str(tmp_path / "warehouse"), "source": source}), encoding="utf-8"
    )
    arguments = ["--conf", conf_file, "--from", NIGHTS[0], "--to", NIGHTS[-1]]
    monkeypatch.setattr(sys, "argv", ["nightly", *map(str, arguments)])
    with pytest.raises(SystemExit) as ended:
        nightly.main()
    assert ended.value.code == DONE
    tables = Warehouse(store.spark, str(tmp_path / "warehouse"))
    runs = tables.read(RUNS).where(F.col("as_of").isin(NIGHTS)).collect()
    steps = set(nightly.STEPS) - {*nightly.TRAINING, *nightly.PUBLISHING}
    assert {(row["as_of"], row["step"]) for row in runs} == {(night, step) for night in NIGHTS for step in steps}
    assert {row["status"] for row in runs} == {"done"}
    assert len({row["run_id"] for row in runs}) == len(NIGHTS)
    models = {night: _models(tables, night) for night in (AS_OF, *NIGHTS)}
    assert models[NIGHTS[0]] == models[NIGHTS[1]] == models[AS_OF] != set()
    live = registered_colours(open_store(load_config(conf_file))).live_night
    assert live is not None
    assert live.as_of == AS_OF


def _models(tables: Warehouse, night: object) -> set[str]:
    rows = tables.read(EXPOSURE_SCORES).where(F.col("as_of") == F.lit(night))
    return {row["model_version"] for row in rows.select("model_version").distinct().collect()}
