"""Errors that keep Spark from starting."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from jobs.runtime.errors import FAILED, LongtailError
from jobs.runtime.logs import log_of_run
from jobs.runtime.session import cause_of_exit, spark_session, taken_port

TAKEN = (
    "An error occurred while calling None.org.apache.spark.api.java.JavaSparkContext.\n"
    ": java.net.BindException: bind(..) failed with error(-98): Address already in use: Service 'sparkDriver' failed "
    "after 0 retries (starting from 45992)! Consider explicitly setting the appropriate port"
)


def test_a_port_in_use_is_named_with_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    assert taken_port(TAKEN) == "45992"
    assert taken_port("java.io.IOException: No space left on device (starting from 1)") is None

    def refuse(builder: object) -> None:
        raise RuntimeError(TAKEN)

    monkeypatch.setattr("pyspark.sql.SparkSession.Builder.getOrCreate", refuse)
    with pytest.raises(
        LongtailError, match=r"port 45992 is in use\. End the process that uses it, or set spark\.driver\.port"
    ) as caught:
        spark_session("monitor")
    assert caught.value.exit_code == FAILED


OFFLINE = """:: loading settings :: url = jar:file:ivysettings.xml
:::: WARNINGS
\t\tmodule not found: io.delta#delta-spark_4.2_2.13;4.4.0
Exception in thread "main" java.lang.RuntimeException: [unresolved dependency: io.delta#delta-spark_4.2_2.13;4.4.0]
\tat org.apache.spark.util.MavenUtils$.resolveMavenCoordinates(MavenUtils.scala:461)
"""


@pytest.mark.parametrize(
    ("output", "cause"),
    [
        (OFFLINE, "RuntimeException: [unresolved dependency: io.delta#delta-spark_4.2_2.13;4.4.0]"),
        ("JAVA_HOME is not set\n", "JAVA_HOME is not set"),
        (
            "Error occurred during initialization of VM\nCould not reserve enough space for object heap\n",
            "Java cannot start: Could not reserve enough space for object heap",
        ),
        ("", "Java ended without a message"),
    ],
)
def test_the_cause_of_a_failed_start_is_one_line(output: str, cause: str) -> None:
    assert cause_of_exit(output) == cause


def test_a_failed_start_names_its_cause_and_the_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def exits(builder: object) -> None:
        os.write(2, OFFLINE.encode())
        raise RuntimeError("[JAVA_GATEWAY_EXITED] Java gateway process exited before sending its port number.")

    monkeypatch.setattr("pyspark.sql.SparkSession.Builder.getOrCreate", exits)
    log = tmp_path / "run.log"
    with log_of_run(log), pytest.raises(LongtailError, match="unresolved dependency") as caught:
        spark_session("ingest")
    assert str(log) in caught.value.remedy
    assert capsys.readouterr().err == ""
