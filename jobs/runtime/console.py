"""The console for people: one line a finished step, and one line of progress that a terminal redraws."""

from __future__ import annotations

import logging
import shutil
import threading
from datetime import datetime
from typing import TextIO

from jobs.runtime.redaction import redacted


class Console(logging.Handler):
    """Writes warnings and the events that have a `short` text; all other events are for the log file.

    `redraws`: whether the stream is a terminal, on which a line of progress takes the place of the one before.
    """

    def __init__(self, stream: TextIO) -> None:
        super().__init__()
        self.redraws = stream.isatty()
        self._stream = stream
        self._writing = threading.Lock()
        self._drawn = False

    def emit(self, record: logging.LogRecord) -> None:
        short = getattr(record, "short", None)
        if record.levelno >= logging.WARNING:
            fields = getattr(record, "fields", {})
            about = ", ".join(f"{key} {value}" for key, value in fields.items() if key not in ("run", "as_of"))
            short = f"warning: {record.getMessage()}" + (f" ({about})" if about else "")
        if short is not None:
            when = datetime.fromtimestamp(record.created).astimezone()
            with self._writing:
                self._clear()
                self._stream.write(f"{when:%H:%M:%S}  {redacted(short)}\n")
                self._stream.flush()

    def redraw(self, text: str) -> None:
        """Shows a line of progress in the place of the last one; an empty text takes it away."""
        with self._writing:
            self._clear()
            if text:
                self._stream.write(text[: shutil.get_terminal_size().columns - 1])
                self._drawn = True
            self._stream.flush()

    def _clear(self) -> None:
        if self._drawn:
            self._stream.write("\r\033[K")
            self._drawn = False
