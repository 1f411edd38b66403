"""The checkpoint of a fine-tuning, taken to a remote warehouse while it runs, so that a new driver can resume."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread

from jobs.runtime.logs import event
from jobs.runtime.storage import LocalStorage, Storage
from model.text.distributed import CHECKPOINT

TUNINGS = "fine_tuning"  # folder of the warehouse with a folder a date, left by a training that failed or was killed
LOOK_SECONDS = 10.0


@contextmanager
def checkpoint_folder(files: Storage, name: str, scratch: Path) -> Iterator[Path]:
    """A local folder for the checkpoint, where an interrupted training left it; deleted unless the training fails.

    files: of the warehouse; name: the folder among them; scratch: local, for a remote warehouse
    """
    if isinstance(files, LocalStorage):
        folder = files.path(name)
        folder.mkdir(parents=True, exist_ok=True)
        yield folder
    else:
        folder = scratch / name
        folder.mkdir(parents=True, exist_ok=True)
        files.download(f"{name}/{CHECKPOINT}", folder / CHECKPOINT)
        with _uploading(files, f"{name}/{CHECKPOINT}", folder / CHECKPOINT):
            yield folder
    files.delete(name)


def erase_training_texts(files: Storage) -> list[str]:
    """Deletes what trainings that failed or were killed left behind except checkpoints; returns the names deleted.

    Their pairs of texts name what shoppers bought. A training that resumes writes its own pairs again; a checkpoint
    holds weights alone, and is ignored when the pairs have changed.

    files: of the warehouse
    """
    left = [
        f"{TUNINGS}/{night}/{name}"
        for night in files.names(TUNINGS)
        for name in files.names(f"{TUNINGS}/{night}")
        if name != CHECKPOINT
    ]
    for name in left:
        files.delete(name)
    return left


@contextmanager
def _uploading(files: Storage, name: str, place: Path) -> Iterator[None]:
    """Uploads each new version of a file, which its writer replaces atomically."""
    ended = Event()

    def upload() -> None:
        uploaded = _version(place)
        while not ended.wait(LOOK_SECONDS):
            newest = _version(place)
            if newest is None or newest == uploaded:
                continue
            try:
                files.upload(place, name)
                uploaded = newest
            except Exception as error:  # the training continues, and the next look tries again
                event("checkpoint not uploaded yet", why=type(error).__name__)

    thread = Thread(target=upload, name="checkpoint upload", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def _version(place: Path) -> tuple[int, int] | None:
    try:
        status = place.stat()
    except FileNotFoundError:
        return None
    return status.st_ino, status.st_mtime_ns
