"""Which model versions are active on a night: the champion that serves, and the draft that is in training."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from jobs.execution.night import Night
from jobs.registry.drafts import Draft, read_draft
from jobs.registry.models import REFUSED_BY_GATE, Champion, ModelStore
from jobs.registry.version import Version
from jobs.runtime.errors import LongtailError
from model.bundle import RESPONSES


@dataclass(frozen=True)
class ActiveModels:
    """The models for which a night computes embeddings and candidates.

    The gate compares a draft with the champion and, where it is another version, with the anchor, the first champion of
    all: several small losses, each within the margin, could otherwise add up.

    days_since_attempt: since the newest version that was trained after the champion and did not replace it, None where
    there is none; set with a draft only
    """

    champion: Champion | None
    draft: Draft | None
    anchor: Champion | None = None
    days_since_attempt: int | None = None

    @property
    def has_trained(self) -> bool:
        """Whether a trained model serves, not a reference."""
        return self.champion is not None and not self.champion.is_reference

    @property
    def contenders(self) -> tuple[Champion | Draft, ...]:
        """Champion and draft, as far as there are any, the champion first."""
        return tuple(model for model in (self.champion, self.draft) if model is not None)


def model_store(night: Night) -> ModelStore:
    """The store of the night's configuration and warehouse."""
    return ModelStore(night.conf.mlflow, night.files, night.scratch)


def serving_champion(night: Night) -> Champion:
    """The champion as of the night. Raises LongtailError without one."""
    champion = model_store(night).champion(night.as_of)
    if champion is None:
        raise LongtailError(
            f"No champion was trained for {night.as_of} or before.", "Run jobs/nightly.py for the date with --train."
        )
    return champion


def active_models(night: Night) -> ActiveModels:
    """The champion as of the night and its draft, unless the draft's version is registered already.

    While MLflow does not answer there is no draft, since its version could not be registered.
    """
    store = model_store(night)
    registered = store.versions_at(night.as_of)
    draft = None
    if store.answers and not registered:
        draft = read_draft(night.files, night.scratch, night.as_of)
    champion = store.champion(night.as_of)
    anchor = store.anchor(night.as_of) if draft and champion else None
    other = anchor if anchor and champion and anchor.version != champion.version else None
    return ActiveModels(champion, draft, other, _days_since_attempt(night, store, champion) if draft else None)


def training_is_due(night: Night, store: ModelStore) -> bool:
    """Whether first stage and fusion are due, and the last attempt long enough ago.

    They are where the champion is old or absent, or predicts not every response of `relevance.values`.

    A reference is no model of its own, so any attempt long enough ago is followed by the next. Never while MLflow does
    not answer.
    """
    retry_after = night.as_of - timedelta(days=night.conf.gate.retry_days)
    attempted = any(retry_after < version.as_of <= night.as_of for version in store.versions())
    if attempted or not store.answers:
        return False
    champion = store.champion(night.as_of)
    if champion is None or champion.is_reference:
        return True
    relevance = night.conf.relevance
    if any(not (champion.folder / RESPONSES / response).exists() for response in relevance.others):
        return True
    return _days(champion.as_of, night) >= relevance.every_days


def encoder_is_due(night: Night, store: ModelStore) -> bool:
    """Whether a training of this night starts with a new encoder: the champion's is old, or there is no champion."""
    champion = store.champion(night.as_of)
    return champion is None or _days(champion.encoder_as_of, night) >= night.conf.encoder.every_days


def _days_since_attempt(night: Night, store: ModelStore, champion: Champion | None) -> int | None:
    attempts = [
        version.as_of
        for version in store.versions()
        if version.as_of < night.as_of
        and (champion is None or version.as_of > champion.as_of or _is_refused_with(version, champion))
    ]
    return _days(max(attempts), night) if attempts else None


def _is_refused_with(version: Version, champion: Champion) -> bool:
    """Whether the gate refused it on the night of the reference that serves in its place."""
    return champion.is_reference and version.as_of == champion.as_of and version.gate == REFUSED_BY_GATE


def _days(since: date, night: Night) -> int:
    return (night.as_of - since).days
