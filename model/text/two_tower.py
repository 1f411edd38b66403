"""Fine-tuning of the encoder: a shopper's text comes close to the text of the item that the shopper buys next."""

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

LEAST_ITEM_TEXTS = 2  # in the pairs of a training: the negatives of a pair are the other texts


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
    """A fine-tuned copy of the encoder, or the encoder itself when no step improved it.

    AdamW; the same pairs, settings and seed give the same weights on a CPU with the same number of threads, and so does
    a training that was killed and resumes from its `checkpoint`. Within a process group (see `processes.joined`) each
    process computes its own batches, and all end with the same weights. With `held_out` pairs the weights are those
    with the smallest loss on them; held-out pairs of fewer than two item texts are ignored. Hard negatives are drawn
    from `negatives`.

    Raises ValueError for pairs with fewer than two item texts, and when a loss or a weight is not finite.
    """
    if settings.steps == 0:
        return Tuned(encoder, [], {}, 0)
    if len(set(pairs.item_texts)) < LEAST_ITEM_TEXTS:
        raise ValueError(
            f"{len(pairs)} pairs with fewer than {LEAST_ITEM_TEXTS} item texts cannot train an encoder. Give pairs of "
            "more texts, or set encoder.fine_tune.steps to 0."
        )
    tokens = PairTokens(encoder, pairs, negatives, settings.hard_negatives)
    held_out_tokens = None
    if held_out is not None and settings.evaluate_every and len(set(held_out.item_texts)) > 1:
        held_out_tokens = PairTokens(encoder, held_out, None, 0)
    fingerprint = _fingerprint(encoder, settings, pairs, held_out, negatives)
    devices = [encoder.device] if encoder.device.type == "cuda" else []
    with torch_threads(threads), torch.random.fork_rng(devices=devices):
        training = Training(encoder, tokens, held_out_tokens, settings, checkpoint, fingerprint)
        training.run(progress)
        model = training.result()
    outcome = training.progress
    if not all(torch.isfinite(weights).all() for weights in model.parameters()):
        raise ValueError(
            "The fine-tuning ended with a weight that is not finite. Lower encoder.fine_tune.learning_rate."
        )
    tuned = Encoder(model, encoder.tokenizer, encoder.settings, encoder.device) if outcome.best_step else encoder
    return Tuned(tuned, outcome.losses, outcome.held_out, outcome.best_step)


def _fingerprint(
    encoder: Encoder, settings: TwoTowerSettings, pairs: Pairs, held_out: Pairs | None, negatives: CategoryTexts | None
) -> str:
    """Identifies everything that a resumed training must have in common with the checkpoint."""
    parts = [texts.digest() if texts is not None else "" for texts in (pairs, held_out, negatives)]
    content = json.dumps([encoder.version, asdict(settings), Process.current().count, *parts])
    return hashlib.sha256(content.encode()).hexdigest()
