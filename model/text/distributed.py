"""Fine-tuning by several processes, with inputs and results in a folder."""

from __future__ import annotations

import json
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from model.text.adapters import Lora
from model.text.bars import Bar
from model.text.device import resolve_device
from model.text.encoder import Encoder
from model.text.pairs import CategoryTexts, Pairs
from model.text.processes import joined
from model.text.tuning import TwoTowerSettings
from model.text.two_tower import Tuned, fine_tune

CHECKPOINT = "checkpoint.safetensors"


@dataclass(frozen=True)
class TuningData:
    """Pairs to train on, pairs of held-out days, and what hard negatives are drawn from."""

    pairs: Pairs
    held_out: Pairs | None = None
    negatives: CategoryTexts | None = None


def put_tuning(folder: Path, encoder: Encoder, data: TuningData, settings: TwoTowerSettings) -> None:
    """Writes what `tune_in_process` reads; a checkpoint in the folder stays."""
    for name in ("base", "tuned"):
        shutil.rmtree(folder / name, ignore_errors=True)
    encoder.save(folder / "base")
    content = {
        "settings": asdict(settings),
        "pairs": _columns(data.pairs),
        "held_out": _columns(data.held_out),
        "negatives": _columns(data.negatives),
    }
    (folder / "tuning.json").write_text(json.dumps(content), encoding="utf-8")


def tune_in_process(folder: str, device: str, threads: int) -> str:
    """The body of each process: fine-tunes together with the others; the first writes what `take_tuned` reads.

    Returns '' or, when the training cannot go on, why.
    """
    place, content = Path(folder), json.loads((Path(folder) / "tuning.json").read_text(encoding="utf-8"))
    settings = content["settings"]
    adapters = Lora(**settings.pop("adapters")) if settings["adapters"] else settings.pop("adapters")
    with joined(resolve_device(device)) as process:
        base = Encoder.load(place / "base", device)
        try:
            tuned = fine_tune(
                base,
                Pairs(**content["pairs"]),
                TwoTowerSettings(**settings, adapters=adapters),
                held_out=Pairs(**content["held_out"]) if content["held_out"] else None,
                negatives=CategoryTexts(**content["negatives"]) if content["negatives"] else None,
                checkpoint=place / CHECKPOINT,
                threads=threads,
                progress=Bar("fine-tuning", "step") if process.rank == 0 else None,
            )
        except ValueError as error:
            return str(error)
        if process.rank == 0:
            if tuned.best_step:
                tuned.encoder.save(place / "tuned")
            outcome = {"losses": tuned.losses, "held_out": tuned.held_out, "best_step": tuned.best_step}
            (place / "tuned.json").write_text(json.dumps(outcome), encoding="utf-8")
    return ""


def take_tuned(folder: Path, base: Encoder, device: str) -> Tuned:
    """The result of the processes; the encoder is `base` itself when no step improved it."""
    outcome = json.loads((folder / "tuned.json").read_text(encoding="utf-8"))
    encoder = Encoder.load(folder / "tuned", device) if outcome["best_step"] else base
    held_out = {int(step): loss for step, loss in outcome["held_out"].items()}
    return Tuned(encoder, outcome["losses"], held_out, outcome["best_step"])


def _columns(texts: Pairs | CategoryTexts | None) -> dict[str, Any] | None:
    if texts is None:
        return None
    columns = asdict(texts)
    return {name: values.tolist() if isinstance(values, np.ndarray) else values for name, values in columns.items()}
