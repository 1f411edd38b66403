"""Serves the merchandiser's desk: the night, its products and its lists as pages, read without Spark."""

from __future__ import annotations

import sys

from jobs.config.configuration import Config
from jobs.desk.access import ROLES, secret_of, signed_token
from jobs.desk.application import application
from jobs.desk.rules.previews import Previews
from jobs.execution.command import parser, run_without_spark
from jobs.execution.web_server import serve as serve_application
from jobs.runtime.errors import ConfigurationError


def main() -> None:
    """Parses the command line and serves until it is stopped, or prints a token."""
    arguments = parser(__doc__)
    arguments.add_argument("--port", type=int, metavar="N", help="instead of desk.port; 0: any free port")
    arguments.add_argument("--token", metavar="USER", help="print a token for this user (desk.access: token) and end")
    arguments.add_argument("--roles", nargs="+", choices=ROLES, default=["reader"], help="of the token")
    arguments.add_argument("--days", type=int, default=30, metavar="N", help="until the token expires (default: 30)")
    args = arguments.parse_args()

    def serve(conf: Config, run_id: str) -> None:
        if args.token:
            print(signed_token(_token_secret(conf), args.token, args.roles, args.days))
            return
        serve_desk(conf, conf.desk.port if args.port is None else args.port, args.conf)

    run_without_spark(args.conf, "serve_desk", serve, writes=False, opens_warehouse=False)


def _token_secret(conf: Config) -> str:
    if conf.desk.access != "token":
        raise ConfigurationError(f"desk.access is {conf.desk.access}.", "Set it to token, then make tokens.")
    return secret_of(conf.desk)


def serve_desk(conf: Config, port: int, conf_place: str) -> None:
    """Serves until Ctrl-C or SIGTERM. Raises LongtailError if the port is in use.

    conf_place: path or URI that `conf` was read from
    """
    # It leaves the cores to a night that runs at the same time.
    command = ["nice", "-n", "10", sys.executable, "-m", "jobs.what_if", "--conf", conf_place]
    command += ["--shoppers", str(conf.desk.preview_shoppers)]
    minutes = conf.desk.preview_minutes
    previews = Previews(command, 60.0 * minutes) if conf.desk.rules and minutes > 0 else None
    try:
        serve_application(application(conf, previews), conf.desk.host, port, "The desk", "desk")
    finally:
        if previews is not None:
            previews.close()


if __name__ == "__main__":
    main()
