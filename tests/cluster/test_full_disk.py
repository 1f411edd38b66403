"""A full scratch disk, in a process with mounts of its own."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cluster.processes import Process
from tests.cluster.submission import ROOT

_OWN_MOUNTS = ["unshare", "--map-root-user", "--mount"]


@pytest.mark.slow
def test_a_full_scratch_disk(tmp_path: Path) -> None:
    allowed = shutil.which("unshare") and subprocess.run([*_OWN_MOUNTS, "true"], capture_output=True, check=False)
    if not allowed or allowed.returncode != 0:
        pytest.skip("this machine lets no process mount a disk of its own (unshare --map-root-user --mount)")
    process = Process(
        [*_OWN_MOUNTS, sys.executable, "-m", "pytest", "-q", f"--basetemp={tmp_path}/of", "tests/cluster/full_disk.py"],
        tmp_path / "full-disk.log", {"PYSPARK_PYTHON": sys.executable}, ROOT,
    )  # fmt: skip
    assert process.wait(400) == 0, process.output[-6000:]
    assert " passed" in process.output
