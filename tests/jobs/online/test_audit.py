"""The audit detects every kind of difference between Delta and the online store."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from jobs.online.audit import Audited, audit
from jobs.online.store import open_store
from jobs.runtime.errors import LongtailError
from tests.jobs.online.frames import local_rows, publish_frames, rows_of
from tests.jobs.online.nights import config_in


@pytest.mark.parametrize(
    ("view_name", "column", "value", "difference"),
    [
        ("item_exposure", "boost", 1.5, "boost is read as 1.0, Delta holds 1.5"),
        ("item_features", "title", "2", "title is read as '1', Delta holds '2'"),
        ("user_exposure", "scores", [1.0, 2.0], r"scores is read as \[1.0, 1.0\], Delta holds \[1.0, 2.0\]"),
        ("user_exposure", "item_ids", ["1"], "item_ids is read as"),
        ("user_features", "user_id", "cleo", "is read as None"),  # a shopper who is not in the store
    ],
)
def test_a_difference_is_named(tmp_path: Path, view_name: str, column: str, value: Any, difference: str) -> None:
    conf = config_in(tmp_path)
    catalogue = publish_frames(conf, 1)
    store = open_store(conf)
    view = next(view for view in catalogue.views if view.name == view_name)
    rows = rows_of(view, 1)
    assert str(audit(store, view, catalogue.coloured[view_name, "green"], local_rows(view, rows), 10, 1)) == "all 2"
    rows.at[1, column] = value
    with pytest.raises(LongtailError, match=f"{view_name}_green failed: .*{difference}"):
        audit(store, view, catalogue.coloured[view_name, "green"], local_rows(view, rows), 10, 1)


def test_stale_entities_are_detected(tmp_path: Path) -> None:
    conf = config_in(tmp_path)
    catalogue = publish_frames(conf, 1)
    view = next(view for view in catalogue.views if view.name == "user_exposure")
    row = local_rows(view, rows_of(view, 1).iloc[:1])
    with pytest.raises(LongtailError, match="it holds 2 entities, Delta has 1"):
        audit(open_store(conf), view, catalogue.coloured["user_exposure", "green"], row, 10, 1)


def test_a_sample_reports_the_share_of_errors_that_it_can_miss() -> None:
    # 0.95 = 1 - (1 - share)^30
    assert Audited(30, 900).undetected == pytest.approx(0.0950, abs=1e-4)
    assert str(Audited(30, 900)) == "30 of 900 (at most 9.503% wrong, confidence 95%)"
