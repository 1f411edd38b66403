"""Serves assistants over the Model Context Protocol: search the tail, explain an item, answer a question.

An assistant starts it and speaks to it over standard input and output; it asks the search service (serve_search), which
has to run. Without --url it asks where the configuration says that the service listens.
"""

from __future__ import annotations

import os
import sys
from importlib.metadata import version

from jobs.config.configuration import Config
from jobs.execution.command import parser, run_without_spark
from jobs.search_service.mcp_server import TOOLS, McpServer
from jobs.serving.client import SearchClient


def main() -> None:
    """Parses the command line and serves until the input ends."""
    arguments = parser(__doc__)
    arguments.add_argument(
        "--url", metavar="URL", help="of the search service (default: search_service.host and .port)"
    )
    names = [tool.name for tool in TOOLS]
    arguments.add_argument(
        "--tools", nargs="+", choices=names, default=names, help="those that are offered (default: all)"
    )
    args = arguments.parse_args()

    def serve(conf: Config, run_id: str) -> None:
        own = conf.search_service
        host = f"[{own.host}]" if ":" in own.host else own.host
        secret = os.environ.get(own.secret_variable, "")
        client = SearchClient(args.url or f"http://{host}:{own.port}", secret=secret, timeout_seconds=30.0)
        McpServer(client, version("longtail"), args.tools).serve(sys.stdin, sys.stdout)

    run_without_spark(args.conf, "serve_mcp", serve, writes=False, opens_warehouse=False)


if __name__ == "__main__":
    main()
