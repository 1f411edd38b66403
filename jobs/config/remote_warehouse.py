"""What a remote warehouse demands of other keys: files that are locked or changed in place cannot lie in it."""

from __future__ import annotations

from jobs.config.mlflow import MLflow
from jobs.config.online import Online
from jobs.runtime.storage import is_remote


def check_remote_warehouse(warehouse: str, online: Online, mlflow: MLflow) -> None:
    """Raises ValueError that names the key whose default works in a local warehouse only."""
    if not is_remote(warehouse):
        return
    if online.store == "sqlite":
        raise ValueError("online.store is sqlite, whose file cannot lie in a remote warehouse; set it to redis")
    if online.registry is None and not warehouse.lower().startswith("s3a://"):
        raise ValueError(
            "online.registry is null, but Feast's registry cannot lie in a remote warehouse other than s3a://; "
            "set it to redis or s3://bucket/key"
        )
    if mlflow.tracking_uri is None:
        raise ValueError(
            "mlflow.tracking_uri is null, but MLflow's database cannot lie in a remote warehouse; "
            "set it to the address of an MLflow server"
        )
