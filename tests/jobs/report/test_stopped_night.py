"""The page and the alert of a night that was stopped."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from jobs import nightly
from jobs.config.configuration import load_config
from jobs.execution.night import Night, Record
from jobs.report.stopped_night import report_end, report_stop
from jobs.runtime.errors import Refused
from jobs.tables.warehouse import Warehouse

AS_OF = date(2017, 12, 1)


def night_in(spark: SparkSession, folder: Path) -> Night:
    place = folder / "conf.yaml"
    text = f"warehouse: {folder / 'warehouse'}\nsource: {{kind: complete_journey}}\n"
    place.write_text(text, encoding="utf-8")
    conf = load_config(place)
    return Night(conf, AS_OF, "run-1", spark, Warehouse(spark, conf.warehouse), Record())


def alerts_of(folder: Path) -> list[str]:
    return (folder / "warehouse/alerts/2017-12-01-nightly.jsonl").read_text(encoding="utf-8").splitlines()


def ingest(night: Night) -> None:
    night.record.rows |= {"items_in": 7, "items_accepted": 4, "items_rejected": 3}
    raise Refused("3 of 7 rows of <items> were rejected.", "See rejected.")


def test_a_refused_night_has_a_page_and_an_alert(spark: SparkSession, tmp_path: Path) -> None:
    night = night_in(spark, tmp_path)
    with pytest.raises(Refused):
        nightly._seconds_of(ingest, night, None)
    page = (tmp_path / "warehouse/reports/2017-12-01-stopped.html").read_text(encoding="utf-8")
    assert "3 of 7 rows of &lt;items&gt; were rejected." in page
    assert "See rejected." in page
    assert "No night has been published" in page
    assert "What came in" not in page  # ingest wrote no rows
    [line] = alerts_of(tmp_path)
    alert = json.loads(line)
    assert (alert["name"], alert["severity"], alert["about"]) == ("night.refused", "critical", "ingest")


def test_an_unexpected_error_is_reported_by_its_kind(spark: SparkSession, tmp_path: Path) -> None:
    def score(night: Night) -> None:
        raise ZeroDivisionError("shopper 17")

    with pytest.raises(ZeroDivisionError):
        nightly._seconds_of(score, night_in(spark, tmp_path), None)
    page = (tmp_path / "warehouse/reports/2017-12-01-stopped.html").read_text(encoding="utf-8")
    assert "score failed" in page
    assert "ZeroDivisionError" in page
    assert "shopper 17" not in page


def test_an_alert_needs_no_spark(tmp_path: Path) -> None:
    night = night_in(None, tmp_path)  # type: ignore[arg-type]
    report_stop(night, "score", ConnectionError("shopper 17"))
    [line] = alerts_of(tmp_path)
    assert json.loads(line)["name"] == "night.failed"
    assert "shopper 17" not in line
    report_end(night)
    assert alerts_of(tmp_path) == []
