"""What a task may use, and how many there are."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from jobs.runtime import tasks


@pytest.mark.parametrize(
    ("resources", "gpu"),
    [({"gpu": SimpleNamespace(addresses=["1", "2"])}, "cuda:1"), ({}, None)],
)
def test_a_task_uses_the_gpu_that_spark_gave_it(
    monkeypatch: pytest.MonkeyPatch, resources: dict[str, SimpleNamespace], gpu: str | None
) -> None:
    context = SimpleNamespace(resources=lambda: resources)
    monkeypatch.setattr(tasks.TaskContext, "get", lambda: context)
    assert tasks.task_gpu() == gpu


def test_outside_of_a_task_there_is_none() -> None:
    assert tasks.task_gpu() is None
