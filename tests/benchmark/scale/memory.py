"""The peak memory of a job's processes: Java, the driver's Python, and the Python workers."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from pathlib import Path

import psutil

_SECONDS_BETWEEN = 0.25
_KIB = 1024


@dataclass(frozen=True)
class Peaks:
    """Bytes of resident memory at most: of Java, of the driver's Python, of the largest worker, of all processes."""

    java: int = 0
    python: int = 0
    worker: int = 0
    together: int = 0


class MemorySampler:
    """Observes a process and its descendants while the block runs; `peaks` has the result.

    A process's own peak is what the kernel recorded (VmHWM), so a peak between two samples counts too, except in the
    last quarter of a second of a process that ends.
    """

    def __init__(self, pid: int) -> None:
        self.peaks = Peaks()
        self._root = psutil.Process(pid)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._observe, daemon=True)

    def __enter__(self) -> MemorySampler:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _observe(self) -> None:
        while not self._ended.wait(_SECONDS_BETWEEN):
            self._sample()

    def _sample(self) -> None:
        largest = {"java": self.peaks.java, "python": self.peaks.python, "worker": self.peaks.worker}
        together = 0
        try:
            processes = [self._root, *self._root.children(recursive=True)]
        except psutil.NoSuchProcess:
            return
        for process in processes:
            try:
                role = role_of(process.cmdline())
                together += process.memory_info().rss
                largest[role] = max(largest[role], _peak(process.pid))
            except (psutil.NoSuchProcess, psutil.ZombieProcess, ProcessLookupError, FileNotFoundError):
                continue
        self.peaks = Peaks(**largest, together=max(together, self.peaks.together))


def role_of(command: list[str]) -> str:
    """java, worker or python; a worker is a process of PySpark's daemon.

    By the command and not by the process's name: Java's child has Java's memory and the name of a thread, until it
    executes its own program.
    """
    if command and Path(command[0]).name == "java":
        return "java"
    return "worker" if any("pyspark.daemon" in part or "pyspark/daemon" in part for part in command) else "python"


def _peak(pid: int) -> int:
    """Bytes of resident memory at most since the process began."""
    for line in Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace").splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) * _KIB
    return 0
