"""Puts a back-up of Feast's registry and MLflow's database in place. Needs no Spark."""

from __future__ import annotations

from pathlib import Path

from jobs.runtime.command import parser, run_without_spark
from jobs.runtime.config import Config
from jobs.runtime.copies import restore_from
from jobs.runtime.logs import event


def restore(conf: Config, run_id: str, folder: Path) -> None:
    """As the command says; model files and tables are in the warehouse's own storage and are copied with it."""
    names = restore_from(Path(conf.warehouse).absolute(), folder)
    event("restored", run=run_id, files=",".join(names))
    print(f"Restored: {', '.join(names)}.")


if __name__ == "__main__":
    made = parser(__doc__)
    made.add_argument(
        "--from", dest="folder", type=Path, required=True, metavar="FOLDER", help="folder that back_up made"
    )
    given = made.parse_args()
    run_without_spark(given.conf, restore.__name__, lambda conf, run_id: restore(conf, run_id, given.folder))
