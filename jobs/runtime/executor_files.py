"""Files that every executor reads: sent once, memory-mapped by its Python workers."""

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


def ship_folder(spark: SparkSession, folder: Path, name: str | None = None) -> str:
    """Sends a local folder to the executors, under a name that must be unique in the session; returns the name.

    name: that of the folder if it is None
    """
    return _ship(spark, name or folder.name, lambda place: shutil.copytree(folder, place))


def _ship(spark: SparkSession, name: str, fill: Callable[[Path], object]) -> str:
    """Fills a folder among the files that Spark distributes, and registers it there.

    Every task that starts fetches all registered files. On one machine it copies them to the very folder that the
    driver writes to, so the folder has to be complete before it is registered. Spark sends no folder of the driver's
    disk to another machine, so there it gets an archive, which each executor unpacks.
    """
    context = spark.sparkContext
    if not on_one_machine(context.master):
        archive = Path(SparkFiles.getRootDirectory()) / f"sent-{name}.tar"
        with TemporaryDirectory() as scratch, tarfile.open(archive, "w") as packed:
            fill(Path(scratch) / name)
            for part in (Path(scratch) / name).iterdir():  # Spark rejects an entry for the folder itself
                packed.add(part, part.name)
        context.addArchive(f"{archive}#{name}")
        return name
    sent = Path(SparkFiles.getRootDirectory())
    fill(sent / f"partial-{name}")
    (sent / f"partial-{name}").rename(sent / name)
    context.addFile(str(sent / name), recursive=True)
    return name


def on_one_machine(master: str | None) -> bool:
    """Whether the tasks of a master run in the driver's process."""
    return master is None or master == "local" or master.startswith("local[")


def shipped_folder(name: str) -> Path:
    """On a worker: the local copy of a folder from `ship_folder`."""
    return Path(SparkFiles.get(name))


def shipped_array(name: str, key: str) -> np.ndarray:
    """On a worker: one array from `ship_arrays`, memory-mapped, so that workers of an executor share its pages."""
    return np.load(shipped_folder(name) / f"{key}.npy", mmap_mode="r")
