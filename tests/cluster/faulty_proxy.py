"""A proxy in front of an S3 server that throttles, delays or loses answers, as a store under load does."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

_SLOW_DOWN = b"<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>"
_OF_ONE_CONNECTION = {"connection", "keep-alive", "transfer-encoding"}


@dataclass
class Fault:
    """What happens to requests.

    pattern: searched in `PUT /bucket/key`, without the query
    times: how many requests it meets
    throttles: answers 503 SlowDown
    applied: the server gets the request although the answer is an error
    delay_seconds: before the server gets it
    met_at: seconds of a monotonic clock, of each request so far
    """

    pattern: str
    times: float = float("inf")
    throttles: bool = False
    applied: bool = False
    delay_seconds: float = 0.0
    met_at: list[float] = field(default_factory=list)

    def meets(self, request: str) -> bool:
        return len(self.met_at) < self.times and re.search(self.pattern, request) is not None


@dataclass
class Proxy:
    """A running proxy. `faults` may change while it runs; of several that meet a request the first counts."""

    endpoint: str
    faults: list[Fault] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def fault_of(self, request: str) -> Fault | None:
        with self.lock:
            fault = next((fault for fault in self.faults if fault.meets(request)), None)
            if fault is not None:
                fault.met_at.append(time.monotonic())
            return fault


@contextmanager
def faulty_proxy(endpoint: str) -> Iterator[Proxy]:
    """Starts a proxy for the server at `endpoint`, without faults at first."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.proxy = Proxy(f"http://127.0.0.1:{server.server_port}")  # type: ignore[attr-defined]
    server.behind = urlsplit(endpoint).netloc  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.proxy  # type: ignore[attr-defined]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    """Sends each request on with the headers that it came with, since its signature covers the name of the host."""

    protocol_version = "HTTP/1.1"

    def setup(self) -> None:
        super().setup()
        self.behind = HTTPConnection(self.server.behind, timeout=120)  # type: ignore[attr-defined]

    def finish(self) -> None:
        self.behind.close()
        super().finish()

    def answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        fault = self.server.proxy.fault_of(f"{self.command} {urlsplit(self.path).path}")  # type: ignore[attr-defined]
        if fault is not None:
            time.sleep(fault.delay_seconds)
        status, headers, content = 503, [("Content-Type", "application/xml")], _SLOW_DOWN
        if fault is None or not fault.throttles or fault.applied:
            served = self.served(body)
            if fault is None or not fault.throttles:
                status, headers, content = served
        try:
            self.reply(status, headers, content)
        except OSError:  # the client has not waited for a late answer
            self.close_connection = True

    def served(self, body: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
        self.behind.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
        for name, value in self.headers.items():
            if name.lower() not in {*_OF_ONE_CONNECTION, "expect"}:
                self.behind.putheader(name, value)
        self.behind.endheaders(body or None)
        response = self.behind.getresponse()
        content = response.read()
        return response.status, response.getheaders(), content

    def reply(self, status: int, headers: list[tuple[str, str]], content: bytes) -> None:
        self.send_response_only(status)
        for name, value in headers:
            if name.lower() not in {*_OF_ONE_CONNECTION, "content-length"}:
                self.send_header(name, value)
        length = dict(headers).get("Content-Length") if self.command == "HEAD" else None
        self.send_header("Content-Length", length or str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def log_message(self, *arguments: object) -> None:
        pass

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = answer  # noqa: N815
