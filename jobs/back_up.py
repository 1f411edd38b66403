"""Copies Feast's registry and MLflow's database into a new folder. Needs no Spark."""

from __future__ import annotations

from pathlib import Path

from jobs.config.configuration import Config
from jobs.execution.command import parser, run_without_spark
from jobs.online.backups import back_up_to
from jobs.runtime.logs import event


def back_up(conf: Config, run_id: str, folder: Path) -> None:
    """As the command says; model files and tables are in the warehouse's own storage and are copied with it."""
    names = back_up_to(Path(conf.warehouse).absolute(), folder)
    event("backed up", run=run_id, files=",".join(names))
    print(f"Backed up: {', '.join(names)}.")


if __name__ == "__main__":
    made = parser(__doc__)
    made.add_argument(
        "--to", dest="folder", type=Path, required=True, metavar="FOLDER", help="new folder for the copies"
    )
    given = made.parse_args()
    run_without_spark(given.conf, back_up.__name__, lambda conf, run_id: back_up(conf, run_id, given.folder))
