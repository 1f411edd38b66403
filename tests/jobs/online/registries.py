"""Configurations whose registry lies in a file, in Redis, or in S3 by moto."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from jobs.config.configuration import Config, load_config
from tests.cluster.object_stores import BUCKET, moto
from tests.jobs.online.nights import TTL
from tests.jobs.online.redis_server import VARIABLE, running_redis

KINDS = ("file", "redis", "s3")
S3_REGISTRY = f"s3://{BUCKET}/shop/registry.db"


@contextmanager
def with_registry(kind: str, folder: Path, patch: pytest.MonkeyPatch) -> Iterator[Config]:
    """A configuration in `folder` with a registry of a kind, while its server runs."""
    if kind == "file":
        yield registry_config(folder, "{}")
    elif kind == "redis":
        with running_redis(folder) as server:
            patch.setenv(VARIABLE, server.url)
            yield registry_config(folder, f"{{store: redis, redis_url_variable: {VARIABLE}, registry: redis}}")
    else:
        with moto(folder) as store:
            for name, value in store.environment.items():
                patch.setenv(name, value)
            yield registry_config(folder, f"{{registry: '{S3_REGISTRY}'}}")


def registry_config(folder: Path, online: str) -> Config:
    """A configuration in `folder` with a section `online`."""
    path = folder / "conf.yaml"
    path.write_text(
        f"warehouse: {folder / 'warehouse'}\nsource: {{kind: complete_journey}}\nonline: {online}\n", encoding="utf-8"
    )
    return load_config(path, [f"online.registry_ttl_seconds={TTL}"])
