"""Fine-tuning of the encoder: a shopper's text is to be near the text of the item that the shopper bought next."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path

import torch

from model.text.batches import PairTokens
from model.text.device import torch_threads
from model.text.encoder import Encoder, Report
from model.text.pairs import CategoryTexts, Pairs
from model.text.processes import Process
from model.text.training import Training
from model.text.tuning import TwoTowerSettings


@dataclass(frozen=True)
class Tuned:
    """An encoder with the weights after `best_step` steps, the loss of each step, and the held-out loss by steps."""

    encoder: Encoder
    losses: list[float]
    held_out: dict[int, float]
    best_step: int


def fine_tune(
    encoder: Encoder,
    pairs: Pairs,
    settings: TwoTowerSettings,
    *,
    held_out: Pairs | None = None,
    negatives: CategoryTexts | None = None,
    checkpoint: Path | None = None,
    threads: int | None = None,
    progress: Report | None = None,
) -> Tuned:
    """The encoder fine-tuned; the one that is given stays as it is, and is the result when no step made it better.

    AdamW; the same pairs, settings and seed give the same weights on a CPU with the same number of threads, and so does
    a training that was killed and goes on from its `checkpoint`. Within a process group (see `processes.joined`) each
    process computes its own batches, and all end with the same weights. With `held_out` pairs the weights are those
    with the smallest loss on them; fewer than two item texts tell none and are left out. `negatives` are what hard
    negatives are drawn from.

    Raises ValueError for pairs with fewer than two item texts, and when a loss or a weight is not finite.
    """
    if settings.steps == 0:
        return Tuned(encoder, [], {}, 0)
    if len(set(pairs.item_texts)) < 2:
        raise ValueError(
            f"{len(pairs)} pairs with fewer than two item texts cannot train an encoder. Give a longer "
            "encoder.fine_tune.window_days, or set encoder.fine_tune.steps to 0."
        )
    tokens = PairTokens(encoder, pairs, negatives, settings.hard_negatives)
    held = None
    if held_out is not None and settings.evaluate_every and len(set(held_out.item_texts)) > 1:
        held = PairTokens(encoder, held_out, None, 0)
    fingerprint = _fingerprint(encoder, settings, pairs, held_out, negatives)
    devices = [encoder.device] if encoder.device.type == "cuda" else []
    with torch_threads(threads), torch.random.fork_rng(devices=devices):
        training = Training(encoder, tokens, held, settings, checkpoint, fingerprint)
        training.run(progress)
        model = training.result()
    done = training.progress
    if not all(torch.isfinite(weights).all() for weights in model.parameters()):
        raise ValueError("The fine-tuning left a weight that is not finite. Lower encoder.fine_tune.learning_rate.")
    tuned = Encoder(model, encoder.tokenizer, encoder.settings, encoder.device) if done.best_step else encoder
    return Tuned(tuned, done.losses, done.held_out, done.best_step)


def _fingerprint(
    encoder: Encoder, settings: TwoTowerSettings, pairs: Pairs, held_out: Pairs | None, negatives: CategoryTexts | None
) -> str:
    """What a checkpoint must have been made of to go on from it."""
    parts = [one.digest() if one is not None else "" for one in (pairs, held_out, negatives)]
    told = json.dumps([encoder.version, asdict(settings), Process.current().count, *parts])
    return hashlib.sha256(told.encode()).hexdigest()
