"""Parts of a step that need not wait for one another."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait


def run_parallel(parts: Sequence[Callable[[], object]], at_once: int) -> None:
    """Runs the parts, `at_once` of them at a time, in threads: Spark plans and runs the jobs of each by itself.

    The first error is raised once the parts under way have ended; those that wait are not begun.
    """
    with ThreadPoolExecutor(at_once) as threads:
        running = [threads.submit(part) for part in parts]
        done, _ = wait(running, return_when=FIRST_EXCEPTION)
        failed = [future for future in running if future in done and future.exception() is not None]
        if failed:
            threads.shutdown(cancel_futures=True)
            failed[0].result()
