"""Puts a back-up of Feast's registry and MLflow's database in place. Needs no Spark."""

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
    """As the command says; model files and tables are in the warehouse's own storage and are copied with it.

    What is online is in no back-up. So the restored registry's nights are in doubt, which is printed: there is nothing
    to roll back to, and the next publish writes everything.
    """
    with only_registrar(registry_file(conf)):
        names = restore_from(Path(conf.warehouse).absolute(), folder, {registry_file(conf).name: doubt_colours})
    event("restored", run=run_id, files=",".join(names))
    print(f"Restored: {', '.join(names)}.")
    if registry_file(conf).name in names:
        print("What the online store holds may be of other nights than the registry says: run jobs/publish.py.")


if __name__ == "__main__":
    made = parser(__doc__)
    made.add_argument(
        "--from", dest="folder", type=Path, required=True, metavar="FOLDER", help="folder that back_up made"
    )
    given = made.parse_args()
    run_without_spark(given.conf, restore.__name__, lambda conf, run_id: restore(conf, run_id, given.folder))
