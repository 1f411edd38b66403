"""Independent parts of a step, run in threads."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait


def run_parallel(parts: Sequence[Callable[[], object]], at_once: int) -> None:
    """Runs the parts in threads, at most `at_once` at a time; Spark plans and runs the jobs of each independently.

    Raises the first error once the running parts have ended; parts that have not started never do.
    """
    with ThreadPoolExecutor(at_once) as threads:
        running = [threads.submit(part) for part in parts]
        done, _ = wait(running, return_when=FIRST_EXCEPTION)
        failed = [future for future in running if future in done and future.exception() is not None]
        if failed:
            threads.shutdown(cancel_futures=True)
            failed[0].result()
