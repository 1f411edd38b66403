"""Restores a back-up of Feast's registry and MLflow's database. Needs no Spark for a local warehouse.

Model files and tables are not part of a back-up: copy the warehouse's own storage. The online store is in no back-up
either, so after a restore there is no night to roll back to, and the next two publishes write all values.
"""

from __future__ import annotations

from jobs.config.configuration import Config
from jobs.execution.command import parser, run, run_without_spark
from jobs.online.backups import read_back_up
from jobs.online.mlflow_copies import restore_database
from jobs.registry.models import DATABASE, database_of
from jobs.runtime.lock import only_registrar
from jobs.runtime.logs import event
from jobs.runtime.storage import is_remote, storage_of


def restore(conf: Config, run_id: str, folder: str) -> None:
    """Restores a back-up, and marks the nights that the restored registry names as doubtful.

    A stopped restore completes when run again. Raises LongtailError, before anything is replaced, when a copy is
    missing or damaged.
    """
    # Imported here: Feast takes seconds, for which --help does not wait.
    from feast.protos.feast.core.Registry_pb2 import Registry

    from jobs.online.registry_place import REGISTRY, registry_place
    from jobs.online.restored_registry import doubt_colours
    from jobs.online.settings import write_reader_settings

    contents, database = read_back_up(storage_of(folder)), database_of(conf.mlflow, storage_of(conf.warehouse))
    restored = []
    if DATABASE in contents and database is not None:
        restore_database(database, contents[DATABASE])
        restored.append(DATABASE)
    if REGISTRY in contents:
        registry = Registry()
        registry.ParseFromString(contents[REGISTRY])
        doubt_colours(registry)
        with only_registrar(storage_of(conf.warehouse)):
            registry_place(conf).write(registry)
        write_reader_settings(conf)
        restored.append(REGISTRY)
    event("restored", run=run_id, files=",".join(restored))
    print(f"Restored: {', '.join(restored) or 'nothing'}.")
    if DATABASE in contents and database is None:
        print("MLflow's database was not restored: mlflow.tracking_uri names a server.")
    if REGISTRY in contents:
        print("The online store may hold other nights than the restored registry names: run jobs/publish.py.")


if __name__ == "__main__":
    arguments = parser(__doc__)
    arguments.add_argument(
        "--from", dest="folder", required=True, metavar="FOLDER", help="folder that back_up wrote, a path or a URI"
    )
    args = arguments.parse_args()
    if is_remote(args.folder):
        run(args.conf, restore.__name__, lambda _, conf, run_id: restore(conf, run_id, args.folder))
    run_without_spark(args.conf, restore.__name__, lambda conf, run_id: restore(conf, run_id, args.folder))
