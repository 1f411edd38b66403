"""The properties in conf/spark-cluster.conf, with lines that are commented as `#TAG `."""

from __future__ import annotations

from tests.conftest import ROOT

# What a template sets in its own words, such as the memory of a pod.
SIZES = {
    "spark.driver.memory", "spark.driver.memoryOverhead", "spark.executor.memory", "spark.executor.memoryOverhead",
    "spark.executor.cores",
}  # fmt: skip


def cluster_properties(*tags: str) -> dict[str, str]:
    """Key and value of every line; a line of one of the tags takes the place of the one with the same key."""
    lines = (ROOT / "conf/spark-cluster.conf").read_text(encoding="utf-8").splitlines()
    properties = dict(_pair(line) for line in lines if line.startswith("spark."))
    for tag in tags:
        mark = f"#{tag} "
        properties |= dict(_pair(line.removeprefix(mark)) for line in lines if line.startswith(mark))
    return properties


def _pair(line: str) -> tuple[str, str]:
    key, value = line.split(None, 1)
    return key, value.strip()
