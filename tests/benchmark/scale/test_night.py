"""A measurement continues where it was stopped, and the second night finds the second delivery."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.benchmark.scale import night
from tests.benchmark.scale.night import Cost, Machine, costs_in, measured, remove_store

STEPS = ("ingest", "score", "publish")


def test_measured_steps_are_not_run_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[tuple[int, str]] = []

    def measure(folder: Path, conf: Path, step: str, number: int, machine: Machine) -> Cost:
        if (number, step) == (0, "publish") and len(ran) == 2:
            raise KeyboardInterrupt
        ran.append((number, step))
        assert (folder / "events/second").exists() == (number == 1)
        return Cost(number, step, 1.0, 0, 0, 0, 0, 0, 0, "")

    monkeypatch.setattr(night, "_measure", measure)
    for name in ("events/first", "waiting", "warehouse"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "complete").touch()
    with pytest.raises(KeyboardInterrupt):
        measured(tmp_path, tmp_path / "conf.yaml", STEPS, 2, Machine("4g"))
    ran.append((0, "stopped"))
    measured(tmp_path, tmp_path / "conf.yaml", STEPS, 2, Machine("4g"))
    first = [(0, "ingest"), (0, "score"), (0, "stopped"), (0, "publish")]
    assert ran == [*first, *((1, step) for step in STEPS)]
    remove_store(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["costs.json"]
    assert [(cost.night, cost.step) for cost in costs_in(tmp_path)] == [(n, step) for n in range(2) for step in STEPS]
