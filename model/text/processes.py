"""One of several processes that train together, each on its own GPU or cores."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import distributed


@dataclass(frozen=True)
class Process:
    """The place of this process among those that work together, from 0."""

    rank: int = 0
    count: int = 1

    @classmethod
    def current(cls) -> Process:
        """That of the process group, alone where there is none."""
        if distributed.is_available() and distributed.is_initialized():
            return cls(distributed.get_rank(), distributed.get_world_size())
        return cls()

    def mean(self, value: float, device: torch.device) -> float:
        """The mean of the processes' values; every process must call it."""
        if self.count == 1:
            return value
        total = torch.tensor(value, dtype=torch.float64, device=device)
        distributed.all_reduce(total)
        return float(total) / self.count

    def agreed(self, value: float, device: torch.device) -> float:
        """The first process's value in all of them."""
        if self.count == 1:
            return value
        shared = torch.tensor(value, dtype=torch.float64, device=device)
        distributed.broadcast(shared, src=0)
        return float(shared)


@contextmanager
def joined(device: torch.device) -> Iterator[Process]:
    """Joins the process group of RANK, WORLD_SIZE, LOCAL_RANK, MASTER_ADDR and MASTER_PORT, as torchrun sets them.

    By NCCL with GPU number LOCAL_RANK if the device is cuda, otherwise by gloo.
    """
    if device.type == "cuda":
        torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
    distributed.init_process_group("nccl" if device.type == "cuda" else "gloo")
    try:
        yield Process.current()
    finally:
        distributed.destroy_process_group()
