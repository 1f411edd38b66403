"""The files of pictures, listed and read through Hadoop, with its file systems and credentials."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from jobs.runtime.logs import warning

WEB_ADDRESS, NO_FOLDER, NO_FILE = "web_address", "folder_unknown", "file_missing"
_WEB = r"(?i)^((https?|ftp|data):|//)"  # a night fetches nothing from the web
_FILES = "path string, modified_at timestamp, length long"


def located(pictures: DataFrame, folder: str | None) -> DataFrame:
    """The frame with `parent` and `name` of the file of `image_uri`, or NULL and a `mask_reason`.

    folder: what an address without a root lies below
    """
    uri = F.trim("image_uri")
    has_root = uri.rlike(r"^(/|[A-Za-z][A-Za-z0-9+.-]*:)")
    below = F.lit(None) if folder is None else F.concat(F.lit(folder.rstrip("/") + "/"), uri)
    place = F.when(has_root, uri).otherwise(below)
    reason = F.when(uri.rlike(_WEB), WEB_ADDRESS).when(place.isNull(), NO_FOLDER)
    return pictures.withColumns(
        {"mask_reason": reason, "parent": _part(place, reason, 1), "name": _part(place, reason, 2)}
    )


def _part(place: Column, reason: Column, group: int) -> Column:
    part = F.regexp_extract(place, "^(.*[^/:])/+([^/]+)$", group)
    return F.when(reason.isNull() & (part != ""), part)


def with_files(spark: SparkSession, pictures: DataFrame) -> DataFrame:
    """The frame of `located` with path, modified_at and length of each file, and a mask_reason where there is none.

    All files in and below the folders of the pictures are listed. A folder that is missing or cannot be read has no
    files, and Spark lists no file that is empty or whose name begins with . or _. On the driver are the folders.
    """
    parents = sorted(
        row["parent"] for row in pictures.where("parent IS NOT NULL").select("parent").distinct().collect()
    )
    qualified = {parent: place for parent in parents if (place := _qualified(spark, parent)) is not None}
    if not qualified:
        absent = {name: F.lit(None).cast(kind) for name, kind in (part.split() for part in _FILES.split(", "))}
        return pictures.withColumns(absent | {"mask_reason": F.coalesce("mask_reason", F.lit(NO_FILE))})
    folders = spark.createDataFrame(list(qualified.items()), "parent string, folder string")
    stored = (
        _reader(spark)
        .option("recursiveFileLookup", "true")
        .load([_literal(place) for place in topmost(qualified.values())])
        .select("path", F.col("modificationTime").alias("modified_at"), "length")
    )
    wanted = pictures.join(F.broadcast(folders), on="parent", how="left")
    wanted = wanted.withColumn("path", F.concat_ws("/", "folder", "name")).drop("folder")
    listed = wanted.join(stored, on="path", how="left")
    missing = F.when(F.col("length").isNull(), NO_FILE)
    return listed.withColumn("mask_reason", F.coalesce("mask_reason", missing))


def read_files(spark: SparkSession, paths: Sequence[str]) -> DataFrame:
    """path, content of the files that can be read."""
    return _reader(spark).load([_literal(path) for path in paths]).select("path", "content")


def topmost(folders: Iterable[str]) -> list[str]:
    """The folders that lie below none of the others."""
    roots: set[str] = set()
    for folder in sorted(set(folders), key=len):
        parts = folder.split("/")
        if not any("/".join(parts[:end]) in roots for end in range(1, len(parts))):
            roots.add(folder)
    return sorted(roots)


def _reader(spark: SparkSession) -> Any:
    return spark.read.format("binaryFile").option("ignoreMissingFiles", "true").option("ignoreCorruptFiles", "true")


def _literal(path: str) -> str:
    """As Spark's readers take a name that is no pattern."""
    return re.sub(r"([\\\[\]{}*?])", r"\\\1", path)


def _qualified(spark: SparkSession, folder: str) -> str | None:
    """The folder with scheme and host, as Spark lists it; None if it cannot be read."""
    from py4j.protocol import Py4JJavaError

    jvm: Any = spark.sparkContext._jvm
    hadoop = jvm.org.apache.hadoop.fs
    try:
        path = hadoop.Path(folder)
        system = path.getFileSystem(spark.sparkContext._jsc.hadoopConfiguration())
        system.access(path, hadoop.permission.FsAction.READ_EXECUTE)
        return str(system.makeQualified(path).toString())
    except Py4JJavaError as error:
        problem = error.java_exception.getClass().getSimpleName()
        warning("a folder of pictures cannot be read", folder=folder, problem=problem)
        return None
