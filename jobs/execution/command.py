"""The command line of the jobs: arguments, exit codes, errors in one line."""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import traceback
import uuid
from collections.abc import Callable
from datetime import date
from pathlib import Path

from pyspark.sql import SparkSession

from jobs.config.configuration import Config, load_config
from jobs.execution.manifest import run_step
from jobs.execution.night import Step
from jobs.runtime import clock
from jobs.runtime.errors import DONE, FAILED, LongtailError
from jobs.runtime.lock import only_writer
from jobs.runtime.logs import log_to, logger
from jobs.runtime.session import spark_session


def parser(meaning: str | None) -> argparse.ArgumentParser:
    """A parser with --conf; `meaning` is the text of --help."""
    made = argparse.ArgumentParser(description=meaning, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("--conf", default="conf/local.yaml", metavar="FILE", help="configuration (default: %(default)s)")
    return made


def add_as_of(made: argparse.ArgumentParser, required: bool = True) -> None:
    """Adds --as-of."""
    made.add_argument(
        "--as-of", type=calendar_date, required=required, metavar="YYYY-MM-DD", help="the night's date, UTC"
    )


def calendar_date(text: str) -> date:
    """An ISO date; anything else is a usage error that says the form."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a date; write it as 2017-12-01") from None


def main_of(step: Step, arguments: list[str] | None = None) -> None:
    """The main of a job that is one step: parses --conf and --as-of, runs it, exits with the design's codes."""
    made = parser(step.__doc__)
    add_as_of(made)
    given = made.parse_args(arguments)
    run(given.conf, step.__name__, lambda spark, conf, run_id: run_step(step, spark, conf, given.as_of, run_id))


def run(
    conf_path: str,
    name: str,
    body: Callable[[SparkSession, Config, str], object],
    *,
    writes: bool = True,
    wait_seconds: float = 0.0,
) -> None:
    """Loads the configuration, takes the lock where the body writes, opens Spark, runs the body and exits.

    wait_seconds: how long it waits for another writer of the warehouse before it is refused
    """
    body_of = lambda conf, run_id: body(spark_session(name), conf, run_id)  # noqa: E731
    sys.exit(_guarded(conf_path, name, body_of, writes, wait_seconds))


def run_without_spark(conf_path: str, name: str, body: Callable[[Config, str], object], *, writes: bool = True) -> None:
    """As `run`, for a body that needs no session and so no Java."""
    sys.exit(_guarded(conf_path, name, body, writes))


def _guarded(
    conf_path: str, name: str, body: Callable[[Config, str], object], writes: bool, wait_seconds: float = 0.0
) -> int:
    log: Path | None = None
    run_id = f"{clock.now():%Y%m%dT%H%M%S}-{uuid.uuid4().hex[:6]}"
    try:
        conf = load_config(conf_path)
        folder = Path(conf.warehouse).absolute()
        if not writes:
            body(conf, run_id)
            return DONE
        with only_writer(folder, f"{name}, run {run_id}", wait_seconds):
            log = log_to(run_id, folder / "logs")
            logger.info("configuration", extra={"fields": {"run": run_id, "hash": conf.hash}})
            logger.debug("resolved configuration", extra={"fields": {"conf": conf.model_dump_json()}})
            try:
                body(conf, run_id)
            finally:
                shutil.rmtree(folder / "scratch", ignore_errors=True)  # files on their way to executors or Delta
        return DONE
    except LongtailError as error:
        logger.debug("stopped", exc_info=error)
        _say(f"{name}: {error}")
        return error.exit_code
    except Exception as error:
        logger.debug("failed", exc_info=error)
        _say(f"{name}: {told(error)}. The whole trace is in {log or _kept_trace(run_id, error)}.")
        return FAILED


def told(error: Exception) -> str:
    """One line of an error that nobody foresaw: its kind and what it says.

    Spark wraps what a Python worker raised in the worker's trace, and what the JVM raised in the name of a call; both
    are left out.
    """
    lines = str(error).splitlines()
    for place, line in enumerate(lines):
        if "Traceback (most recent call last)" in line:
            raised = next((one for one in lines[place + 1 :] if one and not one[0].isspace()), None)
            if raised:
                return _short(raised)
    said = (line.removeprefix(":").strip() for line in lines if not line.startswith("An error occurred while calling"))
    return _short(f"{type(error).__name__}: {next(filter(None, said), 'no message')}")


def _short(line: str) -> str:
    return line[:300].rstrip(" .")


def _kept_trace(run_id: str, error: Exception) -> Path:
    """A file for the trace of a command that writes no log: it only reads, or had not come so far."""
    place = Path(tempfile.gettempdir()) / f"longtail-{run_id}.log"
    place.write_text("".join(traceback.format_exception(error)), encoding="utf-8")
    return place


def _say(line: str) -> None:
    print(line, file=sys.stderr)
