"""Restores a back-up of Feast's registry and MLflow's database. Needs no Spark.

Model files and tables are not part of a back-up: copy the warehouse's own storage. The online store is in no back-up
either, so after a restore there is no night to roll back to, and the next publish writes all values.
"""

from __future__ import annotations

from pathlib import Path

from jobs.config.configuration import Config
from jobs.execution.command import parser, run_without_spark
from jobs.online.backups import restore_from
from jobs.online.restored_registry import doubt_colours
from jobs.online.store import registry_file
from jobs.runtime.lock import only_registrar
from jobs.runtime.logs import event


def restore(conf: Config, run_id: str, folder: Path) -> None:
    """Restores the files of a back-up, and marks the nights that the restored registry names as doubtful."""
    with only_registrar(registry_file(conf)):
        names = restore_from(Path(conf.warehouse).absolute(), folder, {registry_file(conf).name: doubt_colours})
    event("restored", run=run_id, files=",".join(names))
    print(f"Restored: {', '.join(names)}.")
    if registry_file(conf).name in names:
        print("The online store may hold other nights than the restored registry names: run jobs/publish.py.")


if __name__ == "__main__":
    arguments = parser(__doc__)
    arguments.add_argument(
        "--from", dest="folder", type=Path, required=True, metavar="FOLDER", help="folder that back_up wrote"
    )
    args = arguments.parse_args()
    run_without_spark(args.conf, restore.__name__, lambda conf, run_id: restore(conf, run_id, args.folder))
