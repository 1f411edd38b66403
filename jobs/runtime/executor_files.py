"""Files that every executor reads: sent once, shared by its Python workers through memory maps."""

from __future__ import annotations

import shutil
import tarfile
import uuid
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from pyspark import SparkFiles
from pyspark.sql import SparkSession


def ship_arrays(spark: SparkSession, arrays: dict[str, np.ndarray]) -> str:
    """Writes arrays as .npy files, sends them to the executors and returns the name that `shipped_array` takes."""

    def save(folder: Path) -> None:
        folder.mkdir()
        for key, array in arrays.items():
            np.save(folder / f"{key}.npy", np.ascontiguousarray(array))

    return _ship(spark, f"arrays-{uuid.uuid4().hex}", save)


def ship_folder(spark: SparkSession, folder: Path) -> str:
    """Sends a local folder, whose name must be unique in the session, to the executors; returns that name."""
    return _ship(spark, folder.name, lambda place: shutil.copytree(folder, place))


def _ship(spark: SparkSession, name: str, fill: Callable[[Path], object]) -> str:
    """Puts a folder where Spark keeps what was sent, and sends it from there.

    A task that starts meanwhile fetches all that was sent. On one machine it would copy to the place that the driver
    is copying to, so the folder has to be there, whole, before Spark knows of it. To other machines Spark sends no
    folder of the driver's disk, so an archive goes there, which each executor unpacks.
    """
    context = spark.sparkContext
    if not _on_one_machine(context.master):
        archive = Path(SparkFiles.getRootDirectory()) / f"sent-{name}.tar"
        with TemporaryDirectory() as scratch, tarfile.open(archive, "w") as packed:
            fill(Path(scratch) / name)
            for part in (Path(scratch) / name).iterdir():  # Spark refuses the entry of the folder itself
                packed.add(part, part.name)
        context.addArchive(f"{archive}#{name}")
        return name
    sent = Path(SparkFiles.getRootDirectory())
    fill(sent / f"making-{name}")
    (sent / f"making-{name}").rename(sent / name)
    context.addFile(str(sent / name), recursive=True)
    return name


def _on_one_machine(master: str | None) -> bool:
    return master is None or master == "local" or master.startswith("local[")


def shipped_folder(name: str) -> Path:
    """On a worker: the local copy of a folder that was sent."""
    return Path(SparkFiles.get(name))


def shipped_array(name: str, key: str) -> np.ndarray:
    """On a worker: one array of `ship_arrays`, memory-mapped, so that the workers of an executor share its pages."""
    return np.load(shipped_folder(name) / f"{key}.npy", mmap_mode="r")
