"""What the web applications share: who reaches them, wrong values of a request, and serving until a stop."""

from __future__ import annotations

import os
import socket
from collections.abc import Sequence
from contextlib import suppress

import uvicorn
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.middleware.trustedhost import TrustedHostMiddleware

from jobs.runtime.errors import LongtailError

_LOCAL_HOSTS = ("127.0.0.1", "localhost")


def answer_known_hosts(app: FastAPI, hosts: Sequence[str]) -> None:
    """Refuses requests to other names than this machine's and `hosts`: a site whose name leads here reads nothing."""
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=[*_LOCAL_HOSTS, *hosts], www_redirect=False)


def wrong_values(error: RequestValidationError) -> str:
    """The names of the values of a request that are missing or wrong."""
    return ", ".join(sorted({str(part["loc"][-1]) for part in error.errors()}))


def serve(app: FastAPI, host: str, port: int, name: str, section: str) -> None:
    """Serves until Ctrl-C or SIGTERM. Raises LongtailError if the port is in use.

    name: of the service in sentences, such as 'The desk'; section: of the configuration, with its port
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listening = socket.create_server((host, port), family=family)
    except OSError as error:
        raise LongtailError(
            f"{name} cannot listen on {host}, port {port} ({os.strerror(error.errno or 0)}).",
            f"End what uses the port, or name another with --port or {section}.port.",
        ) from error
    print(f"{name} is at http://{host}:{listening.getsockname()[1]}/ until Ctrl-C.", flush=True)
    # Without a log of requests, whose addresses hold shoppers' ids.
    settings = uvicorn.Config(app, log_config=None, access_log=False, server_header=False, proxy_headers=False)
    with suppress(KeyboardInterrupt):
        uvicorn.Server(settings).run(sockets=[listening])
