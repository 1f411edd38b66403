"""Previews of drafts: jobs/what_if.py in a process of its own, one at a time."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Lock, Thread

from jobs.desk.posted import FormError
from jobs.report.page.numbers import seconds
from jobs.report.plan_difference import PlanDifference, difference_of_json
from jobs.runtime.redaction import redacted
from jobs.saved_rules.drafted import draft_as_json
from jobs.saved_rules.versions import RuleVersion

PREVIEW, PREVIEW_END, PREVIEW_DRAFT = "preview", "preview_end", "preview_draft"  # actions of forms
STOP = "stop"
RUNNING, DONE, FAILED = "running", "done", "failed"
_COMMAND = "what_if: "  # begins the line of an error
_MOST = 10  # previews that are kept
_SECONDS_TO_END = 20.0


class BusyError(Exception):
    """Another preview runs. number: of that"""

    def __init__(self, other: Preview) -> None:
        self.number = other.number
        super().__init__(f"A preview of {other.draft.key} by {other.draft.changed_by} is running.")


@dataclass(frozen=True)
class Outcome:
    """How a run ended. problem: why there is no difference"""

    took: float
    difference: PlanDifference | None = None
    problem: str = ""


@dataclass
class Preview:
    """A run for a draft on a night. fields: of its form, empty for a stored draft; stopped: why it was, '' if not"""

    number: int
    draft: RuleVersion
    fields: Mapping[str, str]
    night: date
    folder: TemporaryDirectory[str]
    process: subprocess.Popen[bytes]
    began: float = field(default_factory=time.monotonic)
    stopped: str = ""
    outcome: Outcome | None = None

    @property
    def state(self) -> str:
        """running, done or failed."""
        if self.outcome is None:
            return RUNNING
        return FAILED if self.outcome.difference is None else DONE

    @property
    def took(self) -> str:
        """How long it ran, or has been running."""
        return seconds(time.monotonic() - self.began if self.outcome is None else self.outcome.took)

    def stop(self, why: str) -> None:
        """Asks the process to end."""
        if self.process.poll() is None:
            self.stopped = self.stopped or why
            self._signal(signal.SIGTERM)

    def wait(self, limit: float) -> None:
        """Waits until the process has ended, and stops one that runs for more than `limit` seconds."""
        try:
            self.process.wait(limit)
        except subprocess.TimeoutExpired:
            self.stop(f"It was stopped after {seconds(limit)}, the most that desk.preview_minutes allows.")
        while self.process.poll() is None:
            try:
                self.process.wait(_SECONDS_TO_END)
            except subprocess.TimeoutExpired:
                self._signal(signal.SIGKILL)
        self.outcome = self._outcome()

    def _signal(self, number: int) -> None:
        """Signals the process, or all of its session: Java and Python workers outlive a kill of the process alone."""
        with suppress(ProcessLookupError):
            if number == signal.SIGKILL:
                os.killpg(self.process.pid, number)
            else:
                self.process.send_signal(number)

    def _outcome(self) -> Outcome:
        took, code = time.monotonic() - self.began, self.process.returncode
        if code == 0:
            with suppress(ValueError, TypeError, KeyError):
                return Outcome(took, difference_of_json((Path(self.folder.name) / "out").read_text("utf-8")))
        if self.stopped:
            return Outcome(took, problem=self.stopped)
        lines = redacted((Path(self.folder.name) / "err").read_text("utf-8", "replace")).strip().splitlines()
        said = next((line.removeprefix(_COMMAND) for line in reversed(lines) if line.startswith(_COMMAND)), None)
        return Outcome(took, problem=said or f"The preview ended without a result (exit code {code}).")


class Previews:
    """Starts one run at a time and keeps the newest ones.

    command: of jobs/what_if.py, without a draft; limit: seconds after which a run is stopped
    """

    def __init__(self, command: Sequence[str], limit: float) -> None:
        self._command, self._limit, self._lock = command, limit, Lock()
        self._kept: dict[int, Preview] = {}

    @property
    def newest(self) -> Preview | None:
        """The newest one, None before the first."""
        return next(reversed(self._kept.values()), None)

    def of_number(self, number: int) -> Preview | None:
        """One of those that are kept."""
        return self._kept.get(number)

    def start(self, draft: RuleVersion, fields: Mapping[str, str], night: date) -> Preview:
        """Starts the run of a draft. Raises BusyError while another one runs, FormError if it cannot be started."""
        with self._lock:
            newest = self.newest
            if newest is not None and newest.state == RUNNING:
                raise BusyError(newest)
            folder = TemporaryDirectory(prefix="longtail-preview-")
            rule, out, err = (Path(folder.name) / name for name in ("rule.json", "out", "err"))
            rule.write_text(draft_as_json(draft), encoding="utf-8")
            command = [*self._command, "--json", "--as-of", str(night), "--rule", str(rule)]
            try:
                with out.open("wb") as written, err.open("wb") as failures:
                    # In a session of its own, so that Ctrl-C of the desk does not reach it before the desk ends it.
                    process = subprocess.Popen(
                        command, stdin=subprocess.DEVNULL, stdout=written, stderr=failures, start_new_session=True
                    )
            except OSError as error:
                raise FormError(
                    503,
                    f"The preview cannot be started: {command[0]} fails ({os.strerror(error.errno or 0)}).",
                    "Ask whoever runs the desk to correct the cause.",
                ) from error
            number = 1 if newest is None else newest.number + 1
            preview = Preview(number, draft, dict(fields), night, folder, process)
            # A new dictionary, since other threads read this one.
            self._kept = {**dict(list(self._kept.items())[1 - _MOST :]), number: preview}
        Thread(target=preview.wait, args=(self._limit,), name=f"preview {number}", daemon=True).start()
        return preview

    def close(self) -> None:
        """Ends the run, if one runs."""
        newest = self.newest
        if newest is not None and newest.state == RUNNING:
            newest.stop("The desk was stopped.")
            newest.wait(_SECONDS_TO_END)
