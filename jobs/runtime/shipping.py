"""Files that every executor reads: sent once, shared by its Python workers through memory maps."""

from __future__ import annotations

import uuid
from pathlib import Path

import numpy as np
from pyspark import SparkFiles
from pyspark.sql import SparkSession


def ship_arrays(spark: SparkSession, arrays: dict[str, np.ndarray], scratch: Path) -> str:
    """Writes arrays as .npy files, sends them to the executors and returns the name that `shipped_array` takes."""
    name = f"arrays-{uuid.uuid4().hex}"
    folder = scratch / name
    folder.mkdir(parents=True)
    for key, array in arrays.items():
        np.save(folder / f"{key}.npy", np.ascontiguousarray(array))
    return ship_folder(spark, folder)


def ship_folder(spark: SparkSession, folder: Path) -> str:
    """Sends a local folder, whose name must be unique in the session, to the executors; returns that name."""
    spark.sparkContext.addFile(str(folder), recursive=True)
    return folder.name


def shipped_folder(name: str) -> Path:
    """On a worker: the local copy of a folder that was sent."""
    return Path(SparkFiles.get(name))


def shipped_array(name: str, key: str) -> np.ndarray:
    """On a worker: one array of `ship_arrays`, memory-mapped, so that the workers of an executor share its pages."""
    return np.load(shipped_folder(name) / f"{key}.npy", mmap_mode="r")
