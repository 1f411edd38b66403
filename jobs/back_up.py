"""Copies Feast's registry and MLflow's database into a new folder. Needs no Spark for a local warehouse.

Model files and tables are not part of a back-up: copy the warehouse's own storage. Neither is what an MLflow server
keeps: back it up there. jobs/restore.py restores a back-up.
"""

from __future__ import annotations

from jobs.config.configuration import Config
from jobs.execution.command import parser, run, run_without_spark
from jobs.online.backups import write_back_up
from jobs.online.mlflow_copies import copy_of_database
from jobs.online.registry_place import REGISTRY, registry_place
from jobs.registry.models import DATABASE, database_of
from jobs.runtime.errors import LongtailError
from jobs.runtime.logs import event
from jobs.runtime.storage import is_remote, storage_of


def back_up(conf: Config, run_id: str, folder: str) -> None:
    """Backs up the registry, and MLflow's database where it is a file, to a new local folder or URI.

    Raises LongtailError where the folder is not empty, or there is nothing to back up.
    """
    contents: dict[str, bytes] = {}
    registry, database = registry_place(conf).read(), database_of(conf.mlflow, storage_of(conf.warehouse))
    if registry is not None:
        contents[REGISTRY] = registry.SerializeToString()
    if database is not None and database.exists():
        contents[DATABASE] = copy_of_database(database)
    if not contents:
        raise LongtailError(f"{conf.warehouse} has no registry and no MLflow database.", "Run a night first.")
    write_back_up(storage_of(folder), contents)
    event("backed up", run=run_id, files=",".join(contents))
    print(f"Backed up: {', '.join(contents)}.")
    if database is None:
        print("MLflow's database is not in it: mlflow.tracking_uri names a server; back it up there.")


if __name__ == "__main__":
    arguments = parser(__doc__)
    arguments.add_argument(
        "--to", dest="folder", required=True, metavar="FOLDER", help="new folder for the copies, a path or a URI"
    )
    args = arguments.parse_args()
    if is_remote(args.folder):
        run(args.conf, back_up.__name__, lambda _, conf, run_id: back_up(conf, run_id, args.folder))
    run_without_spark(args.conf, back_up.__name__, lambda conf, run_id: back_up(conf, run_id, args.folder))
