"""What differs between the Python of an executor and that of the driver, in words."""

from __future__ import annotations

import re

import pytest

from jobs.runtime.executor_python import LIBRARIES, differing, versions, why_python_fails
from tests.conftest import ROOT

DRIVER = {"Python": "3.11", "pandas": "2.3.3", "torch": "2.15.0", "lightgbm": None}


@pytest.mark.parametrize(
    ("executor", "difference"),
    [
        ({"Python": "3.11", "pandas": "2.3.3", "torch": "2.15.0", "lightgbm": None}, ""),
        ({"Python": "3.11", "pandas": "2.3.3", "torch": "2.15.0+cu130", "lightgbm": "4.7.0"}, ""),
        ({"Python": "3.11", "pandas": None, "torch": "2.15.0", "lightgbm": None}, "pandas is missing (driver: 2.3.3)"),
        ({}, "Python is missing (driver: 3.11), pandas is missing (driver: 2.3.3), torch is missing (driver: 2.15.0)"),
        (
            {"Python": "3.12", "pandas": "2.3.4", "torch": "2.15.0", "lightgbm": None},
            "Python 3.12 (driver: 3.11), pandas 2.3.4 (driver: 2.3.3)",
        ),
    ],
)
def test_names_each_library_that_is_missing_or_differs(executor: dict[str, str | None], difference: str) -> None:
    assert differing(DRIVER, executor) == difference


def test_here_every_library_has_a_version() -> None:
    here = versions()
    assert set(here) == {"Python", *LIBRARIES}
    assert all(here.values())


def test_the_lock_of_a_night_has_every_library() -> None:
    lock = (ROOT / "requirements-jobs.lock").read_text(encoding="utf-8")
    assert set(LIBRARIES) <= set(re.findall(r"(?m)^([\w-]+)==", lock))


@pytest.mark.parametrize(
    ("message", "problem"),
    [
        (
            'java.io.IOException: Cannot run program "./environment/bin/python": error=2, No such file or directory',
            "The executors have no Python at ./environment/bin/python.",
        ),
        (
            "[PYTHON_VERSION_MISMATCH] Python in worker has different version: 3.12 than that in driver: 3.11, PySpark "
            "cannot run with different minor versions.",
            "The executors run Python 3.12, the driver 3.11.",
        ),
        ("ModuleNotFoundError: No module named 'jobs'", "The executors have no Longtail."),
        ("ModuleNotFoundError: No module named 'numpy'", "The Python of the executors has no numpy."),
    ],
)
def test_a_python_that_cannot_run_the_project_is_named(message: str, problem: str) -> None:
    why = why_python_fails(f"Job aborted due to stage failure: Task 0 failed 4 times.\n{message}\n\tat x")
    assert why is not None
    assert why[0] == problem


def test_another_error_keeps_its_own_words() -> None:
    assert why_python_fails("java.io.IOException: No space left on device") is None
