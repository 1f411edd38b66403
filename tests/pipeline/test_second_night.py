"""The second night: its comparison with the first, and its page in a browser."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest

from features import contract
from jobs.execution.manifest import run_step
from jobs.nightly import STEPS, TRAINING, steps_named
from tests.jobs.report.browser import BROWSER, look_at
from tests.pipeline.small_night import AS_OF, Store

pytestmark = pytest.mark.slow
NEXT = AS_OF + timedelta(days=1)


@pytest.fixture(scope="module")
def page(store: Store) -> Path:
    for step in steps_named([name for name in STEPS if name not in TRAINING]):
        run_step(step, store.spark, store.conf, NEXT, "next")
    return Path(store.tables.folder) / "reports" / f"{NEXT}.html"


def test_the_page_compares_the_night_with_the_previous_one(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert "against 1 Dec, last night" in text
    assert "Rose most" in text
    assert "No training ran for this night." in text
    assert "the store logged no exposure of this placement" in text


@pytest.mark.skipif(BROWSER is None, reason="there is no chromium (Debian: apt-get install chromium)")
@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("width", [390, 1280])
def test_the_page_fits_phone_and_laptop(page: Path, width: int, dark: bool, tmp_path: Path) -> None:
    seen = look_at(page, width, tmp_path, dark=dark)
    assert seen.content_width <= seen.frame_width == width
    assert seen.console == []
    assert seen.picture.stat().st_size > 20_000


def test_drift_and_delivery_are_measured(page: Path, store: Store) -> None:
    figures = {row["name"] for row in store.tables.read_date(contract.METRICS, NEXT).select("name").collect()}
    assert {"drift_texts", "drift_embeddings", "drift_scores", "drift_response"} <= figures
    accounts = store.tables.read_date(contract.EXPOSURE_ACCOUNT, AS_OF).toPandas()
    assert accounts["logged"].isna().all()  # the panel logs displays and mailers, not this shelf
    corrections = store.tables.read_date(contract.EXPOSURE_CORRECTIONS, NEXT).toPandas()
    assert set(corrections["correction"]) == {0.0}
    alerts = [
        json.loads(line)
        for place in (Path(store.tables.folder) / "alerts").glob(f"{NEXT}-*.jsonl")
        for line in place.read_text(encoding="utf-8").splitlines()
    ]
    assert all(one["look_at"] and one["as_of"] == str(NEXT) for one in alerts)
