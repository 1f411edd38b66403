"""A web server that receives messages."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer


@contextmanager
def receiver(answers: Sequence[int | tuple[int, bytes]]) -> Iterator[tuple[str, list[tuple[dict[str, str], bytes]]]]:
    """A server that gives these answers in turn, then the last one again; its address and the requests it got.

    Their headers have the path, too.

    answers: a status, or a status and a body
    """
    requests: list[tuple[dict[str, str], bytes]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            requests.append(({**self.headers, "path": self.path}, body))
            answer = answers[min(len(requests), len(answers)) - 1]
            status, content = answer if isinstance(answer, tuple) else (answer, b"")
            self.send_response(status)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Silent."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/token-of-the-address", requests
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
