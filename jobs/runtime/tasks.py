"""Tasks of a stage: how many there are, and what one of them may use."""

from __future__ import annotations

from pyspark import TaskContext
from pyspark.sql import DataFrame, SparkSession


def in_tasks(frame: DataFrame, blocks: int, tasks: int | None = None) -> DataFrame:
    """The rows shuffled by `block` (int, from 0 to below `blocks`); grouping them by it needs no further shuffle.

    There are as many tasks as blocks, but at most `spark.sql.shuffle.partitions`, so that their number does not grow
    with the data. Block b is in task b modulo their number: tasks differ by one block at most.

    tasks: their number instead
    """
    most = int(frame.sparkSession.conf.get("spark.sql.shuffle.partitions") or "200")
    return frame.repartitionById(tasks or max(1, min(blocks, most)), "block")


def task_threads(spark: SparkSession) -> int:
    """Cores of a task (spark.task.cpus), for libraries that would take all cores of the machine."""
    return int(spark.conf.get("spark.task.cpus", "1") or "1")


def task_gpu() -> str | None:
    """In a task: the GPU that Spark gave it (spark.task.resource.gpu.amount) as torch names it, None without one."""
    context = TaskContext.get()
    gpu = context.resources().get("gpu") if context is not None else None
    return f"cuda:{gpu.addresses[0]}" if gpu is not None else None
