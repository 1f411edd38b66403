"""Checkpoints of a fine-tuning: a file of safetensors from which it resumes and reaches the same weights."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

_NOW, _BEST, _OPTIMISER = "now", "best", "optimiser"


@dataclass
class Progress:
    """The progress of a fine-tuning: the loss of each step, and the held-out loss by the number of steps."""

    losses: list[float] = field(default_factory=list)
    held_out: dict[int, float] = field(default_factory=dict)

    @property
    def step(self) -> int:
        """Steps that are done."""
        return len(self.losses)

    @property
    def best_step(self) -> int:
        """The step with the smallest held-out loss, the first of equal ones; the last step without held-out days."""
        return min(self.held_out, key=lambda step: (self.held_out[step], step)) if self.held_out else self.step

    def evaluations_since_best(self) -> int:
        """Evaluations on the held-out days since the best one."""
        return sum(step > self.best_step for step in self.held_out)


def write_checkpoint(
    place: Path,
    weights: dict[str, torch.nn.Parameter],
    optimiser: torch.optim.Optimizer,
    best: dict[str, Tensor],
    progress: Progress,
    fingerprint: str,
) -> None:
    """Replaces the checkpoint, atomically, by all that the following steps depend on."""
    from safetensors.torch import save_file

    tensors: dict[str, Tensor] = {f"{_NOW}/{name}": values for name, values in weights.items()}
    tensors |= {f"{_BEST}/{name}": values for name, values in best.items()}
    for name, values in weights.items():
        for key, state in optimiser.state.get(values, {}).items():
            tensors[f"{_OPTIMISER}.{key}/{name}"] = state
    on_cpu = {name: values.detach().cpu().contiguous() for name, values in tensors.items()}
    place.parent.mkdir(parents=True, exist_ok=True)
    partial = place.with_name(f"{place.name}.partial")
    save_file(on_cpu, str(partial), {"fingerprint": fingerprint, "progress": json.dumps(asdict(progress))})
    partial.replace(place)


def read_checkpoint(
    place: Path,
    weights: dict[str, torch.nn.Parameter],
    optimiser: torch.optim.Optimizer,
    fingerprint: str,
) -> tuple[Progress, dict[str, Tensor]] | None:
    """Restores weights and optimiser and returns progress and best weights; None without a checkpoint.

    A checkpoint with another fingerprint, of another encoder, other pairs or other settings, is ignored. Raises
    ValueError when the file cannot be read.
    """
    from safetensors import SafetensorError, safe_open

    if not place.is_file():
        return None
    try:
        with safe_open(str(place), "pt") as file:
            metadata = file.metadata() or {}
            if metadata.get("fingerprint") != fingerprint:
                return None
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a mapping
    except SafetensorError as error:
        raise ValueError(
            f"The checkpoint {place} cannot be read ({error}). Delete it to start from the first step."
        ) from error
    best: dict[str, Tensor] = {}
    states: dict[str, dict[str, Tensor]] = {}
    with torch.no_grad():
        for full_name, values in tensors.items():
            kind, _, name = full_name.partition("/")
            if kind == _NOW:
                weights[name].copy_(values)
            elif kind == _BEST:
                best[name] = values
            else:
                states.setdefault(name, {})[kind.removeprefix(f"{_OPTIMISER}.")] = values.to(weights[name].device)
    for name, state in states.items():
        optimiser.state[weights[name]] = state
    content: dict[str, Any] = json.loads(metadata["progress"])
    return Progress(content["losses"], {int(step): loss for step, loss in content["held_out"].items()}), best
