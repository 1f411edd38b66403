"""The classes that a first start of Spark leaves to later ones."""

from __future__ import annotations

import os
import shlex
import subprocess
from pathlib import Path

from tests.conftest import ROOT


def options(archive: Path) -> list[str]:
    """The options that make gives to Java where the classes lie in `archive`."""
    shown = "shown: ; @printf '%s' \"$$SPARK_SUBMIT_OPTS\""
    environment = {name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "SPARK_SUBMIT_OPTS")}
    command = ["make", "-s", "--eval", shown, "shown", f"CLASSES={archive}"]
    printed = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True).stdout
    return shlex.split(printed)


def test_a_damaged_archive_of_classes_costs_no_start(tmp_path: Path) -> None:
    assert options(tmp_path / "spark.jsa") == []
    (tmp_path / "spark.jsa").write_bytes(b"of another Java" * 1000)
    with_classes = options(tmp_path / "spark.jsa")
    assert with_classes[0] == f"-XX:SharedArchiveFile={tmp_path}/spark.jsa"
    runs = [
        subprocess.run(["java", *some, "-version"], capture_output=True, text=True, check=False)
        for some in ([], with_classes)
    ]
    plain, with_archive = (run.stderr.replace(", sharing", "") for run in runs)
    assert (with_archive, runs[1].stdout, runs[1].returncode) == (plain, "", 0)
