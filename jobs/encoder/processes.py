"""Several processes that fine-tune together by Spark's TorchDistributor, on the driver's machine or on executors."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import redirect_stdout

from jobs.execution.night import Night
from jobs.runtime.errors import ConfigurationError, LongtailError
from jobs.runtime.executor_files import on_one_machine
from jobs.runtime.storage import is_remote
from model.cores import available_cores
from model.text.device import resolve_device


def run_together(night: Night, body: Callable[..., str], *arguments: object) -> None:
    """Runs `body(*arguments, device, threads)` in `encoder.processes` processes that torchrun starts.

    On a local master they run on the driver's machine, on a cluster one in each barrier task, which needs the project
    in the executors' environment and a warehouse that they mount. Raises ConfigurationError when the warehouse is not
    mounted, ValueError with what a body returns, LongtailError when the processes cannot be started or one of them
    died.
    """
    from pyspark.ml.torch.distributor import TorchDistributor

    settings = night.conf.encoder
    device = resolve_device(settings.device).type
    local = on_one_machine(night.spark.sparkContext.master)
    if not local and is_remote(night.conf.warehouse):
        raise ConfigurationError(
            f"encoder.processes is {settings.processes}, but processes on several hosts exchange files in a folder of "
            f"the warehouse, and {night.conf.warehouse} is not a folder.",
            "Set encoder.processes to 1 (the driver then trains alone, on a GPU where it has one), or warehouse to a "
            "file: URI that all hosts mount.",
        )
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
