"""The commands as a person runs them, up to the point where Spark would start."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace

import pytest

from jobs import nightly, publish, show, what_if
from jobs.config.configuration import Config
from jobs.execution import command
from jobs.execution.command import error_line, run_without_spark
from jobs.runtime.errors import DONE, FAILED, INTERRUPTED, REFUSED, TERMINATED, WRONG_USAGE, Refused
from jobs.runtime.lock import WRITER, only_writer, require_lock
from jobs.runtime.logs import warning
from jobs.runtime.scratch import scratch_of
from jobs.runtime.storage import storage_of
from tests.readmes import ROOT, parser_of

Main = Callable[[], None]
Run = Callable[..., tuple[int, str, str]]
SOURCE = "source: {kind: complete_journey}\n"


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a command's main with arguments; returns its exit code, stdout and stderr."""

    def command(main: Main, *arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["command", *arguments])
        with pytest.raises(SystemExit) as stopped:
            main()
        written = capsys.readouterr()
        return int(stopped.value.code or 0), written.out, written.err

    return command


@pytest.mark.parametrize("main", [nightly.main, publish.main, show.main, what_if.main])
def test_help_names_the_arguments_and_the_form_of_the_log(run: Run, main: Main) -> None:
    code, text, _ = run(main, "--help")
    assert code == 0
    assert "--conf" in text
    assert "LONGTAIL_LOG=fields" in text


COMMANDS = sorted((ROOT / "jobs").glob("[a-z]*.py"))


@pytest.mark.parametrize("file", COMMANDS, ids=lambda file: file.stem)
def test_every_command_has_the_same_default_configuration(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = "conf/simulated.yaml" if file.stem == "replay_storefront" else None
    for value, default in ((None, "conf/local.yaml"), ("", "conf/local.yaml"), ("s3a://shop/c.yaml",) * 2):
        if value is None:
            monkeypatch.delenv("LONGTAIL_CONF", raising=False)
        else:
            monkeypatch.setenv("LONGTAIL_CONF", value)
        parser = parser_of(file)
        assert parser.get_default("conf") == (own or default)


def test_a_configuration_that_is_not_there_is_named_with_both_ways_to_name_it(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LONGTAIL_CONF", f"{tmp_path}/store.yaml")
    code, _, stderr = run(show.main, "--user", "1")
    assert code == WRONG_USAGE
    assert stderr.strip() == (
        f"show: {tmp_path}/store.yaml: cannot be read (No such file or directory). Name an existing file with --conf "
        "or in LONGTAIL_CONF."
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--as-of", "1.12.2017"], "is not a date; write it as 2017-12-01"),
        ([], "give either --as-of, or --from and --to"),
        (["--from", "2017-12-02", "--to", "2017-12-01"], "--to 2017-12-01 is before --from 2017-12-02"),
        (["--as-of", "2017-12-01", "--from-step", "lunch"], "invalid choice"),
    ],
)
def test_wrong_usage_is_explained(run: Run, arguments: list[str], message: str) -> None:
    code, _, stderr = run(nightly.main, *arguments)
    assert code == WRONG_USAGE
    assert message in stderr


def test_a_wrong_configuration_is_one_line(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "store.yaml"
    path.write_text(f"{SOURCE}warehous: x\n", encoding="utf-8")
    code, _, stderr = run(nightly.main, "--conf", str(path), "--as-of", "2017-12-01")
    assert code == WRONG_USAGE
    assert stderr.strip().splitlines() == [
        f"nightly: {path}: warehous is not a key of the configuration. "
        "Remove it, or look up its name in conf/base.yaml."
    ]


def test_a_warehouse_that_cannot_be_created_is_named(run: Run, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    path = tmp_path / "store.yaml"
    path.write_text(f"{SOURCE}warehouse: {tmp_path}/file/warehouse\n", encoding="utf-8")
    code, _, stderr = run(nightly.main, "--conf", str(path), "--as-of", "2017-12-01")
    assert code == WRONG_USAGE
    assert "cannot be written" in stderr


def test_a_second_writer_is_refused_by_name(tmp_path: Path) -> None:
    message = rf"Another run is writing {tmp_path}: nightly, run 7, process {os.getpid()}\."
    with only_writer(storage_of(str(tmp_path)), "nightly, run 7"):
        with pytest.raises(Refused, match=message) as caught, only_writer(storage_of(str(tmp_path)), "ingest, run 8"):
            pass
        assert caught.value.exit_code == REFUSED


def test_a_second_writer_waits_for_the_first(tmp_path: Path) -> None:
    order = []

    def second() -> None:
        with only_writer(storage_of(str(tmp_path)), "second", wait_seconds=30):
            order.append("second writes")

    with only_writer(storage_of(str(tmp_path)), "first"):
        waiting = threading.Thread(target=second)
        waiting.start()
        waiting.join(0.2)
        order.append("first ends")
    waiting.join()
    assert order == ["first ends", "second writes"]


def test_a_run_next_to_another_ends_with_exit_code_3(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "store.yaml"
    path.write_text(f"{SOURCE}warehouse: {tmp_path}/warehouse\n", encoding="utf-8")
    with only_writer(storage_of(str(tmp_path / "warehouse")), "publish, run 7"):
        code, _, stderr = run(nightly.main, "--conf", str(path), "--as-of", "2017-12-01")
    assert code == REFUSED
    assert "publish, run 7" in stderr
    assert len(stderr.strip().splitlines()) == 1


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
    assert error_line(error) == line


@pytest.fixture
def conf_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A configuration whose warehouse is in tmp_path, as are the logs of commands that only read."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    path = tmp_path / "store.yaml"
    path.write_text(f"{SOURCE}warehouse: {tmp_path}/warehouse\n", encoding="utf-8")
    return path


def test_the_stack_trace_of_a_command_that_only_reads_is_kept(run: Run, conf_file: Path) -> None:
    code, _, stderr = run(
        lambda: run_without_spark(str(conf_file), "look", lambda conf, run_id: {}["brand"], writes=False)
    )
    assert code == FAILED
    [log] = conf_file.parent.glob("longtail-*.log")
    assert stderr == f"look: KeyError: 'brand'. The stack trace is in {log}.\n"
    assert "Traceback" in log.read_text(encoding="utf-8")
    assert not (conf_file.parent / "warehouse").exists()


@pytest.mark.parametrize(("problem", "code"), [(None, DONE), (Refused("It was refused.", "Wait."), REFUSED)])
def test_a_command_that_only_reads_leaves_no_log(
    run: Run, conf_file: Path, problem: Exception | None, code: int
) -> None:
    def body(conf: object, run_id: str) -> None:
        if problem:
            raise problem

    assert run(lambda: run_without_spark(str(conf_file), "look", body, writes=False))[0] == code
    assert list(conf_file.parent.glob("longtail-*.log")) == []


def test_ctrl_c_is_one_line(run: Run, conf_file: Path) -> None:
    def interrupted(conf: object, run_id: str) -> None:
        raise KeyboardInterrupt

    code, _, stderr = run(lambda: run_without_spark(str(conf_file), "look", interrupted, writes=False))
    assert (code, stderr) == (INTERRUPTED, "look: interrupted. Run it again to complete it.\n")


def test_help_of_a_night_waits_for_no_large_library() -> None:
    code = "import sys, jobs.nightly, jobs.restore; sys.exit(str({'feast', 'mlflow', 'torch'} & set(sys.modules)))"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert ended.stderr.strip() == "set()"


_STEP = """
import sys, time
from jobs.execution.command import run_without_spark
from jobs.runtime.progress import progress_of

def body(conf, run_id):
    with progress_of("score"):
        print("begun", flush=True)
        time.sleep(600)

run_without_spark(sys.argv[1], "nightly", body)
"""


def test_sigterm_is_one_line_and_releases_the_lock(conf_file: Path) -> None:
    """The line names the step; the log of the run has it too, since nothing else would say why the run has no end."""
    night = subprocess.Popen(
        [sys.executable, "-c", _STEP, str(conf_file)], text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert night.stdout is not None
    assert night.stdout.readline() == "begun\n"
    night.terminate()
    stderr = night.communicate(timeout=60)[1]
    line = "nightly: stopped by SIGTERM in score. The last published night stays live. Run it again to complete it."
    assert (night.returncode, stderr.splitlines()[-1]) == (TERMINATED, line)
    [log] = (conf_file.parent / "warehouse/logs").glob("*.log")
    assert f"Z warning {line}\n" in log.read_text(encoding="utf-8")
    assert "debug failed" not in log.read_text(encoding="utf-8")
    with only_writer(storage_of(str(conf_file.parent / "warehouse")), "next"):
        pass


def test_sigterm_ends_a_forked_worker_as_ever(run: Run, conf_file: Path) -> None:
    """A pool of a job ends its workers by the signal, and one that waits in C ends too."""

    def body(conf: object, run_id: str) -> None:
        ready, begun = os.pipe()
        worker = os.fork()
        if worker == 0:
            os.write(begun, b".")
            signal.pause()
        os.read(ready, 1)
        os.kill(worker, signal.SIGTERM)
        assert os.waitstatus_to_exitcode(os.waitpid(worker, 0)[1]) == -signal.SIGTERM

    assert run(lambda: run_without_spark(str(conf_file), "look", body, writes=False)) == (DONE, "", "")


def test_the_log_has_what_libraries_write_and_the_console_has_not(run: Run, conf_file: Path) -> None:
    def body(conf: object, run_id: str) -> None:
        os.write(2, b":: resolving dependencies ::\n")
        subprocess.run([sys.executable, "-c", "import sys; print('from a child', file=sys.stderr)"], check=True)
        warning("no item matches", key="plan.floors")
        raise ValueError("no date")

    code, _, stderr = run(lambda: run_without_spark(str(conf_file), "look", body))
    assert code == FAILED
    [log] = (conf_file.parent / "warehouse/logs").glob("*.log")
    text = log.read_text(encoding="utf-8")
    assert all(part in text for part in ("resolving dependencies", "from a child", "no item matches", "Traceback"))
    assert [line.split(" ", 1)[1] for line in stderr.splitlines()[1:]] == [
        "warning no item matches key=plan.floors",
        f"ValueError: no date. The stack trace is in {log}.",
    ]


@pytest.fixture
def shared_conf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A configuration whose warehouse is a file: URI, which drivers of several hosts may share."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "tmp"))
    (tmp_path / "tmp").mkdir()
    path = tmp_path / "store.yaml"
    path.write_text(f"{SOURCE}warehouse: {(tmp_path / 'warehouse').as_uri()}\n", encoding="utf-8")
    return path


def test_a_shared_warehouse_has_a_lease_and_its_log_is_on_the_drivers_disk(run: Run, shared_conf: Path) -> None:
    warehouse, temporary = shared_conf.parent / "warehouse", shared_conf.parent / "tmp"

    def body(conf: Config, run_id: str) -> None:
        require_lock(storage_of(conf.warehouse), WRITER)
        assert [path.name for path in (warehouse / "lock/writer").iterdir()] == ["1.json"]
        scratch_of(conf.warehouse, run_id).mkdir()

    assert run(lambda: run_without_spark(str(shared_conf), "look", body))[0] == DONE
    assert [path.name for path in warehouse.iterdir()] == ["lock"]
    [logs] = temporary.iterdir()
    assert [path.suffix for path in logs.iterdir()] == [".log"]


def test_a_second_driver_of_a_shared_warehouse_is_refused(run: Run, shared_conf: Path) -> None:
    with only_writer(storage_of((shared_conf.parent / "warehouse").as_uri()), "publish, run 7"):
        code, _, stderr = run(lambda: run_without_spark(str(shared_conf), "look", lambda conf, run_id: None))
    assert code == REFUSED
    assert f"publish, run 7, process {os.getpid()} on" in stderr


def test_the_folder_of_logs_can_be_named(run: Run, shared_conf: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LONGTAIL_LOG_FOLDER", str(shared_conf.parent / "logs"))
    assert run(lambda: run_without_spark(str(shared_conf), "look", lambda conf, run_id: None))[0] == DONE
    assert len(list((shared_conf.parent / "logs").glob("*.log"))) == 1


class _Session:
    """A session of a master."""

    def __init__(self, master: str) -> None:
        self.sparkContext = SimpleNamespace(master=master)


@pytest.mark.parametrize(
    ("master", "warehouse", "code"),
    [
        ("local[2]", "warehouse", DONE),
        ("local-cluster[2,1,1024]", "warehouse", DONE),
        ("spark://host:7077", "warehouse", WRONG_USAGE),
        ("k8s://https://host", "/mnt/warehouse", WRONG_USAGE),
        ("yarn", "file:/mnt/warehouse", DONE),
    ],
)
def test_a_path_of_one_host_is_refused_on_a_cluster(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, master: str, warehouse: str, code: int
) -> None:
    monkeypatch.setattr("jobs.execution.command.spark_session", lambda name: _Session(master))
    path = tmp_path / "store.yaml"
    path.write_text(f"{SOURCE}warehouse: {warehouse}\n", encoding="utf-8")
    exit_code, _, stderr = run(lambda: command.run(str(path), "look", lambda spark, conf, run_id: None, writes=False))
    assert exit_code == code
    if code == WRONG_USAGE:
        assert stderr == (
            f"look: warehouse is {warehouse}, a path of this host, but the tasks of {master} run on others. Set "
            "warehouse to a URI that all reach, such as s3a://bucket/longtail, or file:/path of a shared mount.\n"
        )


def test_a_night_whose_store_does_not_answer_ends_before_its_first_step(
    run: Run, conf_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("jobs.execution.command.spark_session", lambda name: _Session("local[2]"))
    monkeypatch.setattr("jobs.nightly.run_step", lambda *_: pytest.fail("a step has run"))
    online = "online: {store: redis, redis_url_variable: SOME_REDIS}\n"
    conf_file.write_text(conf_file.read_text(encoding="utf-8") + online, encoding="utf-8")
    arguments = ("--conf", str(conf_file), "--as-of", "2017-12-01", "--from-step", "publish")
    for address, problem in (
        ("127.0.0.1:9,password=hunter22", "Redis cannot be reached"),
        ("redis://:hunter22@127.0.0.1:9", "SOME_REDIS is not an address: it is a URL"),
    ):
        monkeypatch.setenv("SOME_REDIS", address)
        code, _, stderr = run(nightly.main, *arguments)
        assert code == WRONG_USAGE
        assert problem in stderr.splitlines()[-1]
        alerts = (conf_file.parent / "warehouse/alerts").glob("*.jsonl")
        assert "in start-up: " in "".join(path.read_text(encoding="utf-8") for path in alerts)
        assert "hunter22" not in stderr


def test_a_full_disk_is_one_line_with_its_remedy(run: Run, conf_file: Path) -> None:
    def body(conf: object, run_id: str) -> None:
        raise OSError(28, "No space left on device", "/scratch/model")

    code, _, stderr = run(lambda: run_without_spark(str(conf_file), "score", body))
    assert code == FAILED
    assert stderr.splitlines()[-1].startswith("score: The disk of /scratch/model is full. Free space in ")
    [log] = (conf_file.parent / "warehouse/logs").glob("*.log")
    assert "OSError" in log.read_text(encoding="utf-8")


def test_neither_log_nor_console_holds_a_secret_of_the_configuration(run: Run, conf_file: Path) -> None:
    text = conf_file.read_text(encoding="utf-8")
    options = (
        "{subscribe: events, kafka.ssl.keystore.key: hunter22, kafka.sasl.jaas.config: 'user=a password=hunter22;'}"
    )
    text += f"stream: {{options: {options}}}\nmlflow: {{tracking_uri: 'postgresql://mlflow:hunter22@db/mlflow'}}\n"
    conf_file.write_text(text, encoding="utf-8")

    def body(conf: Config, run_id: str) -> None:
        raise ValueError(f"no answer of {conf.mlflow.uri}")

    code, _, stderr = run(lambda: run_without_spark(str(conf_file), "look", body))
    [log] = (conf_file.parent / "warehouse/logs").glob("*.log")
    logged = log.read_text(encoding="utf-8")
    assert code == FAILED
    assert "hunter22" not in logged + stderr
    assert '"subscribe": "events"' in logged
    assert "postgresql://mlflow:***@db/mlflow" in logged
    assert "postgresql://mlflow:***@db/mlflow" in stderr


def test_an_error_is_redacted_before_it_is_cut(run: Run, conf_file: Path) -> None:
    def body(conf: Config, run_id: str) -> None:
        raise ValueError(f"{'x' * 250} https://reader:{'hunter22' * 10}@db")

    _, _, stderr = run(lambda: run_without_spark(str(conf_file), "look", body))
    assert "https://reader:***@db" in stderr


@pytest.mark.parametrize(
    ("master", "warehouse", "is_reported"),
    [
        ("local[2]", "s3a://shop/longtail", True),
        ("yarn", "s3a://shop/longtail", False),
        ("local[2]", "warehouse", False),
        ("local[2]", "file:/mnt/warehouse", False),
    ],
)
def test_a_remote_warehouse_on_one_machine_is_reported_once(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, master: str, warehouse: str, is_reported: bool
) -> None:
    monkeypatch.setattr("jobs.execution.command.spark_session", lambda name: _Session(master))
    monkeypatch.setattr("jobs.execution.command.removed_scratch", lambda *_: nullcontext())
    path = tmp_path / "store.yaml"
    servers = "online: {store: redis}\nmlflow: {tracking_uri: 'http://models'}\n"
    path.write_text(f"{SOURCE}{servers}warehouse: {warehouse}\n", encoding="utf-8")
    for form, line in (("short", "all tasks run on this machine (master local[2])"), ("fields", "on one machine")):
        monkeypatch.setenv("LONGTAIL_LOG", form)
        code, _, stderr = run(lambda: command.run(str(path), "look", lambda spark, conf, run_id: None, writes=False))
        assert code == DONE
        assert stderr.count(line) == int(is_reported)
