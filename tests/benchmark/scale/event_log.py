"""What executors sent to the driver, from Spark's event log."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Traffic:
    """Bytes of all task results; those of the job with the most, and where the code started it."""

    total: int
    largest: int
    largest_at: str


def traffic_of(folder: Path) -> Traffic:
    """The traffic of all applications that logged into a folder, uncompressed and in one file each."""
    return traffic(line for file in sorted(folder.iterdir()) for line in _lines(file))


def traffic(lines: Iterable[str]) -> Traffic:
    """Adds up the sizes of task results by job. A stage that several jobs name belongs to the job that ran it last."""
    job_of_stage: dict[int, int] = {}
    places: dict[int, str] = {}
    sizes: Counter[int] = Counter()
    for line in lines:
        if line.startswith('{"Event":"SparkListenerJobStart"'):
            job = json.loads(line)
            places[job["Job ID"]] = _place(job)
            job_of_stage.update(dict.fromkeys(job["Stage IDs"], job["Job ID"]))
        elif line.startswith('{"Event":"SparkListenerTaskEnd"'):
            task = json.loads(line)
            sizes[job_of_stage.get(task["Stage ID"], -1)] += (task.get("Task Metrics") or {}).get("Result Size", 0)
    if not sizes:
        return Traffic(0, 0, "")
    job_id, largest = sizes.most_common(1)[0]
    return Traffic(sizes.total(), largest, places.get(job_id, ""))


def _place(job: dict[str, Any]) -> str:
    """The call that started a job, or the name of its last stage where Spark does not know the call."""
    called = (job.get("Properties") or {}).get("callSite.short")
    return str(called or next((stage["Stage Name"] for stage in reversed(job.get("Stage Infos") or [])), ""))


def _lines(file: Path) -> Iterator[str]:
    with file.open(encoding="utf-8") as content:
        yield from content
