"""Readers that look for a mix of nights, a NULL or an error while nights are published and publishers are killed."""

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
from jobs.online.store import feature_store_yaml
from jobs.serving.client import StorefrontClient
from tests.jobs.online.publisher import night_of, publish_nights


@dataclass
class Seen:
    """reads done, nights in the order in which they were first seen, what was wrong, publishers killed."""

    reads: int = 0
    nights: list[int] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    kills: int = 0


def read_while_publishing(conf: Config, nights: int, kills: int, reads: int, copies: int, readers: int = 2) -> Seen:
    """Publishes `nights` nights after the first, killing the publisher `kills` times (SIGKILL) at random moments.

    Reads go on until there were `reads` of them and the last night is seen.
    """
    path = str(Path(conf.warehouse).parent / "conf.yaml")
    publish_nights(path, 0, 0, copies)
    # Processes, not threads: two threads in Feast's reads of SQLite get through a third of what one does.
    spawned, seen = multiprocessing.get_context("spawn"), Seen()
    count, last, stop, found = spawned.Value("q", 0), spawned.Value("i", -1), spawned.Event(), spawned.Queue()
    processes = [spawned.Process(target=_read, args=(path, count, last, stop, found)) for _ in range(readers)]
    for one in processes:
        one.start()
    chance, upcoming = random.Random(7), 1
    killed_at = {round((number + 1) * nights / (kills + 1)) for number in range(kills)}
    while upcoming <= nights:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.jobs.online.publisher", path, str(upcoming), str(nights), str(copies)],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        )  # fmt: skip
        assert process.stdout is not None
        for line in process.stdout:
            upcoming = int(line) + 1
            if int(line) in killed_at:
                killed_at.remove(int(line))
                time.sleep(chance.uniform(0.5, 3.0))
                process.kill()
                seen.kills += 1
                break
        process.wait()
        if process.returncode not in (0, -9):
            seen.wrong.append(f"a publisher ended with {process.returncode}")
            break
    while not seen.wrong and not stop.is_set() and (count.value < reads or last.value != nights):
        time.sleep(0.2)
    stop.set()
    told = [found.get(timeout=60) for _ in processes]
    for one in processes:
        one.join()
    seen.reads = count.value
    seen.wrong += [problem for _, wrong in told for problem in wrong]
    at: dict[int, float] = {}
    for when, _ in told:
        at |= {night: min(moment, at.get(night, moment)) for night, moment in when.items()}
    seen.nights = sorted(at, key=lambda night: at[night])
    return seen


def _read(path: str, count: Any, last: Any, stop: Any, found: Any) -> None:
    """Reads until it is stopped, or finds something wrong; tells when each night was first seen, and what was wrong."""
    client = StorefrontClient(feature_store_yaml(load_config(path)), timeout_seconds=None, on_stale="serve")
    number_of = {night_of(number).isoformat(): number for number in range(400)}
    when: dict[int, float] = {}
    wrong: list[str] = []
    while not stop.is_set():
        try:
            [row] = client.ranking("ann", ["tea"])
        except Exception as error:
            wrong.append(repr(error))
            break
        number = number_of.get(row["user_exposure__as_of"] or "")
        whole = {row["item_features__price_mean_90d"], row["item_exposure__allocated"], *row["user_exposure__scores"]}
        whole |= {row["user_features__visit_days_28d"]}
        if None in row.values() or whole != {number} or row["item_exposure__as_of"] != row["user_exposure__as_of"]:
            wrong.append(repr(row))
            break
        with count.get_lock():
            count.value += 1
        if number is not None and number not in when:
            when[number] = time.time()
            last.value = max(last.value, number)
    stop.set()
    found.put((when, wrong))
