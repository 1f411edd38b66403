"""Readers that check for mixed nights, NULLs and errors while nights are published and publishers are killed."""

from __future__ import annotations

import multiprocessing
import random
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jobs.config.configuration import Config, load_config
from jobs.online.store import storefront_client
from tests.jobs.online.publisher import night_of, publish_nights


@dataclass
class Seen:
    """Number of reads, nights in the order of their first read, problems, number of killed publishers."""

    reads: int = 0
    nights: list[int] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    kills: int = 0


def read_while_publishing(conf: Config, nights: int, kills: int, reads: int, copies: int, readers: int = 2) -> Seen:
    """Publishes `nights` nights after the first, killing the publisher `kills` times (SIGKILL) at random moments.

    Reads go on until there were `reads` of them and the last night is seen.
    """
    path = str(Path(conf.warehouse).parent / "conf.yaml")
    publish_nights(path, 0, 0, copies)
    # Processes, not threads: two threads that read SQLite through Feast achieve a third of the reads of one.
    spawned, seen = multiprocessing.get_context("spawn"), Seen()
    count, last, stop, results = spawned.Value("q", 0), spawned.Value("i", -1), spawned.Event(), spawned.Queue()
    processes = [spawned.Process(target=_read, args=(path, count, last, stop, results)) for _ in range(readers)]
    for process in processes:
        process.start()
    chance, upcoming = random.Random(7), 1
    killed_at = {round((number + 1) * nights / (kills + 1)) for number in range(kills)}
    while upcoming <= nights:
        publisher = subprocess.Popen(
            [sys.executable, "-m", "tests.jobs.online.publisher", path, str(upcoming), str(nights), str(copies)],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        )  # fmt: skip
        assert publisher.stdout is not None
        for line in publisher.stdout:
            upcoming = int(line) + 1
            if int(line) in killed_at:
                killed_at.remove(int(line))
                time.sleep(chance.uniform(0.5, 3.0))
                publisher.kill()
                seen.kills += 1
                break
        publisher.wait()
        if publisher.returncode not in (0, -9):
            seen.problems.append(f"a publisher ended with {publisher.returncode}")
            break
    while not seen.problems and not stop.is_set() and (count.value < reads or last.value != nights):
        time.sleep(0.2)
    stop.set()
    of_readers = [results.get(timeout=60) for _ in processes]
    for process in processes:
        process.join()
    seen.reads = count.value
    seen.problems += [problem for _, problems in of_readers for problem in problems]
    first_read: dict[int, float] = {}
    for of_reader, _ in of_readers:
        first_read |= {night: min(at, first_read.get(night, at)) for night, at in of_reader.items()}
    seen.nights = sorted(first_read, key=lambda night: first_read[night])
    return seen


def _read(path: str, count: Any, last: Any, stop: Any, results: Any) -> None:
    """Reads until stopped or a problem; puts the time of each night's first read and the problems into `results`."""
    client = storefront_client(load_config(path))
    number_of = {night_of(number).isoformat(): number for number in range(400)}
    first_read: dict[int, float] = {}
    problems: list[str] = []
    while not stop.is_set():
        try:
            [row] = client.ranking("ann", ["tea"])
        except Exception as error:
            problems.append(repr(error))
            break
        number = number_of.get(row["user_exposure__as_of"] or "")
        values = {row["item_features__price_mean_90d"], row["item_exposure__allocated"], *row["user_exposure__scores"]}
        values |= {row["user_features__visit_days_28d"]}
        if None in row.values() or values != {number} or row["item_exposure__as_of"] != row["user_exposure__as_of"]:
            problems.append(repr(row))
            break
        with count.get_lock():
            count.value += 1
        if number is not None and number not in first_read:
            first_read[number] = time.time()
            last.value = max(last.value, number)
    stop.set()
    results.put((first_read, problems))
