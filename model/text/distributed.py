"""Fine-tuning and encoding by several processes, with inputs and results in a folder."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
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


def put_texts(folder: Path, texts: Sequence[str]) -> None:
    """Writes what `encode_in_process` reads; vectors of another list in the folder are removed."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    (folder / "texts.json").write_text(json.dumps(list(texts)), encoding="utf-8")


def encode_in_process(folder: str, encoder: str, side: str, batch_size: int, device: str, threads: int) -> str:
    """The body of each process: encodes its share of the texts, every n-th; `side` is items or users."""
    place = Path(folder)
    texts = json.loads((place / "texts.json").read_text(encoding="utf-8"))
    with joined(resolve_device(device)) as process:
        reader = Encoder.load(Path(encoder), device)
        encode = reader.encode_items if side == "items" else reader.encode_users
        progress = Bar("texts") if process.rank == 0 else None
        try:
            vectors = encode(texts[process.rank :: process.count], batch_size, threads=threads, progress=progress)
        except ValueError as error:
            return str(error)
        partial = place / f"{process.rank}.partial.npy"
        np.save(partial, vectors)
        partial.replace(place / f"{process.rank}.npy")
    return ""


def take_vectors(folder: Path, processes: int) -> np.ndarray:
    """[n, d] float32: the vectors of `put_texts` in their order."""
    parts = [np.load(folder / f"{rank}.npy") for rank in range(processes)]
    vectors = np.empty((sum(len(part) for part in parts), parts[0].shape[1]), dtype=np.float32)
    for rank, part in enumerate(parts):
        vectors[rank::processes] = part
    return vectors


def _columns(texts: Pairs | CategoryTexts | None) -> dict[str, Any] | None:
    if texts is None:
        return None
    columns = asdict(texts)
    return {name: values.tolist() if isinstance(values, np.ndarray) else values for name, values in columns.items()}
