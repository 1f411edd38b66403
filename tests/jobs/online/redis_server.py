"""The system's redis-server for a test: on a free port, with a password, without files."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import redis

from jobs.config.configuration import Config, load_config
from tests.jobs.online.nights import POTENTIAL, TTL

PASSWORD = "salt-and-tea"
VARIABLE = "LONGTAIL_TEST_REDIS"
NEEDED = "LONGTAIL_NEEDS_REDIS"  # not empty where the tests must run, as in .ci/run: then a missing program fails them


@dataclass(frozen=True)
class Server:
    """A running server; `url` is the value of the environment variable."""

    process: subprocess.Popen[bytes]
    port: int
    certificate: Path | None = None  # where the server accepts only TLS

    @property
    def url(self) -> str:
        tls = f",ssl=true,ssl_ca_certs={self.certificate}" if self.certificate else ""
        return f"127.0.0.1:{self.port},password={PASSWORD}{tls}"

    def client(self) -> redis.Redis:
        if self.certificate is None:
            return redis.Redis(port=self.port, password=PASSWORD)
        return redis.Redis("127.0.0.1", self.port, password=PASSWORD, ssl=True, ssl_ca_certs=str(self.certificate))

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


@contextmanager
def running_redis(folder: Path, tls: bool = False) -> Iterator[Server]:
    """Starts a server and stops it; see `_program` for where redis-server is not installed."""
    program = _program("redis-server")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    arguments = ["--requirepass", PASSWORD, "--save", "", "--dir", str(folder)]
    certificate = _certificate(folder) if tls else None
    if certificate is None:
        arguments += ["--port", str(port)]
    else:
        arguments += ["--port", "0", "--tls-port", str(port), "--tls-auth-clients", "no"]
        arguments += ["--tls-cert-file", str(certificate), "--tls-ca-cert-file", str(certificate)]
        arguments += ["--tls-key-file", str(folder / "redis.key")]
    process = subprocess.Popen([program, *arguments], stdout=subprocess.DEVNULL)
    server = Server(process, port, certificate)
    try:
        for _ in range(100):
            try:
                server.client().ping()
                break
            except redis.exceptions.ConnectionError:
                time.sleep(0.05)
        else:
            raise TimeoutError("redis-server did not start")
        yield server
    finally:
        server.kill()


def _program(name: str) -> str:
    """The path of a program; where it is not installed the test is skipped, or fails if the environment has NEEDED."""
    path = shutil.which(name)
    if path is None:
        reason = f"{name} is not installed (Debian: apt-get install {name})"
        if os.environ.get(NEEDED):
            pytest.fail(f"{reason}, and {NEEDED} is set", pytrace=False)
        pytest.skip(reason)
    return path


def _certificate(folder: Path) -> Path:
    """A self-signed certificate of 127.0.0.1, with its key in redis.key."""
    program = _program("openssl")
    certificate = folder / "redis.crt"
    arguments = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=127.0.0.1"]
    arguments += [
        "-addext",
        "subjectAltName=IP:127.0.0.1",
        "-keyout",
        str(folder / "redis.key"),
        "-out",
        str(certificate),
    ]
    subprocess.run([program, *arguments], check=True, capture_output=True)
    return certificate


def redis_config(folder: Path, further: str = "") -> Config:
    """A configuration in `folder` whose store is the Redis that VARIABLE names.

    further: other sections, as YAML
    """
    path = folder / "conf.yaml"
    online = f"{{store: redis, redis_url_variable: {VARIABLE}, registry_ttl_seconds: {TTL}}}"
    source = f"source: {{kind: complete_journey}}\n{POTENTIAL}"
    path.write_text(f"warehouse: {folder / 'warehouse'}\n{source}online: {online}\n{further}", encoding="utf-8")
    return load_config(path)
