"""Vectors of pictures, computed on the executors by a model that is sent to them once, and read for a date."""

from __future__ import annotations

import shutil
import uuid
from dataclasses import dataclass
from datetime import date

import numpy as np
import pyarrow.compute as pc
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from features.contract import IMAGE_EMBEDDINGS, ITEMS
from features.point_in_time import versions_at
from jobs.encoder.vectors import encoding_device
from jobs.encoder.worker import Device
from jobs.execution.manifest import last_done
from jobs.execution.night import Night
from jobs.images.worker import encode_block_with
from jobs.runtime.errors import LongtailError
from jobs.runtime.executor_files import ship_folder
from jobs.runtime.tasks import in_tasks, task_threads

VERSION, DIMENSION = "image_model_version", "image_dimension"  # of the decisions of embed_images
_BATCHES_A_BLOCK = 2
_ROWS = "path string, content_hash string, embedding array<float>, mask_reason string"


@dataclass(frozen=True)
class ImageModel:
    """A version of a vision model, and the length of its vectors; "" and 0 where pictures are not used."""

    version: str = ""
    dimension: int = 0


@dataclass(frozen=True)
class SentImageModel:
    """A vision model on the executors."""

    folder: str  # its name there
    model: ImageModel
    device: Device


def send_image_model(night: Night) -> SentImageModel:
    """Loads the configured model and sends it to the executors.

    Raises LongtailError when model or device cannot be had.
    """
    from model.images.encoder import ImageEncoder

    conf = night.conf.images
    try:
        device = encoding_device(night)
        encoder = ImageEncoder(conf.model, conf.dimension)
    except ValueError as error:
        raise LongtailError("The vision model of images.model cannot be used.", str(error)) from error
    place = night.scratch / f"image-model-{uuid.uuid4().hex}"
    encoder.save(place)
    sent = ship_folder(night.spark, place)
    shutil.rmtree(place)
    return SentImageModel(sent, ImageModel(encoder.version, encoder.dimension), device)


def with_vectors(night: Night, sent: SentImageModel, pictures: DataFrame, count: int) -> DataFrame:
    """path, content_hash, embedding, mask_reason of about `count` rows path, content_hash, content.

    They are computed in blocks by their hash, so that vectors do not depend on partitions.
    """
    conf = night.conf.images
    blocks = max(1, -(-count // (_BATCHES_A_BLOCK * conf.batch_size)))
    block = F.pmod(F.xxhash64("content_hash"), F.lit(blocks)).cast("int").alias("block")
    encode = encode_block_with(
        sent.folder, conf.dimension, conf.batch_size, conf.most_pixels, sent.device, task_threads(night.spark)
    )
    rows = pictures.select("path", "content_hash", "content", block)
    return in_tasks(rows, blocks).groupBy("block").applyInArrow(encode, _ROWS)


def image_model(night: Night) -> ImageModel:
    """The model of the newest run of embed_images; none where images.embed is off.

    Raises LongtailError when the step has not run.
    """
    if not night.conf.images.embed:
        return ImageModel()
    row = last_done(night.tables, "embed_images")
    if row is None or VERSION not in row["decisions"]:
        raise LongtailError("Pictures have no vectors yet.", "Run jobs/embed_images.py for the night first.")
    return ImageModel(row["decisions"][VERSION], int(row["decisions"][DIMENSION]))


def image_vectors(night: Night, as_of: date, model: ImageModel) -> tuple[np.ndarray, np.ndarray]:
    """Ids [p], sorted, and unit vectors [p, dimension] of the items whose picture at the date has a vector."""
    at_date = versions_at(night.tables.read(ITEMS).select("item_id", "valid_from", "image_uri"), [as_of], "item_id")
    stored = night.tables.read(IMAGE_EMBEDDINGS).where(F.col("model_version") == model.version)
    usable = stored.where("embedding IS NOT NULL").select("item_id", "image_uri", "embedding")
    table = at_date.join(usable, on=["item_id", "image_uri"], how="inner").select("item_id", "embedding").toArrow()
    table = table.sort_by("item_id").combine_chunks()
    flat = pc.list_flatten(table["embedding"]).to_numpy().astype(np.float32)
    return table["item_id"].to_numpy().astype(str), flat.reshape(len(table), model.dimension)
