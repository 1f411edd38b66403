"""A draft: the challenger of a night in training, a folder in the warehouse and, of a remote one, a copy of it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from jobs.runtime.atomic_file import write_atomically
from jobs.runtime.errors import LongtailError
from jobs.runtime.storage import LocalStorage, Storage
from model.periods import Periods

DESCRIPTION, ENCODER, FIRST_STAGE = "draft.json", "encoder", "first_stage"
_WITH_FIRST_STAGE = "first_stage.complete"  # of a remote draft: folders are uploaded file by file


@dataclass(frozen=True)
class Draft:
    """A challenger for `as_of`. `cuts` are the past dates of its training and of the gate, oldest first.

    folder: local; the warehouse's own folder, or a copy of a remote one that lasts as long as the run
    limits: what a short history takes away from the model, in sentences
    """

    as_of: date
    folder: Path
    encoder_version: str
    encoder_as_of: date
    horizon_days: int
    cuts: tuple[date, ...]
    conf_hash: str
    limits: tuple[str, ...] = ()

    @property
    def periods(self) -> Periods | None:
        """The periods of its training; None where the history is too short for one."""
        return Periods.of(self.cuts, self.horizon_days) if self.cuts else None

    @property
    def encoder_folder(self) -> Path:
        """Where its encoder lies."""
        return self.folder / ENCODER

    @property
    def first_stage_folder(self) -> Path:
        """Where its first stage lies."""
        return self.folder / FIRST_STAGE


def draft_name(as_of: date) -> str:
    """The folder of the draft of a date among the files of the warehouse."""
    return f"drafts/{as_of.isoformat()}"


def write_draft(
    files: Storage,
    scratch: Path,
    as_of: date,
    make_encoder: Callable[[Path], tuple[str, date]],
    *,
    horizon_days: int,
    cuts: Sequence[date],
    conf_hash: str,
    limits: Sequence[str] = (),
) -> Draft:
    """Opens a draft; an older one of the date is deleted.

    `make_encoder` writes the encoder into the folder that it gets and returns its version and its date. The
    description is written last, so that a run that dies before leaves no draft.

    files, scratch: of the night
    """
    name, folder = draft_name(as_of), _local_folder(files, scratch, as_of)
    files.delete(name)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    version, encoder_as_of = make_encoder(folder / ENCODER)
    if not isinstance(files, LocalStorage):
        files.upload(folder / ENCODER, f"{name}/{ENCODER}")
    draft = Draft(as_of, folder, version, encoder_as_of, horizon_days, tuple(cuts), conf_hash, tuple(limits))
    content = {
        "encoder_version": version,
        "encoder_as_of": encoder_as_of.isoformat(),
        "horizon_days": horizon_days,
        "cuts": [cut.isoformat() for cut in cuts],
        "conf_hash": conf_hash,
        "limits": list(limits),
    }
    text = json.dumps(content, indent=2)
    write_atomically(folder / DESCRIPTION, text)
    if not isinstance(files, LocalStorage):
        files.write(f"{name}/{DESCRIPTION}", text)
    return draft


def keep_first_stage(files: Storage, draft: Draft) -> None:
    """Takes the first stage, which was written into the draft's local folder, to a remote warehouse."""
    if not isinstance(files, LocalStorage):
        name = draft_name(draft.as_of)
        files.upload(draft.first_stage_folder, f"{name}/{FIRST_STAGE}")
        files.write(f"{name}/{_WITH_FIRST_STAGE}", "")


def read_draft(files: Storage, scratch: Path, as_of: date) -> Draft | None:
    """The open draft of a date, or None; of a remote warehouse it is copied to the scratch once a run.

    Raises LongtailError when its description cannot be read.
    """
    name, folder = draft_name(as_of), _local_folder(files, scratch, as_of)
    description = files.read(f"{name}/{DESCRIPTION}")
    if description is None:
        return None
    if not isinstance(files, LocalStorage):
        _fetch(files, name, folder, description)
    try:
        content = json.loads(description)
        return Draft(
            as_of,
            folder,
            content["encoder_version"],
            date.fromisoformat(content["encoder_as_of"]),
            content["horizon_days"],
            tuple(date.fromisoformat(cut) for cut in content["cuts"]),
            content["conf_hash"],
            tuple(content.get("limits", ())),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise LongtailError(
            f"{files.shown(name)}/{DESCRIPTION} does not describe a draft ({type(error).__name__}: {error}).",
            f"Delete {files.shown(name)} and run jobs/fine_tune.py for {as_of} again.",
        ) from error


def _local_folder(files: Storage, scratch: Path, as_of: date) -> Path:
    name = draft_name(as_of)
    return files.path(name) if isinstance(files, LocalStorage) else scratch / name


def _fetch(files: Storage, name: str, folder: Path, description: bytes) -> None:
    """Copies a remote draft to a local folder, unless the folder has it already."""
    place = folder / DESCRIPTION
    if place.is_file() and place.read_bytes() == description:
        return
    shutil.rmtree(folder, ignore_errors=True)
    files.download(name, folder)
    if not (folder / _WITH_FIRST_STAGE).exists():  # the run died while it uploaded the first stage
        shutil.rmtree(folder / FIRST_STAGE, ignore_errors=True)
