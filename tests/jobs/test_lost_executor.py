"""Executors of a cluster get the shipped files, and the loss of one changes no row of a step."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow


def test_a_lost_executor_changes_no_row(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.jobs.lost_executor", str(tmp_path)]
    process = subprocess.run(command, capture_output=True, text=True, timeout=280, check=False)
    assert process.returncode == 0, process.stderr[-3000:]
    assert process.stdout.strip().splitlines() == [
        "candidates: 640 of 640",  # 64 shoppers, ten candidates each
        "embed: 60 of 60",
        "score: 477 of 477",  # 48 shoppers with ten candidates, one of them with seven
    ]
