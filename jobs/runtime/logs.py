"""Events of a run: all of them in the run's log file, short lines for people or lines with fields on stderr."""

from __future__ import annotations

import logging
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO

from jobs.runtime.console import Console
from jobs.runtime.errors import ConfigurationError
from jobs.runtime.redaction import redacted
from jobs.runtime.storage import has_scheme

FORM_VARIABLE, FOLDER_VARIABLE = "LONGTAIL_LOG", "LONGTAIL_LOG_FOLDER"
FORMS = ("short", "fields")
TIME_OF_LINE = "%Y-%m-%dT%H:%M:%SZ"

_LONGEST_LINE = 100_000  # bytes that are redacted at once, which bounds memory and time

logger = logging.getLogger("longtail")


class _Line(logging.Formatter):
    """Time, level, message and fields in one line; with `with_trace` the stack trace below it. Secrets are redacted."""

    def __init__(self, with_trace: bool) -> None:
        super().__init__()
        self._with_trace = with_trace

    def format(self, record: logging.LogRecord) -> str:
        when = datetime.fromtimestamp(record.created, UTC).strftime(TIME_OF_LINE)
        fields = getattr(record, "fields", {})
        tail = "".join(f" {key}={value}" for key, value in fields.items())
        line = f"{when} {record.levelname.lower()} {record.getMessage()}{tail}"
        if self._with_trace and record.exc_info:
            line += "\n" + self.formatException(record.exc_info)
        return redacted(line)


def log_folder(warehouse: str) -> Path:
    """Where the driver writes the logs of runs: LONGTAIL_LOG_FOLDER, or by default `logs` of a local warehouse.

    The default of a warehouse by URI is a folder in the driver's temporary folder, which may vanish with the driver.
    """
    named = os.environ.get(FOLDER_VARIABLE)
    if named:
        return Path(named).absolute()
    return (
        Path(tempfile.gettempdir()) / "longtail-logs" if has_scheme(warehouse) else Path(warehouse).absolute() / "logs"
    )


@contextmanager
def log_of_run(path: Path) -> Iterator[None]:
    """Events go to `path` and, in the form of LONGTAIL_LOG, to stderr; all else that is written to stderr to `path`.

    Output of libraries, Java and child processes has a form that neither a person nor a scheduler reads. Handlers and
    stderr are restored at the end, and secrets in that output are hidden. Raises ConfigurationError for an unknown
    form, OSError if the file cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    before = list(logger.handlers), logger.level, logger.propagate
    file = logging.FileHandler(path, encoding="utf-8")
    file.setFormatter(_Line(with_trace=True))
    with _stderr_into(path) as stream:
        console = _console(stream)
        logger.handlers[:], logger.propagate = [console, file], False
        logger.setLevel(logging.DEBUG)
        try:
            yield
        finally:
            file.close()
            logger.handlers[:], logger.level, logger.propagate = before
            with suppress(OSError):  # a log that someone deleted fails no run
                _redact_file(path)


def _redact_file(path: Path) -> None:
    """Hides the secrets of each line. Lines keep their length, so that those that Java appends at the same time stay.

    It is done at the end of a run and not through a pipe: of a process that dies the last words, which say why, would
    be lost in the pipe, and a library that writes much while it holds the interpreter's lock would wait forever.
    """
    end = 0
    with path.open("r+b") as file:
        while line := file.readline(_LONGEST_LINE):
            begin, end = end, end + len(line)
            text = line.rstrip(b"\n")
            hidden = redacted(text.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")
            if hidden != text:
                file.seek(begin)
                file.write(hidden.ljust(len(text)) if len(hidden) <= len(text) else b"*" * len(text))
                file.seek(end)


def _console(stream: TextIO) -> logging.Handler:
    form = os.environ.get(FORM_VARIABLE) or ("short" if stream.isatty() else "fields")
    if form not in FORMS:
        raise ConfigurationError(f"{FORM_VARIABLE} is {form!r}.", f"Set it to {' or '.join(FORMS)}, or leave it out.")
    if form == "short":
        return Console(stream)
    lines = logging.StreamHandler(stream)
    lines.setLevel(logging.INFO)
    lines.setFormatter(_Line(with_trace=False))
    return lines


@contextmanager
def also_logged_to(path: Path) -> Iterator[None]:
    """Adds a second file for the events of a run, such as that of a stream that outlives many nights."""
    path.parent.mkdir(parents=True, exist_ok=True)
    file = logging.FileHandler(path, encoding="utf-8")
    file.setFormatter(_Line(with_trace=True))
    logger.addHandler(file)
    try:
        yield
    finally:
        logger.removeHandler(file)
        file.close()


def log_file() -> Path | None:
    """The log file of this run, None outside of a run."""
    files = [handler for handler in logger.handlers if isinstance(handler, logging.FileHandler)]
    return Path(files[0].baseFilename) if files else None


@contextmanager
def _stderr_into(path: Path) -> Iterator[TextIO]:
    """Redirects the process's stderr, which Java and other children inherit, to a file; yields the original stream.

    If sys.stderr has been replaced, as in a test, the replacement is yielded.
    """
    sys.stderr.flush()
    with path.open("ab") as file, os.fdopen(os.dup(2), "w", encoding="utf-8", errors="backslashreplace") as original:
        own = sys.stderr is sys.__stderr__
        os.dup2(file.fileno(), 2)
        try:
            yield original if own else sys.stderr
        finally:
            sys.stderr.flush()
            os.dup2(original.fileno(), 2)


def event(message: str, **fields: object) -> None:
    """Logs one event; fields never hold a user id."""
    logger.info(message, extra={"fields": fields})


def milestone(message: str, short: str, /, **fields: object) -> None:
    """Logs one event that people see on the console as `short`; neither holds a user id."""
    logger.info(message, extra={"fields": fields, "short": short})


def warning(message: str, **fields: object) -> None:
    """Logs one event that a person should look at; fields never hold a user id."""
    logger.warning(message, extra={"fields": fields})
