"""What a person reads of a night that was stopped."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from jobs import nightly
from jobs.runtime.config import load_config
from jobs.runtime.errors import Refused
from jobs.runtime.night import Night

AS_OF = date(2017, 12, 1)


def ingest(night: Night) -> None:
    night.record.rows |= {"items_in": 7, "items_accepted": 4, "items_rejected": 3}
    raise Refused("3 of 7 rows of <items> were rejected.", "See rejected.")


def test_a_refused_night_has_a_page_and_an_alert(spark: SparkSession, tmp_path: Path) -> None:
    place = tmp_path / "conf.yaml"
    place.write_text(f"warehouse: {tmp_path / 'warehouse'}\n", encoding="utf-8")
    conf = load_config(place)
    with pytest.raises(Refused):
        nightly._told_if_stopped(ingest, spark, conf, AS_OF, "run-1")
    page = (tmp_path / "warehouse/reports/2017-12-01-stopped.html").read_text(encoding="utf-8")
    assert "3 of 7 rows of &lt;items&gt; were rejected." in page
    assert "See rejected." in page
    assert "No night has been published" in page
    assert "What came in" not in page  # ingest wrote nothing that could be told
    [line] = (tmp_path / "warehouse/alerts/2017-12-01-nightly.jsonl").read_text(encoding="utf-8").splitlines()
    alert = json.loads(line)
    assert (alert["name"], alert["severity"], alert["about"]) == ("night.refused", "critical", "ingest")


def test_what_nobody_foresaw_is_told_as_well(spark: SparkSession, tmp_path: Path) -> None:
    def score(night: Night) -> None:
        raise ZeroDivisionError("division by zero")

    place = tmp_path / "conf.yaml"
    place.write_text(f"warehouse: {tmp_path / 'warehouse'}\n", encoding="utf-8")
    with pytest.raises(ZeroDivisionError):
        nightly._told_if_stopped(score, spark, load_config(place), AS_OF, "run-1")
    page = (tmp_path / "warehouse/reports/2017-12-01-stopped.html").read_text(encoding="utf-8")
    assert "score failed" in page
    assert "ZeroDivisionError: division by zero" in page
