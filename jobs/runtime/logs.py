"""One line an event on stderr with run, step and date; stack traces go to a file of the run."""

from __future__ import annotations

import logging
import sys
from datetime import UTC, datetime
from pathlib import Path

logger = logging.getLogger("longtail")


class _Line(logging.Formatter):
    def __init__(self, with_trace: bool) -> None:
        super().__init__()
        self._with_trace = with_trace

    def format(self, record: logging.LogRecord) -> str:
        when = datetime.fromtimestamp(record.created, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        fields = getattr(record, "fields", {})
        tail = "".join(f" {key}={value}" for key, value in fields.items())
        line = f"{when} {record.levelname.lower()} {record.getMessage()}{tail}"
        if self._with_trace and record.exc_info:
            line += "\n" + self.formatException(record.exc_info)
        return line


def log_to(run_id: str, folder: Path) -> Path:
    """Sends events to stderr and, with stack traces, to `folder/<run_id>.log`; returns that file."""
    folder.mkdir(parents=True, exist_ok=True)
    place = folder / f"{run_id}.log"
    logger.setLevel(logging.DEBUG)
    logger.propagate = False
    for old in list(logger.handlers):
        logger.removeHandler(old)
        old.close()
    console = logging.StreamHandler(sys.stderr)
    console.setLevel(logging.INFO)
    console.setFormatter(_Line(with_trace=False))
    file = logging.FileHandler(place, encoding="utf-8")
    file.setFormatter(_Line(with_trace=True))
    logger.addHandler(console)
    logger.addHandler(file)
    return place


def event(message: str, **fields: object) -> None:
    """Logs one event; fields never hold a user id."""
    logger.info(message, extra={"fields": fields})


def warning(message: str, **fields: object) -> None:
    """Logs one event that a person should look at; fields never hold a user id."""
    logger.warning(message, extra={"fields": fields})
