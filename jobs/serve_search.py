"""Serves searches on the live night during the day: an index in memory, read without Spark.

curl 'http://127.0.0.1:8766/search?q=step+ladder&user=1&tail_only=true'
"""

from __future__ import annotations

from jobs.config.configuration import Config
from jobs.execution.command import parser, run_without_spark
from jobs.execution.web_server import serve as serve_application
from jobs.online.store import read_store
from jobs.search_service.application import application
from jobs.search_service.live_index import LiveIndex
from jobs.search_service.loading import Loader
from jobs.serving.client import StorefrontClient


def main() -> None:
    """Parses the command line and serves until it is stopped."""
    arguments = parser(__doc__)
    arguments.add_argument("--port", type=int, metavar="N", help="instead of search_service.port; 0 for any free one")
    args = arguments.parse_args()

    def serve(conf: Config, run_id: str) -> None:
        serve_search(conf, conf.search_service.port if args.port is None else args.port)

    run_without_spark(args.conf, "serve_search", serve, writes=False, opens_warehouse=False)


def serve_search(conf: Config, port: int) -> None:
    """Serves until Ctrl-C or SIGTERM.

    Raises LongtailError if the port is in use or nothing is registered, ConfigurationError if the warehouse is remote.
    """
    own, loader = conf.search_service, Loader(conf)
    # A shopper's boosts may take half of a request's time; the search itself needs the rest.
    client = StorefrontClient(read_store(conf), timeout_seconds=own.timeout_seconds / 2, on_stale="serve")
    index = LiveIndex(client.published, loader.load)
    serve_application(application(conf, index, client), own.host, port, "The search service", "search_service")


if __name__ == "__main__":
    main()
