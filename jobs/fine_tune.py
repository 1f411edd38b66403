"""Opens a draft with its encoder on a night when training is due."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path

import numpy as np

from jobs.config.configuration import Config
from jobs.encoder.kept_checkpoint import TUNINGS, checkpoint_folder
from jobs.encoder.pretrained import loaded_encoder
from jobs.encoder.processes import run_together
from jobs.encoder.training_data import tuning_data
from jobs.execution.command import main_of
from jobs.execution.night import Night
from jobs.registry.active_models import encoder_is_due, model_store, training_is_due
from jobs.registry.drafts import Draft, read_draft, write_draft
from jobs.registry.models import Champion, ModelStore
from jobs.relevance.training_plan import TrainingPlan, training_plan
from jobs.runtime.errors import LongtailError
from jobs.runtime.logs import event, warning
from jobs.runtime.progress import reporter
from model.cores import available_cores
from model.periods import Periods
from model.text.adapters import Lora
from model.text.distributed import CHECKPOINT, TuningData, put_tuning, take_tuned, tune_in_process
from model.text.encoder import Encoder
from model.text.storage import read_description
from model.text.tuning import TwoTowerSettings
from model.text.two_tower import LEAST_ITEM_TEXTS, Tuned
from model.text.two_tower import fine_tune as fine_tuned


def fine_tune(night: Night) -> None:
    """Opens a draft with its encoder on a night when training is due.

    The encoder is fine-tuned on purchases before the first training period where a new one is due, and is the
    champion's otherwise. Where the history is too short, it is used as it was pretrained. A draft that is open for the
    date, of the same configuration and the same periods stays as it is, so that a second run gives the same tables. On
    other nights the step is skipped. An interrupted fine-tuning resumes from its checkpoint. A fine-tuning that
    diverges leaves no draft, and the champion keeps serving.
    """
    store = model_store(night)
    if not training_is_due(night, store):
        night.record.status = "skipped"
        event("no training is due", step="fine_tune", as_of=night.as_of, every_days=night.conf.relevance.every_days)
        return
    draft, plan = read_draft(night.files, night.scratch, night.as_of), training_plan(night)
    champion = store.champion(night.as_of)
    if plan.periods is None and champion is not None and not champion.is_reference:
        night.record.status = "skipped"
        warning("the champion keeps serving, the history is too short for a training", why=" ".join(plan.limits))
        return
    if draft is not None and draft.conf_hash == night.conf.hash and draft.periods == plan.periods:
        event("the open draft is used", step="fine_tune", as_of=night.as_of, encoder=draft.encoder_version)
    else:
        draft = _open_draft(night, store, plan, champion)
    night.record.decisions |= {
        "encoder_version": draft.encoder_version,
        "encoder_as_of": draft.encoder_as_of.isoformat(),
    }


def _open_draft(night: Night, store: ModelStore, plan: TrainingPlan, champion: Champion | None) -> Draft:
    periods = plan.periods
    is_due = encoder_is_due(night, store) or (
        champion is not None and periods is not None and _cut_of(champion) > periods.encoder_cut
    )

    def new_encoder(folder: Path) -> tuple[str, date]:
        encoder = _trained(night, periods)
        encoder.save(folder)
        night.record.decisions["dtype"] = encoder.dtype
        return encoder.version, night.as_of

    def champions_encoder(folder: Path) -> tuple[str, date]:
        assert champion is not None
        shutil.copytree(champion.encoder_folder, folder)
        event("the champion's encoder is used", step="fine_tune", as_of=night.as_of, encoder=champion.encoder_version)
        return champion.encoder_version, champion.encoder_as_of

    return write_draft(
        night.files,
        night.scratch,
        night.as_of,
        new_encoder if is_due else champions_encoder,
        horizon_days=periods.horizon_days if periods else night.conf.relevance.horizon_days,
        cuts=periods.all_cuts if periods else (),
        conf_hash=night.conf.hash,
        limits=plan.limits,
    )


def _cut_of(champion: Champion) -> date:
    """The day from which on its encoder has seen no event."""
    return date.fromisoformat(read_description(champion.encoder_folder).settings["cut"])


def _trained(night: Night, periods: Periods | None) -> Encoder:
    """The configured encoder, fine-tuned for the configured number of steps.

    As it was pretrained, if there are no periods or fewer than two item texts were bought before them.
    """
    base = loaded_encoder(night, periods.encoder_cut if periods else night.as_of)
    if periods is None or night.conf.encoder.fine_tune.steps == 0:
        return base
    data = tuning_data(night, periods)
    if len(set(data.pairs.item_texts)) < LEAST_ITEM_TEXTS:
        warning(
            f"too few {night.conf.relevance.words.plural} to tune the encoder, which stays as it was pretrained",
            pairs=len(data.pairs),
        )
        return base
    event(
        "fine-tuning", step="fine_tune", as_of=night.as_of, pairs=len(data.pairs),
        held_out=len(data.held_out) if data.held_out else 0, dtype=base.dtype, device=base.device,
    )  # fmt: skip
    try:
        with checkpoint_folder(night.files, f"{TUNINGS}/{night.as_of}", night.scratch) as folder:
            tuned = _tuned(night, base, data, folder)
    except ValueError as error:
        raise LongtailError(
            "The fine-tuning of the encoder failed, and no new model is trained.",
            f"{error} If there is a champion, it keeps serving: continue with jobs/nightly.py --from-step embed.",
        ) from error
    _record(night, len(data.pairs), tuned)
    return tuned.encoder


def _tuned(night: Night, base: Encoder, data: TuningData, folder: Path) -> Tuned:
    """Fine-tunes in this process or in several; `folder` holds the checkpoint."""
    settings = two_tower_settings(night.conf)
    if night.conf.encoder.processes > 1:
        put_tuning(folder, base, data, settings)
        run_together(night, tune_in_process, str(folder))
        return take_tuned(folder, base, night.conf.encoder.device)
    return fine_tuned(
        base, data.pairs, settings, held_out=data.held_out, negatives=data.negatives, checkpoint=folder / CHECKPOINT,
        threads=available_cores(), progress=reporter("training steps"),
    )  # fmt: skip


def _record(night: Night, pairs: int, tuned: Tuned) -> None:
    losses = tuned.losses
    tenth = max(len(losses) // 10, 1)
    figures = {"first_loss": float(np.mean(losses[:tenth])), "last_loss": float(np.mean(losses[-tenth:]))}
    if tuned.held_out:
        figures |= {"held_out_loss_before": tuned.held_out[0], "held_out_loss": tuned.held_out[tuned.best_step]}
    figures = {name: round(loss, 4) for name, loss in figures.items()}
    event("fine-tuned", step="fine_tune", as_of=night.as_of, steps=len(losses), kept_step=tuned.best_step, **figures)
    night.record.rows = {"pairs": pairs, "steps": len(losses)}
    night.record.decisions |= {name: f"{loss:.4f}" for name, loss in figures.items()}
    night.record.decisions["kept_step"] = str(tuned.best_step)


def two_tower_settings(conf: Config) -> TwoTowerSettings:
    """The settings of a fine-tuning by the configuration."""
    tuning = conf.encoder.fine_tune
    return TwoTowerSettings(
        steps=tuning.steps,
        batch_size=tuning.batch_size,
        learning_rate=tuning.learning_rate,
        warmup_share=tuning.warmup_share,
        temperature=tuning.temperature,
        seed=conf.seed,
        accumulate=tuning.accumulate,
        hard_negatives=tuning.hard_negatives,
        adapters=Lora(**tuning.lora.model_dump()) if tuning.method == "lora" else None,
        evaluate_every=tuning.evaluate_every if tuning.held_out_days else 0,
        patience=tuning.patience,
        checkpoint_every=tuning.checkpoint_every,
    )


if __name__ == "__main__":
    main_of(fine_tune)
