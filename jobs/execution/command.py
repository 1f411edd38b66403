"""The command line of the jobs: arguments, exit codes, errors in one line."""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import traceback
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from datetime import date
from functools import partial
from inspect import cleandoc
from pathlib import Path

from pyspark.sql import SparkSession

from jobs.config.configuration import Config, load_config
from jobs.execution.manifest import run_step
from jobs.execution.night import Step
from jobs.runtime import clock
from jobs.runtime.errors import DONE, FAILED, INTERRUPTED, TERMINATED, ConfigurationError, LongtailError
from jobs.runtime.executor_files import on_one_machine
from jobs.runtime.lock import cancel_jobs, only_writer
from jobs.runtime.logs import FORM_VARIABLE, log_folder, log_of_run, logger, milestone
from jobs.runtime.progress import running_step
from jobs.runtime.redaction import redacted, redacted_configuration
from jobs.runtime.scratch import removed_scratch
from jobs.runtime.session import SparkStartError, spark_session
from jobs.runtime.storage import has_scheme, is_remote, storage_of
from jobs.runtime.storage_errors import storage_errors_in_words
from jobs.runtime.termination import Terminated, ended_by_sigterm
from jobs.saved_rules.merging import rules_of_night

CONF_VARIABLE, DEFAULT_CONF = "LONGTAIL_CONF", "conf/local.yaml"
_MOST_CHARACTERS = 300  # of an error that is shown in one line
_FORMS = f"""With {FORM_VARIABLE}=short stderr gets lines for people (the default on a terminal), with
{FORM_VARIABLE}=fields one line an event with all of its fields. The log file of the run has everything."""


def parser(docstring: str | None, own_conf: str | None = None) -> argparse.ArgumentParser:
    """A parser with --conf; the docstring is the text of --help.

    Without --conf every command, a step or one for upkeep, reads the file that LONGTAIL_CONF names, and without the
    variable that of the demo.

    own_conf: the default of a command that has a configuration of its own
    """
    arguments = argparse.ArgumentParser(
        description=cleandoc(docstring or ""), epilog=_FORMS, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    arguments.add_argument(
        "--conf", default=own_conf or os.environ.get(CONF_VARIABLE) or DEFAULT_CONF, metavar="FILE",
        help=f"configuration, a path or URI (default: {own_conf or f'${CONF_VARIABLE}, or {DEFAULT_CONF} without it'})",
    )  # fmt: skip
    return arguments


def add_as_of(arguments: argparse.ArgumentParser, required: bool = True) -> None:
    """Adds --as-of."""
    arguments.add_argument(
        "--as-of", type=calendar_date, required=required, metavar="YYYY-MM-DD", help="the night's date, UTC"
    )


def calendar_date(text: str) -> date:
    """Parses an ISO date; anything else is a usage error that shows the form."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a date; write it as 2017-12-01") from None


def main_of(step: Step, arguments: list[str] | None = None) -> None:
    """Runs a job that is one step: parses --conf and --as-of, runs the step, exits with its code."""
    step_parser = parser(step.__doc__)
    add_as_of(step_parser)
    args = step_parser.parse_args(arguments)

    def run_one(spark: SparkSession, conf: Config, run_id: str) -> None:
        rules = rules_of_night(spark, conf, args.as_of)
        run_step(step, spark, rules.conf, args.as_of, run_id, rules=rules.said)

    run(args.conf, step.__name__, run_one)


def run(
    conf_path: str,
    name: str,
    body: Callable[[SparkSession, Config, str], object],
    *,
    writes: bool = True,
    wait_seconds: float = 0.0,
) -> None:
    """Loads the configuration, takes the lock if the body writes, starts Spark, runs the body and exits.

    For a remote warehouse Spark starts before the lock, which lies there.

    wait_seconds: how long to wait for another writer of the warehouse before giving up
    """

    def with_spark(conf: Config, run_id: str) -> object:
        spark = _session(name, conf)
        _report_one_machine(spark, conf)
        return body(spark, conf, run_id)

    sys.exit(_exit_code(conf_path, name, with_spark, writes, wait_seconds))


def run_without_spark(
    conf_path: str,
    name: str,
    body: Callable[[Config, str], object],
    *,
    writes: bool = True,
    opens_warehouse: bool = True,
) -> None:
    """Does the same as `run` for a body that needs no Spark session, and so no Java unless the warehouse is remote.

    opens_warehouse: whether the body reads or writes files of the warehouse; without, it may be remote
    """
    sys.exit(_exit_code(conf_path, name, body, writes, opens_warehouse=opens_warehouse))


def _exit_code(
    conf_path: str,
    name: str,
    body: Callable[[Config, str], object],
    writes: bool,
    wait_seconds: float = 0.0,
    opens_warehouse: bool = True,
) -> int:
    """Runs the body and returns the exit code; an error is one line on stderr, its stack trace is in the log."""
    try:
        with ended_by_sigterm(lambda: _terminated_line(name, writes), cancel_jobs):
            return _ended(conf_path, name, body, writes, wait_seconds, opens_warehouse)
    except Terminated:  # its line is written
        return TERMINATED


def _terminated_line(name: str, writes: bool) -> str:
    step = running_step()
    where = f" in {step}" if step not in (None, name) else ""
    live = "The last published night stays live. " if writes and step is not None else ""
    return f"{name}: stopped by SIGTERM{where}. {live}Run it again to complete it."


def _ended(
    conf_path: str,
    name: str,
    body: Callable[[Config, str], object],
    writes: bool,
    wait_seconds: float,
    opens_warehouse: bool,
) -> int:
    run_id = f"{clock.now():%Y%m%dT%H%M%S}-{uuid.uuid4().hex[:6]}"
    log = Path(tempfile.gettempdir()) / f"longtail-{run_id}.log"  # of a command that writes no warehouse
    try:
        with storage_errors_in_words():
            if is_remote(conf_path):
                spark_session(name)
            conf = load_config(conf_path)
        if writes:
            files, log = storage_of(conf.warehouse), log_folder(conf.warehouse) / f"{run_id}.log"
            lock = partial(only_writer, files, f"{name}, run {run_id}", wait_seconds)
            # The log of a local warehouse lies in the folder that the lock creates.
            with (
                lock() if not files.shared else nullcontext(),
                _logged(log, conf, name, opens_warehouse),
                removed_scratch(conf.warehouse, run_id),
            ):
                milestone("configuration", f"{name}, logged in {_from_here(log)}", run=run_id, hash=conf.hash)
                logger.debug("resolved configuration", extra={"fields": {"conf": _shown(conf)}})
                with lock() if files.shared else nullcontext():
                    body(conf, run_id)
        else:
            scratch = removed_scratch(conf.warehouse, run_id) if has_scheme(conf.warehouse) else nullcontext()
            with _logged(log, conf, name, opens_warehouse), scratch:
                body(conf, run_id)
            log.unlink()
        return DONE
    except LongtailError as error:
        if not writes and not isinstance(error, SparkStartError):
            log.unlink(missing_ok=True)
        _print_error(f"{name}: {error}")
        return error.exit_code
    except KeyboardInterrupt:
        _print_error(f"{name}: interrupted. Run it again to complete it.")
        return INTERRUPTED
    except Exception as error:
        if not log.exists():  # it failed before the log was opened
            log = Path(tempfile.gettempdir()) / f"longtail-{run_id}.log"
            log.write_text(redacted("".join(traceback.format_exception(error))), encoding="utf-8")
        _print_error(f"{name}: {error_line(error)}. The stack trace is in {log}.")
        return FAILED


@contextmanager
def _logged(log: Path, conf: Config, name: str, opens_warehouse: bool) -> Iterator[None]:
    """Opens the log, which gets the stack trace of an error, and the session by which a remote warehouse is opened."""
    with log_of_run(log):
        try:
            with storage_errors_in_words():
                if opens_warehouse and is_remote(conf.warehouse):
                    _session(name, conf)
                yield
        except BaseException as error:
            stopped = isinstance(error, LongtailError | KeyboardInterrupt | Terminated)
            logger.debug("stopped" if stopped else "failed", exc_info=error)
            raise


def _session(name: str, conf: Config) -> SparkSession:
    """Starts Spark. Raises ConfigurationError if tasks run on other hosts and the warehouse is a path of this one."""
    spark = spark_session(name)
    master = str(spark.sparkContext.master)
    # The workers of local-cluster are processes of this host, which read its paths.
    if not master.startswith("local") and not has_scheme(conf.warehouse):
        raise ConfigurationError(
            f"warehouse is {conf.warehouse}, a path of this host, but the tasks of {master} run on others.",
            "Set warehouse to a URI that all reach, such as s3a://bucket/longtail, or file:/path of a shared mount.",
        )
    return spark


def _report_one_machine(spark: SparkSession, conf: Config) -> None:
    """Reports a warehouse for a cluster that a session of one machine opens, as spark-submit does without a master."""
    master = spark.sparkContext.master
    if on_one_machine(master) and is_remote(conf.warehouse):
        milestone(
            "on one machine",
            f"all tasks run on this machine (master {master}), though the warehouse is remote; give spark-submit "
            "--master to use a cluster",
            master=master,
        )


def error_line(error: Exception) -> str:
    """An unforeseen error in one line: its type and its message.

    Spark wraps an error of a Python worker in the worker's stack trace, and one of the JVM in the name of a call; both
    wrappers are left out.
    """
    lines = redacted(str(error)).splitlines()  # before it is cut: half a secret is not recognised
    for number, line in enumerate(lines):
        if "Traceback (most recent call last)" in line:
            raised = next((text for text in lines[number + 1 :] if text and not text[0].isspace()), None)
            if raised:
                return _shortened(raised)
    texts = (line.removeprefix(":").strip() for line in lines if not line.startswith("An error occurred while calling"))
    return _shortened(f"{type(error).__name__}: {next(filter(None, texts), 'no message')}")


def _shortened(line: str) -> str:
    return line[:_MOST_CHARACTERS].rstrip(" .")


def _from_here(path: Path) -> Path:
    """The path as a person in the current folder writes it."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


def _shown(conf: Config) -> str:
    """The resolved configuration as JSON, without secrets."""
    return json.dumps(redacted_configuration(conf.model_dump(mode="json")), ensure_ascii=False)


def _print_error(line: str) -> None:
    print(redacted(line), file=sys.stderr)
