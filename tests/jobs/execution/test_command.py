"""The commands as a person runs them, up to the point where Spark would start."""

import os
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from jobs import nightly, publish, show, what_if
from jobs.execution.command import run_without_spark, told
from jobs.runtime.errors import FAILED, REFUSED, WRONG_USAGE, Refused
from jobs.runtime.lock import only_writer

Main = Callable[[], None]
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a command's main with arguments; gives its exit code and what it wrote to stdout and stderr."""

    def command(main: Main, *arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["command", *arguments])
        with pytest.raises(SystemExit) as stopped:
            main()
        written = capsys.readouterr()
        return int(stopped.value.code or 0), written.out, written.err

    return command


@pytest.mark.parametrize("main", [nightly.main, publish.main, show.main, what_if.main])
def test_help_says_what_a_job_is_for(run: Run, main: Main) -> None:
    code, said, _ = run(main, "--help")
    assert code == 0
    assert "--conf" in said


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--as-of", "1.12.2017"], "is not a date; write it as 2017-12-01"),
        ([], "give either --as-of, or --from and --to"),
        (["--from", "2017-12-02", "--to", "2017-12-01"], "--to 2017-12-01 is before --from 2017-12-02"),
        (["--as-of", "2017-12-01", "--from-step", "lunch"], "invalid choice"),
    ],
)
def test_wrong_usage_is_said_in_words(run: Run, arguments: list[str], said: str) -> None:
    code, _, error = run(nightly.main, *arguments)
    assert code == WRONG_USAGE
    assert said in error


def test_a_wrong_configuration_is_one_line(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "store.yaml"
    path.write_text("warehous: x\n", encoding="utf-8")
    code, _, error = run(nightly.main, "--conf", str(path), "--as-of", "2017-12-01")
    assert code == WRONG_USAGE
    assert error.strip().splitlines() == [
        f"nightly: {path}: warehous is not a key of the configuration. Remove it or look up its name in conf/base.yaml."
    ]


def test_a_warehouse_that_cannot_be_made_is_named(run: Run, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    path = tmp_path / "store.yaml"
    path.write_text(f"warehouse: {tmp_path}/file/warehouse\n", encoding="utf-8")
    code, _, error = run(nightly.main, "--conf", str(path), "--as-of", "2017-12-01")
    assert code == WRONG_USAGE
    assert "cannot be written" in error


def test_a_second_writer_is_refused_by_name(tmp_path: Path) -> None:
    said = rf"Another run is writing {tmp_path}: nightly, run 7, process {os.getpid()}\."
    with only_writer(tmp_path, "nightly, run 7"):
        with pytest.raises(Refused, match=said) as caught, only_writer(tmp_path, "ingest, run 8"):
            pass
        assert caught.value.exit_code == REFUSED


def test_a_second_writer_waits_for_the_first(tmp_path: Path) -> None:
    order = []

    def second() -> None:
        with only_writer(tmp_path, "second", wait_seconds=30):
            order.append("second writes")

    with only_writer(tmp_path, "first"):
        waiting = threading.Thread(target=second)
        waiting.start()
        waiting.join(0.2)
        order.append("first ends")
    waiting.join()
    assert order == ["first ends", "second writes"]


def test_a_run_beside_another_ends_with_exit_code_3(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "store.yaml"
    path.write_text(f"warehouse: {tmp_path}/warehouse\n", encoding="utf-8")
    with only_writer(tmp_path / "warehouse", "publish, run 7"):
        code, _, error = run(nightly.main, "--conf", str(path), "--as-of", "2017-12-01")
    assert code == REFUSED
    assert "publish, run 7" in error
    assert len(error.strip().splitlines()) == 1


WORKER = """
  An exception was thrown from the Python worker. Please see the stack trace below.
Traceback (most recent call last):
  File "worker.py", line 2, in <module>
    raise ValueError("no number")
ValueError: The model gave no number.

JVM stacktrace:
org.apache.spark.SparkException: Job aborted
"""
CALL = "An error occurred while calling o45.save.\n: java.io.IOException: No space left on device\n\tat a.b(C.java:1)"


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (KeyError("brand"), "KeyError: 'brand'"),
        (ValueError(), "ValueError: no message"),
        (RuntimeError(WORKER), "ValueError: The model gave no number"),
        (RuntimeError(CALL), "RuntimeError: java.io.IOException: No space left on device"),
        (RuntimeError("x" * 400), f"RuntimeError: {'x' * 286}"),
    ],
)
def test_an_unforeseen_error_is_one_line(error: Exception, line: str) -> None:
    assert told(error) == line


def test_the_trace_of_a_command_that_only_reads_is_kept(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    path = tmp_path / "store.yaml"
    path.write_text(f"warehouse: {tmp_path}/warehouse\n", encoding="utf-8")

    def fails() -> None:
        run_without_spark(str(path), "look", lambda conf, run_id: {}["brand"], writes=False)

    code, _, error = run(fails)
    assert code == FAILED
    [kept] = tmp_path.glob("longtail-*.log")
    assert error == f"look: KeyError: 'brand'. The whole trace is in {kept}.\n"
    assert "Traceback" in kept.read_text(encoding="utf-8")
    assert not (tmp_path / "warehouse").exists()
