"""A draft: the challenger of a night in training, a folder in the warehouse."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from jobs.runtime.atomic_file import write_atomically
from jobs.runtime.errors import LongtailError

DESCRIPTION = "draft.json"


@dataclass(frozen=True)
class Draft:
    """A challenger for `as_of`. `cuts` are the past dates of its training and of the gate, oldest first."""

    as_of: date
    folder: Path
    encoder_version: str
    encoder_as_of: date
    horizon_days: int
    cuts: tuple[date, ...]
    conf_hash: str

    @property
    def encoder_folder(self) -> Path:
        """Where its encoder lies."""
        return self.folder / "encoder"

    @property
    def first_stage_folder(self) -> Path:
        """Where its first stage lies."""
        return self.folder / "first_stage"


def draft_folder(night_folder: Path, as_of: date) -> Path:
    """Where the draft of a date lies in the warehouse's local folder."""
    return night_folder / "drafts" / as_of.isoformat()


def write_draft(
    night_folder: Path,
    as_of: date,
    make_encoder: Callable[[Path], tuple[str, date]],
    *,
    horizon_days: int,
    cuts: Sequence[date],
    conf_hash: str,
) -> Draft:
    """Opens a draft; an older one of the date is deleted.

    `make_encoder` writes the encoder into the folder that it gets and returns its version and its date. The
    description is written last, so that a run that dies before leaves no draft.
    """
    folder = draft_folder(night_folder, as_of)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    version, encoder_as_of = make_encoder(folder / "encoder")
    draft = Draft(as_of, folder, version, encoder_as_of, horizon_days, tuple(cuts), conf_hash)
    content = {
        "encoder_version": version,
        "encoder_as_of": encoder_as_of.isoformat(),
        "horizon_days": horizon_days,
        "cuts": [cut.isoformat() for cut in cuts],
        "conf_hash": conf_hash,
    }
    write_atomically(folder / DESCRIPTION, json.dumps(content, indent=2))
    return draft


def read_draft(night_folder: Path, as_of: date) -> Draft | None:
    """The open draft of a date, or None. Raises LongtailError when its description cannot be read."""
    folder = draft_folder(night_folder, as_of)
    place = folder / DESCRIPTION
    if not place.is_file():
        return None
    try:
        content = json.loads(place.read_text(encoding="utf-8"))
        return Draft(
            as_of,
            folder,
            content["encoder_version"],
            date.fromisoformat(content["encoder_as_of"]),
            content["horizon_days"],
            tuple(date.fromisoformat(cut) for cut in content["cuts"]),
            content["conf_hash"],
        )
    except (KeyError, TypeError, ValueError) as error:
        raise LongtailError(
            f"{place} does not describe a draft ({type(error).__name__}: {error}).",
            f"Delete {folder} and run jobs/fine_tune.py for {as_of} again.",
        ) from error
