"""Where a block is scored."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from jobs.relevance import worker


@pytest.mark.parametrize(
    ("resources", "device"),
    [({"gpu": SimpleNamespace(addresses=["1", "2"])}, "cuda:1"), ({}, "cpu")],
)
def test_a_task_uses_the_gpu_that_spark_gave_it(
    monkeypatch: pytest.MonkeyPatch, resources: dict[str, SimpleNamespace], device: str
) -> None:
    context = SimpleNamespace(resources=lambda: resources)
    monkeypatch.setattr(worker.TaskContext, "get", lambda: context)
    assert worker.task_device() == device


def test_outside_of_a_task_it_is_the_cpu() -> None:
    assert worker.task_device() == "cpu"
