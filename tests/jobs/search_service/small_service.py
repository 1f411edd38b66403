"""A warehouse of one night with a few titles, an encoder that reads words, and an online store in memory."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import yaml

from features.contract import ITEM_EXPOSURE, TEXT_EMBEDDINGS
from features.declarations import ITEM_FEATURES_TABLE
from jobs.config.configuration import Config, load_config
from jobs.search_service import loading
from jobs.serving.client import USER_EXPOSURE_VIEW, USER_FEATURES_VIEW, PublishedNight, StorefrontUnavailable
from tests.jobs.desk.small_warehouse import write

NIGHT = date(2024, 3, 8)
TITLES = {
    "best": ("Step ladder 6 ft", "head", True), "gone": ("Garden gnome", "tail", False),
    "lamp": ("Desk lamp", "head", True), "mug": ("Mug", "cold", True), "tall": ("Extension ladder 20 ft", "tail", True),
}  # fmt: skip
WORDS = ("ladder", "lamp", "gnome", "mug", "step", "extension")
BOOSTS = {"best": -0.5, "tall": 0.25, "lamp": 0.0}


def vectors(texts: list[str]) -> np.ndarray:
    """Unit vectors by the words of a text; any two are a little alike."""
    rows = np.array([[0.5, *(word in text.lower() for word in WORDS)] for text in texts])
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


class WordEncoder:
    """Replaces `Encoder` by the words of a text."""

    version = "e"

    @classmethod
    def load(cls, folder: Path, device: str) -> WordEncoder:
        return cls()

    def encode_queries(self, texts: list[str], batch_size: int, *, threads: int | None = None) -> np.ndarray:
        return vectors(texts)


class Online:
    """Replaces `StorefrontClient`: ann has consent, bob has none."""

    def __init__(self) -> None:
        self.night: PublishedNight | None = PublishedNight(NIGHT, "run")
        self.is_down = False

    def published(self) -> PublishedNight | None:
        return self.night

    def user(self, user_id: str) -> dict[str, Any]:
        if self.is_down:
            raise StorefrontUnavailable("down")
        known = user_id in ("ann", "bob")
        return {
            "user_id": user_id,
            f"{USER_EXPOSURE_VIEW}__as_of": NIGHT.isoformat() if known else None,
            f"{USER_EXPOSURE_VIEW}__item_ids": ["lamp", "tall"] if known else None,
            f"{USER_EXPOSURE_VIEW}__boosts": [4.0, 0.0] if known else None,
            f"{USER_FEATURES_VIEW}__consent_personalisation": user_id == "ann" if known else None,
        }


def write_items(folder: Path, night: date = NIGHT, extra: dict[str, tuple[str, str, bool]] | None = None) -> None:
    """The tables of a night, of the titles and of `extra` ones."""
    titles = TITLES | (extra or {})
    write(folder, ITEM_FEATURES_TABLE, [
        {"as_of": night, "item_id": name, "title": title, "brand": "", "segment": segment, "is_eligible": eligible,
         "text_hash": name}
        for name, (title, segment, eligible) in titles.items()
    ])  # fmt: skip
    write(folder, TEXT_EMBEDDINGS, [
        {"text_hash": name, "encoder_version": "e", "embedding": vector.tolist()}
        for name, vector in zip(titles, vectors([title for title, _, _ in titles.values()]), strict=True)
        if night == NIGHT or name in (extra or {})
    ])  # fmt: skip
    write(folder, ITEM_EXPOSURE, [
        {"as_of": night, "policy": "main", "placement": "tail_shelf", "item_id": item, "boost": boost,
         "segment": "tail", "cap": 5.0, "binding": "none"}
        for item, boost in BOOSTS.items()
    ])  # fmt: skip


def conf_in(folder: Path, **sections: Any) -> Config:
    """A configuration of the folder's warehouse, by which a slow machine has time for each request."""
    sections["search_service"] = {"timeout_seconds": 60.0} | sections.get("search_service", {})
    path = folder / f"{len(list(folder.glob('*.yaml')))}.yaml"
    content = {"warehouse": str(folder / "warehouse"), "source": {"kind": "complete_journey"}, **sections}
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    return load_config(path)


def without_models(monkeypatch: pytest.MonkeyPatch) -> None:
    """Replaces MLflow and the encoder."""
    champion = SimpleNamespace(encoder_version="e", encoder_folder=Path("encoder"))
    monkeypatch.setattr(loading, "ModelStore", lambda *_: SimpleNamespace(champion=lambda _: champion))
    monkeypatch.setattr(loading, "Encoder", WordEncoder)


def eventually(holds: Callable[[], bool]) -> bool:
    """Whether a condition comes to hold within a minute."""
    end = time.monotonic() + 60
    while not holds() and time.monotonic() < end:
        time.sleep(0.01)
    return holds()
