"""Two processes on the CPU, brought together by gloo, against one."""

from __future__ import annotations

import os
import socket
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from model.text.adapters import Lora
from model.text.distributed import (
    TuningData,
    put_tuning,
    take_tuned,
    tune_in_process,
)
from model.text.encoder import Encoder
from model.text.pairs import CategoryTexts, Pairs
from model.text.tuning import TwoTowerSettings
from model.text.two_tower import fine_tune

pytestmark = pytest.mark.slow  # starts processes that each load torch

TASTES = [("red", "wine"), ("green", "tea"), ("bread", "milk"), ("纯奶", "面包")]
SHELF = ["drinks", "drinks", "dairy", "dairy"]
DATA = TuningData(
    Pairs([u for u, _ in TASTES] * 4, [i for _, i in TASTES] * 4, np.full(16, 0.25), SHELF * 4, np.full(16, 1.5)),
    Pairs([u for u, _ in TASTES], [i for _, i in TASTES], np.full(4, 0.25)),
    CategoryTexts(["tea", "red wine", "apple"], np.array([0.25, 0, 0]), ["drinks", "drinks", "dairy"]),
)
SETTINGS = TwoTowerSettings(
    4, 4, 1e-2, 0.1, 0.2, seed=5, hard_negatives=1, evaluate_every=2, patience=9, checkpoint_every=2
)


def body(rank: int, port: int, function: object, arguments: tuple) -> None:
    os.environ |= {"RANK": str(rank), "LOCAL_RANK": str(rank), "WORLD_SIZE": "2"}
    os.environ |= {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
    assert function(*arguments) == ""


def run_two(function: object, *arguments: object) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    torch.multiprocessing.spawn(body, (port, function, arguments), nprocs=2)


@pytest.mark.parametrize("adapters", [None, Lora(2, 4, 0.1)])
def test_two_processes_of_a_batch_are_one_of_two_to_the_bit(
    tiny: Encoder, tmp_path: Path, adapters: Lora | None
) -> None:
    """The mean of two gradients is the same sum whoever computes them, and each batch has its own random numbers."""
    settings = replace(SETTINGS, adapters=adapters)
    put_tuning(tmp_path, tiny, DATA, settings)
    run_two(tune_in_process, str(tmp_path), "cpu", 1)
    together = take_tuned(tmp_path, tiny, "cpu")
    alone = fine_tune(
        tiny, DATA.pairs, replace(settings, accumulate=2), held_out=DATA.held_out, negatives=DATA.negatives, threads=1
    )
    assert together.losses == alone.losses
    assert together.held_out == alone.held_out
    assert together.best_step == alone.best_step
    assert together.encoder.version == alone.encoder.version
