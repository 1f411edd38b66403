"""One process of several that train or encode together, each on its own GPU or its own cores."""

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
        """The mean of the processes' values; each of them must ask for it."""
        if self.count == 1:
            return value
        together = torch.tensor(value, dtype=torch.float64, device=device)
        distributed.all_reduce(together)
        return float(together) / self.count

    def agreed(self, value: float, device: torch.device) -> float:
        """The first process's value in all of them."""
        if self.count == 1:
            return value
        told = torch.tensor(value, dtype=torch.float64, device=device)
        distributed.broadcast(told, src=0)
        return float(told)


@contextmanager
def joined(device: torch.device) -> Iterator[Process]:
    """Joins the group that RANK, WORLD_SIZE, LOCAL_RANK, MASTER_ADDR and MASTER_PORT tell of, as torchrun sets them.

    By NCCL with GPU number LOCAL_RANK where the device is cuda, by gloo else.
    """
    if device.type == "cuda":
        torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
    distributed.init_process_group("nccl" if device.type == "cuda" else "gloo")
    try:
        yield Process.current()
    finally:
        distributed.destroy_process_group()
