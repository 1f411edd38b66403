"""`feast serve` answers over HTTP, from SQLite and from Redis, as jobs/serving/README.md shows."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import pytest

from jobs.config.configuration import Config
from tests.jobs.online.frames import publish_frames
from tests.jobs.online.nights import config_in, reader_yaml
from tests.jobs.online.redis_server import VARIABLE, redis_config, running_redis

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[3]


@contextmanager
def serving(conf: Config) -> Iterator[str]:
    """The address of a running `feast serve`."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [str(Path(sys.executable).with_name("feast")), "-f", str(reader_yaml(conf)), "serve"]
    command += ["--host", "127.0.0.1", "--port", str(port), "--registry_ttl_sec", "1", "--workers", "1"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=os.environ.copy())
    try:
        address = f"http://127.0.0.1:{port}"
        for _ in range(240):
            try:
                with urllib.request.urlopen(f"{address}/health", timeout=1):
                    break
            except (urllib.error.URLError, ConnectionError, TimeoutError):
                time.sleep(0.25)
        else:
            raise TimeoutError("feast serve did not start")
        yield address
    finally:
        process.terminate()
        process.wait(30)


def asked(address: str, service: str, **entities: list[str]) -> dict[str, list[Any]]:
    """Values by feature, requested over HTTP as from any language."""
    body = {"feature_service": service, "entities": entities, "full_feature_names": True}
    request = urllib.request.Request(
        f"{address}/get-online-features", json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        answered = json.load(answer)
    names = answered["metadata"]["feature_names"]
    return {name: result["values"] for name, result in zip(names, answered["results"], strict=True)}


def as_the_readme_asks(address: str) -> str:
    """The answer to the README's own command, for a shopper of the test."""
    lines = (ROOT / "jobs/serving/README.md").read_text(encoding="utf-8").splitlines()
    [start] = [number for number, line in enumerate(lines) if line.startswith("    curl ")]
    command = "\n".join(lines[start : start + 2]).replace("http://127.0.0.1:6566", address).replace('"1"', '"ann"')
    return subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize("store", ["sqlite", "redis"])
def test_a_night_is_read_over_http_and_the_next_one_after_the_flip(
    store: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with running_redis(tmp_path) if store == "redis" else nullcontext() as server:
        if server is not None:
            monkeypatch.setenv(VARIABLE, server.url)
        conf = redis_config(tmp_path) if store == "redis" else config_in(tmp_path)
        publish_frames(conf, 1)
        with serving(conf) as address:
            answer = asked(address, "storefront_ranking", user_id=["ann", "nobody"], item_id=["tea", "nothing"])
            assert answer["user_exposure__item_ids"] == [["1", "1"], None]
            assert answer["user_exposure__scores"] == [[1.0, 1.0], None]
            assert answer["item_exposure__boost"] == [1.0, None]
            assert answer["user_exposure__as_of"][0] == "2017-12-01"
            publish_frames(conf, 2)
            time.sleep(2.5)  # the server holds its registry for a second
            answer = asked(address, "storefront_user", user_id=["ann"])
            assert answer["user_exposure__as_of"] == ["2017-12-02"]
            assert asked(address, "storefront_item", item_id=["salt"])["item_exposure__boost"] == [2.0]
            assert "2017-12-02" in as_the_readme_asks(address)
