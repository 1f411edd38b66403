"""The steps of a fine-tuning, from the first step or from a checkpoint."""

from __future__ import annotations

import copy
import math
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn.parallel import DistributedDataParallel

from model.text.adapters import merged, with_adapters
from model.text.batches import PairTokens, Towers, rows_of_steps
from model.text.checkpoints import Progress, read_checkpoint, write_checkpoint
from model.text.encoder import Encoder, Report
from model.text.processes import Process
from model.text.tuning import TwoTowerSettings, learning_rate_factor

WEIGHT_DECAY = 0.01
LONGEST_GRADIENT = 1.0


class Training:
    """The state of a fine-tuning between two steps."""

    def __init__(
        self, encoder: Encoder, tokens: PairTokens, held_out: PairTokens | None, settings: TwoTowerSettings,
        checkpoint: Path | None, fingerprint: str,
    ) -> None:  # fmt: skip
        self.settings, self.tokens, self.held_out = settings, tokens, held_out
        self.checkpoint, self.fingerprint = checkpoint, fingerprint
        self.device = encoder.device
        self.process = Process.current()
        torch.manual_seed(settings.seed)
        model = copy.deepcopy(encoder.model).requires_grad_(True)
        self.model = with_adapters(model, settings.adapters) if settings.adapters else model
        self.weights = {name: weight for name, weight in self.model.named_parameters() if weight.requires_grad}
        decayed = [weight for weight in self.weights.values() if weight.ndim > 1]
        others = [weight for weight in self.weights.values() if weight.ndim <= 1]
        groups = [{"params": decayed, "weight_decay": WEIGHT_DECAY}, {"params": others, "weight_decay": 0.0}]
        self.optimiser = torch.optim.AdamW(
            [group for group in groups if group["params"]], lr=settings.learning_rate, fused=True
        )
        self._both = Towers(self.model, encoder.dtype == "bfloat16")
        # Some weights of a BERT, such as its pooler's, do not affect the vectors.
        self.towers: torch.nn.Module = self._both
        if self.process.count > 1:
            self.towers = DistributedDataParallel(self._both, find_unused_parameters=True)
        self.progress, self.best = Progress(), dict[str, Tensor]()
        if checkpoint is not None:
            saved = read_checkpoint(checkpoint, self.weights, self.optimiser, fingerprint)
            if saved is not None:
                self.progress, self.best = saved

    def run(self, report: Report | None) -> None:
        """Takes the remaining steps, until the last or until the held-out loss stops falling.

        report: called by the first process with the number of steps that are done and of all
        """
        settings, progress = self.settings, self.progress
        a_step = settings.batch_size * settings.accumulate * self.process.count
        rows = rows_of_steps(len(self.tokens.text_ids), settings.steps, a_step, settings.seed)
        self._evaluate()
        while progress.step < settings.steps and not self._is_over():
            loss = self._step(rows[progress.step].reshape(-1, settings.batch_size))
            progress.losses.append(loss)
            if report is not None and self.process.rank == 0:
                report(progress.step, settings.steps)
            self._evaluate()
            self._save_checkpoint()

    def result(self) -> torch.nn.Module:
        """The model with the best weights, adapters merged into it, in evaluation mode."""
        if self.best and self.progress.best_step < self.progress.step:
            with torch.no_grad():
                for name, values in self.best.items():
                    self.weights[name].copy_(values)
        model = merged(self.model) if self.settings.adapters else self.model
        return model.requires_grad_(True).eval()

    def _step(self, rows: np.ndarray) -> float:
        """One step on its batches [processes * accumulate, batch_size]; returns the mean loss of all of them."""
        settings, step, own = self.settings, self.progress.step, self.settings.accumulate
        for group in self.optimiser.param_groups:
            group["lr"] = settings.learning_rate * learning_rate_factor(step, settings.steps, settings.warmup_share)
        self.optimiser.zero_grad()
        self.model.train()
        total = 0.0
        for place in range(own):
            part = self.process.rank * own + place
            # Each batch has its own random numbers, so that a training that resumes from a checkpoint, or with another
            # number of processes, draws the same.
            seeds = np.random.SeedSequence([settings.seed, step, part])
            torch.manual_seed(int(seeds.generate_state(1)[0]))
            batch = self.tokens.batch(rows[part].tolist(), np.random.default_rng(seeds))
            with self._together_after(place == own - 1):
                loss = batch.loss(self.towers, settings.temperature)
                (loss / own).backward()
            total += loss.item() / own
        mean = self.process.mean(total, self.device)
        if not math.isfinite(mean):
            raise ValueError(
                f"The loss of step {step + 1} of the fine-tuning is {mean}. Lower encoder.fine_tune.learning_rate or "
                "raise encoder.fine_tune.temperature."
            )
        torch.nn.utils.clip_grad_norm_(self.weights.values(), LONGEST_GRADIENT)
        self.optimiser.step()
        return mean

    def _evaluate(self) -> None:
        """Measures the held-out loss if it is due, and keeps the weights if it is the smallest so far."""
        progress, settings = self.progress, self.settings
        due = progress.step % settings.evaluate_every == 0 if settings.evaluate_every else False
        if self.held_out is None or progress.step in progress.held_out or not (due or progress.step == settings.steps):
            return
        loss = math.nan
        if self.process.rank == 0:
            self.model.eval()
            loss = self.held_out.loss_of_all(self._both, settings.temperature, settings.batch_size)
        loss = self.process.agreed(loss, self.device)
        if not math.isfinite(loss):
            raise ValueError(
                f"The loss on the held-out days is {loss} after step {progress.step} of the fine-tuning. Lower "
                "encoder.fine_tune.learning_rate."
            )
        progress.held_out[progress.step] = loss
        if progress.best_step == progress.step:
            self.best = {name: values.detach().cpu().clone() for name, values in self.weights.items()}

    def _save_checkpoint(self) -> None:
        every = self.settings.checkpoint_every
        if self.checkpoint is None or not every or self.progress.step % every or self.process.rank > 0:
            return
        write_checkpoint(self.checkpoint, self.weights, self.optimiser, self.best, self.progress, self.fingerprint)

    def _is_over(self) -> bool:
        return self.held_out is not None and self.progress.evaluations_since_best() >= self.settings.patience

    def _together_after(self, last: bool) -> AbstractContextManager[None]:
        """Processes average their gradients after the last batch of a step only."""
        if last or not isinstance(self.towers, DistributedDataParallel):
            return nullcontext()
        return self.towers.no_sync()
