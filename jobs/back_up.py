"""Copies Feast's registry and MLflow's database into a new folder. Needs no Spark.

Model files and tables are not part of a back-up: copy the warehouse's own storage. jobs/restore.py restores a back-up.
"""

from __future__ import annotations

from pathlib import Path

from jobs.config.configuration import Config
from jobs.execution.command import parser, run_without_spark
from jobs.online.backups import back_up_to
from jobs.runtime.logs import event


def back_up(conf: Config, run_id: str, folder: Path) -> None:
    """Backs up the warehouse's registry and MLflow database to the folder."""
    names = back_up_to(Path(conf.warehouse).absolute(), folder)
    event("backed up", run=run_id, files=",".join(names))
    print(f"Backed up: {', '.join(names)}.")


if __name__ == "__main__":
    arguments = parser(__doc__)
    arguments.add_argument(
        "--to", dest="folder", type=Path, required=True, metavar="FOLDER", help="new folder for the copies"
    )
    args = arguments.parse_args()
    run_without_spark(args.conf, back_up.__name__, lambda conf, run_id: back_up(conf, run_id, args.folder))
