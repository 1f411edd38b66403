"""A learning rate for any number of steps."""

from __future__ import annotations

import pytest
import torch

from model.fusion.training import _WARMUP_SHARE, schedule_steps


@pytest.mark.parametrize("batches", range(1, 41))
def test_a_schedule_of_any_length_gives_rates(batches: int) -> None:
    optimiser = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.1)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, 0.1, total_steps=schedule_steps(batches, 1), pct_start=_WARMUP_SHARE
    )
    for _ in range(batches):
        optimiser.step()
        schedule.step()
