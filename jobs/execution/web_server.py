"""Serves a web application until it is stopped."""

from __future__ import annotations

import os
import socket
from contextlib import suppress

import uvicorn
from fastapi import FastAPI

from jobs.runtime.errors import LongtailError


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
