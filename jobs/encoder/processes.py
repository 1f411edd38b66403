"""Several processes that fine-tune together by Spark's TorchDistributor, on the driver's machine or on executors."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import redirect_stdout

from jobs.execution.night import Night
from jobs.runtime.errors import LongtailError
from model.text.device import available_cores, resolve_device


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
