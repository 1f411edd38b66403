"""Several processes of torch by Spark's TorchDistributor: on the driver's machine, or on a cluster's executors."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import redirect_stdout
from pathlib import Path
from typing import Literal

import numpy as np

from jobs.execution.night import Night
from jobs.runtime.errors import LongtailError
from jobs.runtime.progress import reporter
from model.text.device import available_cores, resolve_device
from model.text.distributed import encode_in_process, put_texts, take_vectors
from model.text.encoder import Encoder

# Texts for which starting a process and loading the encoder there pays off.
WORTH_A_PROCESS = 5_000


def encoded(
    night: Night, encoder: Encoder, folder: Path, texts: list[str], side: Literal["items", "users"], progress: str
) -> np.ndarray:
    """[n, d] float32 unit vectors of texts, by `encoder.processes` processes if there are enough texts for them.

    `folder` holds the encoder as it was saved. Raises ValueError when a vector is not finite.
    """
    settings = night.conf.encoder
    if settings.processes == 1 or len(texts) < settings.processes * WORTH_A_PROCESS:
        encode = encoder.encode_items if side == "items" else encoder.encode_users
        return encode(texts, settings.batch_size, threads=available_cores(), progress=reporter(progress))
    distinct = list(dict.fromkeys(texts))
    work = night.folder / "scratch" / "texts"
    put_texts(work, distinct)
    run_together(night, encode_in_process, str(work), str(folder), side, settings.batch_size)
    place = {text: row for row, text in enumerate(distinct)}
    return take_vectors(work, settings.processes)[[place[text] for text in texts]]


def run_together(night: Night, body: Callable[..., str], *arguments: object) -> None:
    """Runs `body(*arguments, device, threads)` in `encoder.processes` processes that torchrun starts.

    On a local master they run on the driver's machine, on a cluster one in each barrier task, which needs the project
    in the executors' environment and a warehouse that they mount. Raises ValueError with what a body returns,
    LongtailError when the processes cannot be started or one of them died.
    """
    from pyspark.ml.torch.distributor import TorchDistributor

    settings = night.conf.encoder
    device = resolve_device(settings.device).type
    local = str(night.spark.sparkContext.master).startswith("local")
    threads = max(available_cores() // settings.processes, 1) if local else available_cores()
    try:
        distributor = TorchDistributor(settings.processes, local_mode=local, use_gpu=device == "cuda")
        with redirect_stdout(sys.stderr):  # progress bars and warnings are not a job's output
            problem = distributor.run(body, *arguments, device, threads)
    except (RuntimeError, ValueError) as error:
        last = [line.strip() for line in str(error).splitlines() if line.strip()][-1][:300]
        raise LongtailError(
            f"{settings.processes} processes of the encoder failed ({last}).",
            "Give the driver (local) or each task (cluster) the GPUs in Spark's properties, spark.driver.resource.gpu."
            "amount or spark.task.resource.gpu.amount; or set encoder.processes to 1.",
        ) from error
    if problem:
        raise ValueError(problem)
