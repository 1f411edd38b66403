"""Versions of the uplift model: a registered model of its own in MLflow, next to the ranker's."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

from jobs.execution.night import Night
from jobs.registry.models import PASSED, UPLIFT, Champion, ModelStore


def uplift_store(night: Night) -> ModelStore:
    """The store of the uplift model, whose name is the ranker's and UPLIFT."""
    conf = night.conf.mlflow
    own = conf.model_copy(update={"registered_model": f"{conf.registered_model}{UPLIFT}"})
    return ModelStore(own, night.files, night.scratch / "uplift")


def newest_version(night: Night) -> Champion | None:
    """The newest version of the night's date or before it, with its files in a local folder."""
    return uplift_store(night).champion(night.as_of)


def uplift_is_due(night: Night, store: ModelStore) -> bool:
    """Whether the newest version is uplift.every_days old or absent; never while MLflow does not answer."""
    since = night.as_of - timedelta(days=night.conf.uplift.every_days)
    recent = any(since < version.as_of <= night.as_of for version in store.versions())
    return not recent and store.answers


def register_uplift(
    store: ModelStore, folder: Path, as_of: date, metrics: dict[str, float], params: dict[str, str]
) -> str:
    """Registers the files of a model and makes it the newest version; returns its number."""
    # No gate and no encoder: its error is in its predictions, and it reads no text.
    tags = {"encoder_version": "none", "encoder_as_of": as_of.isoformat(), "gate": PASSED}
    version = store.register(folder, as_of, metrics, params, tags).version
    store.promote(version)
    return version
