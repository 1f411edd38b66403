"""A registry in S3 that cannot be read or written: one line with the remedy, and nothing is replaced."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from feast.protos.feast.core.Registry_pb2 import Registry

from jobs.config.configuration import Config
from jobs.online.registry_place import registry_place
from jobs.online.store import check_registered, open_store
from jobs.runtime.errors import ConfigurationError, LongtailError
from tests.cluster.object_stores import KEYS
from tests.jobs.online.registries import registry_config

SECRET = KEYS["AWS_SECRET_ACCESS_KEY"]


class RefusingS3:
    """A server that answers every request with an error of S3, and the methods that it was called with."""

    def __init__(self) -> None:
        self.methods: list[str] = []
        self.status, self.code = 403, "InvalidAccessKeyId"
        refusing = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                refusing.methods.append(self.command)
                body = f"<Error><Code>{refusing.code}</Code><Message>{SECRET}</Message></Error>".encode()
                self.rfile.read(int(self.headers.get("Content-Length", 0)))
                self.send_response(refusing.status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_PUT = do_HEAD = do_GET  # noqa: N815

            def log_message(self, *arguments: object) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[RefusingS3]:
    refusing = RefusingS3()
    for name, value in {**KEYS, "AWS_MAX_ATTEMPTS": "1", "AWS_EC2_METADATA_DISABLED": "true"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("boto3.DEFAULT_SESSION", None)  # it remembers credentials
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", f"http://127.0.0.1:{refusing.server.server_port}")
    yield refusing
    refusing.server.shutdown()
    refusing.server.server_close()


@pytest.fixture
def conf(tmp_path: Path) -> Config:
    return registry_config(tmp_path, "{registry: 's3://shop/registry.db'}")


@pytest.mark.parametrize(
    ("status", "code", "problem"),
    [
        (403, "InvalidAccessKeyId", "S3 refuses the credentials or their rights (InvalidAccessKeyId). Correct AWS_"),
        (403, "AccessDenied", "S3 refuses the credentials or their rights (AccessDenied). Correct AWS_ACCESS_KEY_ID"),
        (404, "NoSuchBucket", "there is no bucket shop. Create it, or correct online.registry or warehouse."),
        (503, "SlowDown", "S3 answers SlowDown. Run it again when S3 serves."),
    ],
)
def test_a_failed_read_is_no_missing_registry(
    conf: Config, s3: RefusingS3, status: int, code: str, problem: str
) -> None:
    s3.status, s3.code = status, code
    for opened in (check_registered, lambda conf: open_store(conf).refresh_registry()):
        with pytest.raises(LongtailError) as error:
            opened(conf)
        assert f"The registry s3://shop/registry.db cannot be read: {problem}" in str(error.value)
        assert SECRET not in str(error.value)
    assert set(s3.methods) == {"GET"}


def test_a_failed_write_names_the_registry(conf: Config, s3: RefusingS3) -> None:
    with pytest.raises(LongtailError, match=r"The registry s3://shop/registry\.db cannot be written: S3 refuses"):
        registry_place(conf).write(Registry())


def test_missing_credentials_and_a_missing_server_are_named(
    conf: Config, s3: RefusingS3, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:1")
    with pytest.raises(
        LongtailError, match=r"S3 does not answer \(EndpointConnectionError\)\. Check its address in AWS_END"
    ):
        check_registered(conf)
    monkeypatch.setenv("AWS_PROFILE", "nowhere")
    with pytest.raises(LongtailError, match=r"cannot be opened: boto3 finds no .*\(ProfileNotFound\)"):
        check_registered(conf)
    monkeypatch.delenv("AWS_PROFILE")
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.setattr("boto3.DEFAULT_SESSION", None)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    with pytest.raises(LongtailError, match="boto3 finds no complete credentials"):
        check_registered(conf)


def test_the_package_boto3_is_needed_by_a_registry_in_s3_alone(
    conf: Config, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("jobs.online.registry_place.find_spec", lambda name: None)
    with pytest.raises(ConfigurationError, match=r"boto3 is not installed\. Install .longtail\[s3\]"):
        check_registered(conf)
    with pytest.raises(LongtailError, match="Nothing is registered"):
        check_registered(conf.model_copy(update={"online": conf.online.model_copy(update={"registry": None})}))


def test_the_registry_of_an_s3a_warehouse_lies_next_to_its_tables(conf: Config) -> None:
    online = conf.online.model_copy(update={"registry": None})
    remote = conf.model_copy(update={"warehouse": "s3a://shop/longtail/", "online": online})
    place = registry_place(remote)
    assert place.shown == "s3://shop/longtail/feast/registry.db"
    assert place.reader["path"] == place.shown
