"""Embeds the pictures of items that are new or changed."""

from __future__ import annotations

from collections.abc import Iterator

from pyspark.errors import AnalysisException
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from features.contract import IMAGE_EMBEDDINGS, ITEMS
from features.point_in_time import versions_at
from jobs.execution.command import main_of
from jobs.execution.night import Night
from jobs.images.files import located, read_files, with_files
from jobs.images.vectors import DIMENSION, VERSION, SentImageModel, send_image_model, with_vectors
from jobs.runtime.logs import event, warning
from jobs.runtime.progress import advance, expect

# A run that was stopped continues after its last commit.
FILES_A_COMMIT = 10_000
TOO_LARGE, UNREADABLE = "too_large", "file_unreadable"
# Of these a later night can make something, with other settings or a file system that works again.
_RETRIED = (TOO_LARGE, UNREADABLE, "too_many_pixels")


def embed_images(night: Night) -> None:
    """Embeds the pictures of items that are new or changed.

    Reads items; writes image_embeddings. A file is read when its length or time of change differs from what is stored,
    and computed when its content does. A picture that cannot be used is counted by its reason, and never stops the
    night; it takes no vector from an item whose picture of the same address had one. Does nothing where images.embed
    is false.
    """
    if not night.conf.images.embed:
        night.record.status = "skipped"
        return
    sent = send_image_model(night)
    night.record.decisions |= {VERSION: sent.model.version, DIMENSION: str(sent.model.dimension)}
    night.tables.prepare(IMAGE_EMBEDDINGS)
    pictures = _pictures(night).persist()
    changed = _changed(night, sent, pictures).persist()
    paths = [
        row["path"] for row in changed.where("mask_reason IS NULL").select("path").distinct().orderBy("path").collect()
    ]
    expect(len(paths), "pictures")
    _write(night, sent, changed.where("mask_reason IS NOT NULL").withColumns(_no_vector()))
    for start in range(0, len(paths), FILES_A_COMMIT):
        some = paths[start : start + FILES_A_COMMIT]
        _embed(night, sent, changed, some)
        advance(len(some))
    night.record.rows = {"read": len(paths)} | _outcomes(night, sent, pictures)
    event("pictures embedded", step="embed_images", as_of=night.as_of, model=sent.model.version, **night.record.rows)
    changed.unpersist()
    pictures.unpersist()


def _pictures(night: Night) -> DataFrame:
    """item_id, image_uri of the items that have a picture at the night's date."""
    at_date = versions_at(
        night.tables.read(ITEMS).select("item_id", "valid_from", "image_uri"), [night.as_of], "item_id"
    )
    return at_date.where(F.trim("image_uri") != "").select("item_id", "image_uri")


def _changed(night: Night, sent: SentImageModel, pictures: DataFrame) -> DataFrame:
    """item_id, image_uri, path, modified_at, length of the pictures that differ from what is stored.

    Those without mask_reason are to be read.
    """
    files = with_files(night.spark, located(pictures, night.conf.images.folder))
    too_large = F.when(F.col("length") > night.conf.images.most_bytes, TOO_LARGE)
    files = files.withColumn("mask_reason", F.coalesce("mask_reason", too_large))
    known = _stored(night, sent).select(
        "item_id", "image_uri", F.col("modified_at").alias("known_at"), F.col("length").alias("known_length"),
        F.col("mask_reason").alias("known_reason"), F.lit(True).alias("is_known"),
    )  # fmt: skip
    joined = files.join(known, on=["item_id", "image_uri"], how="left")
    same_file = F.col("known_at").eqNullSafe(F.col("modified_at")) & F.col("known_length").eqNullSafe(F.col("length"))
    settled = F.coalesce("known_reason", F.lit("")).isin(*_RETRIED) == F.lit(False)
    is_same = F.coalesce("is_known", F.lit(False)) & same_file & settled
    keeps_vector = F.coalesce("is_known", F.lit(False)) & F.col("known_reason").isNull()
    return joined.where(~is_same & ~(keeps_vector & F.col("mask_reason").isNotNull())).select(
        "item_id", "image_uri", "path", "modified_at", "length", "mask_reason",
        keeps_vector.alias("keeps_vector"),
    )  # fmt: skip


def _stored(night: Night, sent: SentImageModel) -> DataFrame:
    return night.tables.read(IMAGE_EMBEDDINGS).where(F.col("model_version") == sent.model.version)


def _embed(night: Night, sent: SentImageModel, changed: DataFrame, paths: list[str]) -> None:
    """Writes the rows of the items whose pictures are in these files."""
    known = (
        _stored(night, sent)
        .where(F.col("content_hash").isNotNull() & ~F.coalesce("mask_reason", F.lit("")).isin(*_RETRIED))
        .dropDuplicates(["content_hash"])
        .select("content_hash", F.col("embedding").alias("old_embedding"), F.col("mask_reason").alias("old_reason"))
        .persist()
    )
    hashes = F.broadcast(known.select("content_hash", F.lit(True).alias("is_known")))
    try:
        content = read_files(night.spark, paths)
    except AnalysisException as error:  # a file vanished since it was listed
        warning("pictures are read the next night", files=len(paths), problem=str(error).partition("\n")[0][:200])
        return
    contents = content.withColumn("content_hash", F.sha2("content", 256)).join(hashes, on="content_hash", how="left")
    new = F.when(F.col("is_known").isNull(), F.col("content")).alias("content")
    vectors = with_vectors(night, sent, contents.select("path", "content_hash", new), len(paths))
    vectors = vectors.join(known, on="content_hash", how="left").select(
        "path", "content_hash", F.coalesce("embedding", "old_embedding").alias("embedding"),
        F.coalesce("mask_reason", "old_reason").alias("reason"),
    )  # fmt: skip
    of_items = changed.where("mask_reason IS NULL").drop("mask_reason")
    chosen = of_items.join(
        F.broadcast(night.spark.createDataFrame([(path,) for path in paths], "path string")), on="path", how="inner"
    )
    rows = chosen.join(vectors, on="path", how="left").withColumn(
        "mask_reason", F.when(F.col("embedding").isNull(), F.coalesce("reason", F.lit(UNREADABLE)))
    )
    _write(night, sent, rows.where(~(F.col("keeps_vector") & F.col("embedding").isNull())))
    known.unpersist()


def _write(night: Night, sent: SentImageModel, rows: DataFrame) -> None:
    complete = rows.withColumn("model_version", F.lit(sent.model.version)).select(*IMAGE_EMBEDDINGS.column_names)
    complete = complete.persist()
    if not complete.isEmpty():
        night.tables.merge(complete, IMAGE_EMBEDDINGS)
    complete.unpersist()


def _no_vector() -> dict[str, Column]:
    return {"content_hash": F.lit(None).cast("string"), "embedding": F.lit(None).cast("array<float>")}


def _outcomes(night: Night, sent: SentImageModel, pictures: DataFrame) -> dict[str, int]:
    """The number of items with a picture, of those with a vector, and of those masked by reason."""
    stored = _stored(night, sent).select("item_id", "image_uri", "mask_reason", F.lit(True).alias("is_stored"))
    joined = pictures.join(stored, on=["item_id", "image_uri"], how="left")
    outcome = F.when(F.col("is_stored").isNull(), UNREADABLE).otherwise(F.coalesce("mask_reason", F.lit("usable")))
    counts = {row["outcome"]: row["count"] for row in joined.groupBy(outcome.alias("outcome")).count().collect()}
    return {"items_with_picture": sum(counts.values())} | dict(_in_order(counts))


def _in_order(counts: dict[str, int]) -> Iterator[tuple[str, int]]:
    yield "usable", counts.pop("usable", 0)
    yield from sorted(counts.items())


if __name__ == "__main__":
    main_of(embed_images)
