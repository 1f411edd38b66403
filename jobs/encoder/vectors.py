"""Vectors of texts, computed on the executors by an encoder that is sent to them once."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from pathlib import Path

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.encoder.worker import Device, Side, encode_block_with
from jobs.execution.night import Night
from jobs.runtime.errors import LongtailError
from jobs.runtime.executor_files import on_one_machine, ship_folder
from jobs.runtime.tasks import in_tasks, task_threads
from model.text.device import resolve_device
from model.text.storage import read_description

_BATCHES_A_BLOCK = 4


@dataclass(frozen=True)
class SentEncoder:
    """An encoder on the executors."""

    folder: str  # its name there
    dtype: str  # in which it computes; part of the version, so that it is the same on all of them
    device: Device


def send_encoder(night: Night, version: str, folder: Path) -> SentEncoder:
    """Sends the folder of a saved encoder to the executors.

    Raises LongtailError when a file of it is missing or changed, or its device is not to be had.
    """
    try:
        description = read_description(folder)
        device = encoding_device(night)
    except ValueError as error:
        raise LongtailError(f"The encoder {version} cannot be used.", str(error)) from error
    sent = ship_folder(night.spark, folder, f"encoder-{uuid.uuid4().hex}")
    return SentEncoder(sent, description.settings["dtype"], device)


def encoding_device(night: Night) -> Device:
    """Where tasks encode, by encoder.device. Raises ValueError when it is not to be had."""
    wanted = night.conf.encoder.device
    if on_one_machine(night.spark.sparkContext.master):
        return Device(resolve_device(wanted).type, of_task=wanted != "cpu")
    if wanted == "cuda" and not night.spark.conf.get("spark.task.resource.gpu.amount", None):
        raise ValueError(
            "encoder.device is cuda, but Spark gives its tasks no GPU. Set spark.task.resource.gpu.amount and "
            "spark.executor.resource.gpu.amount, or encoder.device to auto."
        )
    return Device("cpu", of_task=wanted != "cpu")


def with_vectors(night: Night, encoder: SentEncoder, texts: DataFrame, count: int, side: Side) -> DataFrame:
    """The frame with `embedding`, unit vectors array<float>, of its column `text`.

    texts: `count` rows, each text once. They are encoded in blocks of a few batches by a hash of the text, so that
        vectors do not depend on partitions; batches hold texts of like length.
    """
    blocks = max(1, -(-count // (_BATCHES_A_BLOCK * night.conf.encoder.batch_size)))
    block = F.pmod(F.xxhash64("text"), F.lit(blocks)).cast("int").alias("block")
    encode = encode_block_with(
        encoder.folder, side, night.conf.encoder.batch_size, encoder.device, task_threads(night.spark)
    )
    columns = ", ".join(f"`{field.name}` {field.dataType.simpleString()}" for field in texts.schema)
    return (
        in_tasks(texts.select("*", block), blocks)
        .groupBy("block")
        .applyInArrow(encode, f"{columns}, embedding array<float>")
    )
