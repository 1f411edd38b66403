"""A cluster's executors get what the driver sends, and one that is lost costs its part again and nothing else."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow


def test_a_lost_executor_changes_no_row(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.jobs.retrieval.lost_executor", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=280, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stdout.strip().splitlines()[-1] == "640 of 640"  # 64 shoppers, ten candidates each
