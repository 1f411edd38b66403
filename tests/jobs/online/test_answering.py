"""What a night asks when it starts: Redis with its password, and the registry."""

from __future__ import annotations

import socket
import time
from pathlib import Path

import pytest

from jobs.config.configuration import Config, load_config
from jobs.online.answering import check_online
from jobs.online.registry_place import registry_place
from jobs.runtime.errors import WRONG_USAGE, ConfigurationError
from tests.jobs.online.redis_server import PASSWORD, running_redis

SECRET = "hunter22-of-shop"


def config(folder: Path, online: str = "{store: redis, redis_url_variable: SOME_REDIS}") -> Config:
    path = folder / "conf.yaml"
    path.write_text(f"warehouse: {folder}/warehouse\nsource: {{kind: complete_journey}}\nonline: {online}\n")
    return load_config(path)


def refusal(conf: Config) -> str:
    with pytest.raises(ConfigurationError) as error:
        check_online(conf)
    assert error.value.exit_code == WRONG_USAGE
    assert SECRET not in str(error.value)
    return str(error.value)


def test_a_server_that_cannot_be_reached_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_REDIS", f"127.0.0.1:9,password={SECRET}")
    assert refusal(config(tmp_path)) == (
        "Writing to the Redis at 127.0.0.1:9, which SOME_REDIS names, failed: Redis cannot be reached "
        "(ConnectionError). Start Redis, or correct the address in the environment variable. No step has run."
    )


def test_a_server_that_hangs_is_named_in_seconds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jobs.online.answering._LIMITS", {"socket_timeout": 0.2, "socket_connect_timeout": 0.2})
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setenv("SOME_REDIS", f"127.0.0.1:{silent.getsockname()[1]},socket_timeout=600")
        began = time.monotonic()
        assert "Redis does not answer in time" in refusal(config(tmp_path))
    assert time.monotonic() - began < 30


def test_password_rights_and_a_read_only_replica_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    conf = config(tmp_path)
    with running_redis(tmp_path) as server:
        monkeypatch.setenv("SOME_REDIS", f"127.0.0.1:{server.port},password={SECRET}")
        assert "Redis refuses the user or the password (AuthenticationError)" in refusal(conf)
        monkeypatch.setenv("SOME_REDIS", f"127.0.0.1:{server.port}")
        assert "Redis refuses the user or the password (AuthenticationError)" in refusal(conf)

        monkeypatch.setenv("SOME_REDIS", server.url)
        check_online(conf)
        time.sleep(0.1)
        assert list(server.client().scan_iter()) == []

        # A password that is a number, one that Feast would read as one, and one with a comma.
        for number, (written, password) in enumerate(
            [("12345678", "12345678"), ('"1e5"', "1e5"), (r'"a\u002cb"', "a,b")]
        ):
            server.client().acl_setuser(
                f"user{number}", enabled=True, passwords=[f"+{password}"], keys=["*"], commands=["+@all"]
            )
            address = f"127.0.0.1:{server.port},username=user{number},password={written}"
            monkeypatch.setenv("SOME_REDIS", address)
            check_online(conf)

        server.client().acl_setuser("reader", enabled=True, passwords=[f"+{SECRET}"], keys=["*"], commands=["+get"])
        monkeypatch.setenv("SOME_REDIS", f"127.0.0.1:{server.port},username=reader,password={SECRET}")
        assert "Redis denies its user a command or a key" in refusal(conf)

        monkeypatch.setenv("SOME_REDIS", server.url)
        server.client().replicaof("127.0.0.1", 9)
        assert "it may be a read-only replica" in refusal(conf)
        server.client().replicaof("NO", "ONE")
        server.client().config_set("maxmemory", 1)
        assert "Redis has no memory left" in refusal(conf)
    assert PASSWORD not in refusal(conf)


def test_a_registry_that_is_damaged_is_named(tmp_path: Path) -> None:
    conf = config(tmp_path, "{store: sqlite}")
    check_online(conf)
    path = Path(registry_place(conf).shown)
    assert not path.exists()
    path.parent.mkdir(parents=True)
    path.write_bytes(b"\xff\xff")
    assert refusal(conf).startswith(f"The registry {path} is damaged. Restore a back-up")


def test_a_registry_in_s3_that_does_not_answer_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (
        ("AWS_ACCESS_KEY_ID", "key"), ("AWS_SECRET_ACCESS_KEY", SECRET), ("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:9"),
        ("AWS_MAX_ATTEMPTS", "1"),
    ):  # fmt: skip
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("boto3.DEFAULT_SESSION", None)  # it remembers credentials
    line = refusal(config(tmp_path, "{registry: 's3://shop/registry.db'}"))
    assert line.startswith("The registry s3://shop/registry.db cannot be read: S3 does not answer (")
