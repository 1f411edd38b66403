"""Who plays tonight: the champion as of the date, and the challenger that is being trained, if there is one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from jobs.execution.night import Night
from jobs.registry.drafts import Draft, read_draft
from jobs.registry.models import Champion, ModelStore


@dataclass(frozen=True)
class Lineup:
    """The models that a night's embeddings and candidates are made for.

    A draft is judged beside the champion, and beside the anchor, the first champion of all, where that is another one:
    small losses that each pass the gate then do not add up.
    """

    champion: Champion | None
    draft: Draft | None
    anchor: Champion | None = None

    @property
    def contenders(self) -> tuple[Champion | Draft, ...]:
        """Those present, the champion first."""
        return tuple(one for one in (self.champion, self.draft) if one is not None)


def model_store(night: Night) -> ModelStore:
    """The store of the night's configuration and warehouse."""
    return ModelStore(night.conf.mlflow, night.folder)


def lineup(night: Night) -> Lineup:
    """Champion as of the night and its draft; a draft whose version is registered already is done and left out.

    While MLflow does not answer there is no draft either: its version could not be registered.
    """
    store = model_store(night)
    registered = store.versions_at(night.as_of)
    draft = read_draft(night.folder, night.as_of) if store.answers and not registered else None
    champion = store.champion(night.as_of)
    anchor = store.anchor(night.as_of) if draft and champion else None
    return Lineup(champion, draft, anchor if anchor and champion and anchor.version != champion.version else None)


def training_is_due(night: Night, store: ModelStore) -> bool:
    """Whether first stage and fusion are to be trained: no attempt in the last days, and the champion old or absent.

    Never while MLflow does not answer.
    """
    newest_forbidden = night.as_of - timedelta(days=night.conf.gate.retry_days)
    attempted = any(newest_forbidden < version.as_of <= night.as_of for version in store.versions())
    if attempted or not store.answers:
        return False
    champion = store.champion(night.as_of)
    return champion is None or _days(champion.as_of, night) >= night.conf.relevance.every_days


def encoder_is_due(night: Night, store: ModelStore) -> bool:
    """Whether a training of tonight starts with a new encoder: the champion's is old, or there is no champion."""
    champion = store.champion(night.as_of)
    return champion is None or _days(champion.encoder_as_of, night) >= night.conf.encoder.every_days


def _days(since: date, night: Night) -> int:
    return (night.as_of - since).days
