"""Feast's Redis store with bulk writes of a night: sends changed values and removes entities that left the view."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, Literal

from feast import FeatureView
from feast.infra.online_stores.helpers import _mmh3
from feast.infra.online_stores.redis import RedisOnlineStore, RedisOnlineStoreConfig, RedisType, _versioned_fv_name
from feast.repo_config import RepoConfig
from google.protobuf.timestamp_pb2 import Timestamp

from jobs.online.redis_commands import answers, argument, command
from jobs.online.redis_connection import RedisConnection
from jobs.online.redis_marks import SCANNED, Marks, escaped
from jobs.online.redis_writing import BATCH, RedisView, Sweep, WriteRows
from jobs.online.view_form import ViewForm
from jobs.online.view_rows import ViewRows

_TIMEOUTS = {"socket_timeout": 60, "socket_connect_timeout": 10}  # seconds


class NightRedisOnlineStoreConfig(RedisOnlineStoreConfig):
    """The store's configuration, which Feast finds by its name."""

    type: Literal["jobs.online.redis_store.NightRedisOnlineStore"] = "jobs.online.redis_store.NightRedisOnlineStore"


class NightRedisOnlineStore(RedisOnlineStore):
    """Reads are Feast's own, and the fields of an entity are byte for byte what Feast writes.

    In addition hashes for each view (redis_marks) hold the view's entities, each with a mark: a digest of 8 bytes a
    feature, which shows the next writer which values it need not send.
    """

    @staticmethod
    def _parse_connection_string(connection_string: str) -> tuple[list[dict[str, str]], dict[str, Any]]:
        """Parses as Feast does, with time limits where the string has none, so that a hanging server stops no job."""
        nodes, parameters = RedisOnlineStore._parse_connection_string(connection_string)
        return nodes, _TIMEOUTS | parameters

    def replace_rows(
        self,
        config: RepoConfig,
        view: FeatureView,
        form: ViewForm,
        rows: ViewRows,
        event_time: datetime,
        changed_only: bool,
    ) -> int:
        """Writes the rows, of marked entities only the changed values, and removes the view from other entities."""
        client: Any = self._get_client(config.online_store)
        name, marks, writer = _versioned_fv_name(view, config), _marks(config, view), uuid.uuid4().bytes
        stamp = Timestamp()
        stamp.FromDatetime(event_time)
        written_view = RedisView(
            view.name,
            self._connection(config.online_store),
            form,
            config.project.encode(),
            marks,
            marks.begin(client, rows.entities, writer),
            (f"_ts:{name}".encode(), stamp.SerializeToString()),
            {field.name: _mmh3(f"{name}:{field.name}") for field in form.fields},
            writer,
        )
        written = rows.written_by(WriteRows(written_view, changed_only), written_view.buckets)
        if not marks.swept(client):
            rows.run_once(Sweep(written_view))
        return sum(bucket.values for bucket in written)

    @classmethod
    def _connection(cls, settings: RedisOnlineStoreConfig) -> RedisConnection:
        nodes, parameters = cls._parse_connection_string(settings.connection_string)
        return RedisConnection(nodes, parameters, settings.redis_type == RedisType.redis_cluster)

    def values_held(
        self, config: RepoConfig, view: FeatureView, keys: Sequence[bytes], names: Sequence[str]
    ) -> dict[str, list[bytes | None]]:
        """By feature the serialised values of the entities, in the order of the keys; None where there is none."""
        client: Any = self._get_client(config.online_store)
        name, project = _versioned_fv_name(view, config), config.project.encode()
        fields = [argument(_mmh3(f"{name}:{feature}")) for feature in names]
        rows: list[list[bytes | None]] = []
        for batch in _batches(keys):
            rows += answers(client, [command(b"HMGET", [argument(key + project), *fields]) for key in batch])
        return {feature: [row[place] for row in rows] for place, feature in enumerate(names)}

    def erase(self, config: RepoConfig, key: bytes) -> None:
        """Deletes the entity's complete hash, since no view names the features that are no longer declared.

        Its marks are deleted from every hash of marks, of whatever view and layout.
        """
        client: Any = self._get_client(config.online_store)
        client.delete(key + config.project.encode())
        pattern = escaped(f"longtail:{config.project}:".encode()) + b"*"
        with client.pipeline(transaction=False) as pipe:
            for marks_key in client.scan_iter(match=pattern, count=SCANNED, _type="HASH"):
                pipe.hdel(marks_key, key)
            pipe.execute()

    def entities_held(self, config: RepoConfig, view: FeatureView) -> int:
        """Number of entities that have a row in the view."""
        client: Any = self._get_client(config.online_store)
        return _marks(config, view).held(client)


def _marks(config: RepoConfig, view: FeatureView) -> Marks:
    return Marks(f"longtail:{config.project}:{_versioned_fv_name(view, config)}".encode())


def _batches(keys: Sequence[bytes]) -> Iterator[Sequence[bytes]]:
    """The keys, BATCH at a time."""
    for begin in range(0, len(keys), BATCH):
        yield keys[begin : begin + BATCH]
