"""The device that an encoder runs on, and the threads it may use there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

import torch


def resolve_device(name: str) -> torch.device:
    """`auto` is a GPU where there is one, `cuda:1` the GPU of that number.

    Raises ValueError for cuda without a GPU and for any other name.
    """
    if name not in ("auto", "cpu", "cuda") and not re.fullmatch(r"cuda:\d+", name):
        raise ValueError(f"{name!r} is not a device. Set encoder.device to auto, cpu or cuda.")
    if name.startswith("cuda") and not torch.cuda.is_available():
        raise ValueError("encoder.device is cuda, but torch sees no GPU. Set it to auto or cpu, or repair the driver.")
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    return torch.device(name)


@contextmanager
def torch_threads(count: int | None) -> Iterator[None]:
    """Runs the body with `count` threads of torch on CPU, then restores their number; None leaves it unchanged."""
    if count is None:
        yield
        return
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)
