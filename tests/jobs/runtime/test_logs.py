"""The console in its two forms, and the log that has everything."""

from __future__ import annotations

import io
import os
import re
from pathlib import Path

import pytest

from jobs.runtime.console import Console
from jobs.runtime.errors import ConfigurationError
from jobs.runtime.logs import also_logged_to, event, log_file, log_of_run, logger, milestone, warning
from jobs.runtime.redaction import hide


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("form", "lines"),
    [
        ("short", ["ingest 1 s", "warning: no item matches (key plan.floors)"]),
        (
            "fields",
            ["info rows judged items=3", "info step done run=r1", "warning no item matches run=r1 key=plan.floors"],
        ),
    ],
)
def test_a_form_of_the_console(
    form: str, lines: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LONGTAIL_LOG", form)
    with log_of_run(tmp_path / "run.log"):
        assert log_file() == tmp_path / "run.log"
        event("rows judged", items=3)
        milestone("step done", "ingest 1 s", run="r1")
        warning("no item matches", run="r1", key="plan.floors")
    assert [line.split(" ", 1)[1].strip() for line in capsys.readouterr().err.splitlines()] == lines
    assert len((tmp_path / "run.log").read_text(encoding="utf-8").splitlines()) == 3
    assert log_file() is None


def test_an_unknown_form_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LONGTAIL_LOG", "json")
    unknown = pytest.raises(ConfigurationError, match=r"LONGTAIL_LOG is 'json'\. Set it to short or fields")
    with unknown, log_of_run(tmp_path / "run.log"):
        pass
    assert log_file() is None


def test_events_go_to_a_second_file_as_well(tmp_path: Path) -> None:
    with log_of_run(tmp_path / "run.log"), also_logged_to(tmp_path / "stream" / "run.log"):
        event("batch counted", batch=1)
        assert log_file() == tmp_path / "run.log"
    assert "batch counted" in (tmp_path / "run.log").read_text(encoding="utf-8")
    assert "batch counted" in (tmp_path / "stream" / "run.log").read_text(encoding="utf-8")


def test_secrets_in_the_output_of_libraries_are_hidden_when_the_run_ends(tmp_path: Path) -> None:
    path = tmp_path / "run.log"
    secret = "s3cret-of-the-log"
    output = (
        b"java: jdbc:postgresql://shop:pa55-word@db/x failed\n"
        b"java: half a letter \xc3 and key " + secret.encode() + b"\n"
        b"password=a\n"
        b"an ordinary line\n"
        b"no end, token: abcdefghijk"
    )
    with log_of_run(path):
        hide(secret)
        os.write(2, output)
        assert path.read_bytes() == output
    assert path.read_bytes().splitlines() == [
        b"java: jdbc:postgresql://shop:***@db/x failed      ",
        b"java: half a letter \xc3 and key ***              ",
        b"**********",  # the hidden line is longer than the line
        b"an ordinary line",
        b"no end, token: ***        ",
    ]
    assert len(path.read_bytes()) == len(output)


def test_a_log_that_someone_deletes_fails_no_run(tmp_path: Path) -> None:
    with log_of_run(tmp_path / "run.log"):
        (tmp_path / "run.log").unlink()


def test_a_line_takes_the_place_of_the_progress_on_a_terminal() -> None:
    stream = Terminal()
    console = Console(stream)
    logger.addHandler(console)
    try:
        console.redraw("ingest … 50 %")
        console.redraw("ingest … 75 %")
        warning("a file is gone")
        console.redraw("")
    finally:
        logger.removeHandler(console)
    shown = re.sub(r"[^\n]*\r\033\[K", "", stream.getvalue())
    assert re.fullmatch(r"\d\d:\d\d:\d\d  warning: a file is gone\n", shown)
