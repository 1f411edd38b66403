"""Opens a draft with its encoder on a night when training is due."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path

import numpy as np

from features.contract import EVENTS, ITEMS
from features.declarations import ITEM_FEATURES_TABLE
from features.text_pairs import sampled_text_pairs, text_positives
from features.texts import distinct_texts
from jobs.registry.drafts import Draft, read_draft, write_draft
from jobs.registry.lineup import encoder_is_due, model_store, training_is_due
from jobs.registry.models import ModelStore
from jobs.runtime.command import main_of
from jobs.runtime.errors import ConfigurationError
from jobs.runtime.logs import event
from jobs.runtime.night import Night
from model.periods import Periods, training_periods
from model.text.device import available_cores
from model.text.encoder import Encoder
from model.text.two_tower import Pairs, TwoTowerSettings
from model.text.two_tower import fine_tune as fine_tuned


def fine_tune(night: Night) -> None:
    """Opens a draft with its encoder on a night when training is due.

    The encoder is fine-tuned on purchases before the first training period where a new one is due, and is the
    champion's otherwise. A draft that is open for the date and of the same configuration stays as it is, so that a
    second run gives the same tables. On other nights the step is skipped.
    """
    store = model_store(night)
    if not training_is_due(night, store):
        night.record.status = "skipped"
        event("no training is due", step="fine_tune", as_of=night.as_of, every_days=night.conf.relevance.every_days)
        return
    draft = read_draft(night.folder, night.as_of)
    if draft is not None and draft.conf_hash == night.conf.hash:
        event("the open draft stays", step="fine_tune", as_of=night.as_of, encoder=draft.encoder_version)
    else:
        draft = _open_draft(night, store)
    night.record.decisions |= {
        "encoder_version": draft.encoder_version,
        "encoder_as_of": draft.encoder_as_of.isoformat(),
    }


def _open_draft(night: Night, store: ModelStore) -> Draft:
    periods = training_periods(night.as_of, night.conf.relevance.horizon_days, night.conf.fusion.periods)
    champion = store.champion(night.as_of)

    def new_encoder(folder: Path) -> tuple[str, date]:
        encoder = _trained(night, periods)
        encoder.save(folder)
        night.record.decisions["dtype"] = encoder.dtype
        return encoder.version, night.as_of

    def champions_encoder(folder: Path) -> tuple[str, date]:
        assert champion is not None
        shutil.copytree(champion.encoder_folder, folder)
        event("the champion's encoder stays", step="fine_tune", as_of=night.as_of, encoder=champion.encoder_version)
        return champion.encoder_version, champion.encoder_as_of

    return write_draft(
        night.folder,
        night.as_of,
        new_encoder if encoder_is_due(night, store) else champions_encoder,
        horizon_days=periods.horizon_days,
        cuts=periods.all_cuts,
        conf_hash=night.conf.hash,
    )


def _trained(night: Night, periods: Periods) -> Encoder:
    """The configured encoder, fine-tuned for the configured number of steps."""
    settings = night.conf.encoder
    base = _loaded(night, periods)
    if settings.fine_tune.steps == 0:
        return base
    pairs = _pairs(night, periods)
    event("fine-tuning", step="fine_tune", as_of=night.as_of, pairs=len(pairs), dtype=base.dtype, device=base.device)
    encoder, losses = fine_tuned(
        base,
        pairs,
        TwoTowerSettings(
            settings.fine_tune.steps,
            settings.fine_tune.batch_size,
            settings.fine_tune.learning_rate,
            settings.fine_tune.warmup_share,
            settings.fine_tune.temperature,
            night.conf.seed,
        ),
        threads=available_cores(),
        progress="fine-tuning",
    )
    tenth = max(len(losses) // 10, 1)
    first, last = np.mean(losses[:tenth]), np.mean(losses[-tenth:])
    event("fine-tuned", step="fine_tune", as_of=night.as_of, first_loss=round(first, 4), last_loss=round(last, 4))
    night.record.rows = {"pairs": len(pairs), "steps": len(losses)}
    night.record.decisions |= {"first_loss": f"{first:.4f}", "last_loss": f"{last:.4f}"}
    return encoder


def _loaded(night: Night, periods: Periods) -> Encoder:
    settings = night.conf.encoder
    try:
        return Encoder.from_pretrained(
            settings.model,
            as_of=night.as_of.isoformat(),
            cut=periods.encoder_cut.isoformat(),
            max_item_tokens=settings.max_item_tokens,
            max_user_tokens=settings.max_user_tokens,
            device=settings.device,
            dtype=settings.dtype,
            threads=available_cores(),
        )
    except ValueError as error:
        raise ConfigurationError("The encoder of the configuration cannot be used.", str(error)) from error


def _pairs(night: Night, periods: Periods) -> Pairs:
    """Positives before the encoder's cut, with the items as they were known at it."""
    conf, tuning, cut = night.conf, night.conf.encoder.fine_tune, periods.encoder_cut
    known = night.tables.read_date(ITEM_FEATURES_TABLE, cut).select("item_id", "title", "text_hash")
    item_texts = (
        known.join(distinct_texts(night.tables.read(ITEMS)), on="text_hash", how="inner")
        .select("item_id", "title", "text", "text_hash")
        .persist()
    )
    events = night.tables.read(EVENTS).select("user_id", "item_id", "event_type", "event_time")
    positives = text_positives(events, item_texts, cut, tuning.window_days).persist()
    rows = sampled_text_pairs(
        positives,
        events,
        item_texts,
        history_days=conf.features.history_days,
        user_items=conf.encoder.user_items,
        pairs=tuning.steps * tuning.batch_size,
        seed=conf.seed,
    ).toPandas()
    for frame in (positives, item_texts):
        frame.unpersist()
    return Pairs(rows.user_text.to_list(), rows.item_text.to_list(), rows.item_share.to_numpy())


if __name__ == "__main__":
    main_of(fine_tune)
