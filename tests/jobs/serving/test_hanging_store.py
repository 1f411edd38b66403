"""A Redis that accepts connections but never answers: the client times out, and reads again once Redis answers."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from jobs.online.catalogue import build_catalogue
from jobs.online.registration import register
from jobs.online.store import open_store
from jobs.online.views import online_views
from jobs.serving.client import StorefrontClient, StorefrontUnavailable
from tests.jobs.online.nights import reader_yaml
from tests.jobs.online.redis_server import VARIABLE, redis_config


class _Silent(socketserver.StreamRequestHandler):
    """Answers as an empty Redis does if `server.answers` is set when the connection opens, else hangs."""

    def handle(self) -> None:
        server = self.server
        assert isinstance(server, _Server)
        if not server.answers.is_set():
            server.ended.wait()
            return
        while line := self.rfile.readline():
            words = []
            for _ in range(int(line[1:])):  # *3, then $5 and HMGET, and so on (Redis' protocol, RESP)
                length = int(self.rfile.readline()[1:])
                words.append(self.rfile.read(length + 2)[:-2])
            fields = len(words) - 2 if words[0].upper() == b"HMGET" else None
            self.wfile.write(b"+OK\r\n" if fields is None else b"*%d\r\n" % fields + b"$-1\r\n" * fields)


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Silent)
        self.answers, self.ended = threading.Event(), threading.Event()


@contextmanager
def hanging_redis() -> Iterator[_Server]:
    with _Server() as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.ended.set()
            server.shutdown()


def test_a_hanging_store_blocks_no_client_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with hanging_redis() as server:
        # A time limit far beyond the test, so that hanging threads keep hanging.
        monkeypatch.setenv(VARIABLE, f"127.0.0.1:{server.server_address[1]},socket_timeout=300")
        conf = redis_config(tmp_path)
        register(open_store(conf), build_catalogue(online_views(conf)))
        client = StorefrontClient(reader_yaml(conf), timeout_seconds=0.3, threads=2)
        for _ in range(3):  # more than there are threads
            with pytest.raises(StorefrontUnavailable, match="TimeoutError"):
                client.boosts(["tea"])
        server.answers.set()
        patient = client.with_limits(timeout_seconds=20.0)
        assert patient.boosts(["tea"]) == {}
        assert patient.user_list("ann").source == "none"
