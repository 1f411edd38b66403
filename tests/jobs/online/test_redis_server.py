"""Without redis-server or openssl tests are skipped, except in continuous integration, which fails."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.jobs.online.redis_server import NEEDED, running_redis

CI = Path(__file__).resolve().parents[3] / ".ci/run"
MAKE = f'#!/bin/sh\necho "{NEEDED}=${NEEDED}: make $1"\n'


def install(folder: Path, **programs: str) -> str:
    """Writes these scripts by name, with "-" for "_", and returns the folder."""
    for name, script in programs.items():
        path = folder / name.replace("_", "-")
        path.write_text(script, encoding="utf-8")
        path.chmod(0o755)
    return str(folder)


@pytest.mark.parametrize(("tls", "missing"), [(False, "redis-server"), (True, "openssl")])
def test_a_missing_program_skips_a_test_or_fails_it(
    tls: bool, missing: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    others = {} if missing == "redis-server" else {"redis_server": "#!/bin/sh\n"}
    monkeypatch.setenv("PATH", install(tmp_path, **others))
    monkeypatch.delenv(NEEDED, raising=False)
    with pytest.raises(pytest.skip.Exception, match=f"{missing} is not installed"), running_redis(tmp_path, tls=tls):
        pass
    monkeypatch.setenv(NEEDED, "1")
    with (
        pytest.raises(pytest.fail.Exception, match=f"{missing} is not installed.*{NEEDED}"),
        running_redis(tmp_path, tls=tls),
    ):
        pass


def test_continuous_integration_fails_without_redis(tmp_path: Path) -> None:
    bash, dirname = shutil.which("bash"), shutil.which("dirname")
    assert bash
    assert dirname
    (tmp_path / "dirname").symlink_to(dirname)
    environment = {name: value for name, value in os.environ.items() if name not in (NEEDED, "CI_SLOW")}
    path = install(tmp_path, apt_get="#!/bin/sh\nexit 100\n", make=MAKE, openssl="#!/bin/sh\n")
    command, environment = [bash, str(CI)], {**environment, "PATH": path}
    without = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert (without.returncode, without.stdout) == (1, "")
    assert without.stderr == "redis-server is missing and could not be installed\n"
    install(tmp_path, redis_server="#!/bin/sh\n")
    complete = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert (complete.returncode, complete.stdout) == (0, f"{NEEDED}=1: make check\n{NEEDED}=1: make test\n")
