"""Feast's Redis store with bulk writes of a night: sends changed values and removes entities that left the view."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

import numpy as np
from feast import FeatureView
from feast.infra.online_stores.helpers import _mmh3
from feast.infra.online_stores.redis import RedisOnlineStore, RedisOnlineStoreConfig, _versioned_fv_name
from feast.repo_config import RepoConfig
from google.protobuf.timestamp_pb2 import Timestamp  # type: ignore[import-untyped]

from jobs.online.encoding import EncodedColumn
from jobs.online.redis_commands import answers, argument, command
from jobs.online.redis_rows import Rows

_TIMEOUTS = {"socket_timeout": 60, "socket_connect_timeout": 10}  # seconds
BATCH = 2_000  # entities sent before their answers are read
_SCANNED = 10_000  # keys in one step of a scan


class NightRedisOnlineStoreConfig(RedisOnlineStoreConfig):
    """The store's configuration, which Feast finds by its name."""

    type: Literal["jobs.online.redis_store.NightRedisOnlineStore"] = "jobs.online.redis_store.NightRedisOnlineStore"


class NightRedisOnlineStore(RedisOnlineStore):
    """Reads are Feast's own, and the fields of an entity are byte for byte what Feast writes.

    In addition a hash for each view (`longtail:<project>:<view>`) holds the view's entities, each with a mark: a digest
    of 8 bytes a feature, which shows the next writer which values it need not send. An entity enters the hash before
    its fields are written, so that the hash misses none, and its mark is empty during the write, so that wherever a
    write is stopped, no mark describes fields that were not written.
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
        keys: Sequence[bytes],
        columns: Mapping[str, EncodedColumn],
        event_time: datetime,
        changed_only: bool,
    ) -> int:
        """Writes the rows, of marked entities only the changed values, and removes the view from other entities."""
        client: Any = self._get_client(config.online_store)
        name, project = _versioned_fv_name(view, config), config.project.encode()
        marks_key = _marks_key(config, name)
        stamp = Timestamp()
        stamp.FromDatetime(event_time)
        fields = [_mmh3(f"{name}:{column}") for column in columns]
        first = f"_ts:{name}".encode()
        rows = Rows(
            project,
            marks_key,
            keys,
            (first, stamp.SerializeToString()),
            dict(zip(fields, columns.values(), strict=True)),
        )
        if not client.exists(marks_key):
            self._sweep(client, _start_of_keys(view, keys), project, set(keys), [first, *fields])
        sent = 0
        for begin in range(0, len(keys), BATCH):
            batch = np.arange(begin, min(begin + BATCH, len(keys)))
            marks = client.hmget(marks_key, list(keys[begin : begin + BATCH])) if changed_only else [None] * len(batch)
            changed = rows.changed(batch, marks)
            sent += self._send(client, rows, batch, changed)
        if client.hlen(marks_key) > len(keys):
            self._remove_others(client, marks_key, project, set(keys), [first, *fields])
        return sent

    @staticmethod
    def _send(client: Any, rows: Rows, batch: np.ndarray, changed: np.ndarray) -> int:
        """Sends the changed values of a batch; returns how many were sent.

        Redis answers with the number of new fields, which is 0 for a marked entity. Where it is not, Redis has lost the
        entity, as it may when short of memory, and all its values are sent.
        """
        new_fields = answers(client, [rows.unmarked(batch), *rows.commands(batch, changed), rows.marked(batch)])
        lost = (np.array(new_fields[1:-1]) > 0) & ~changed.all(axis=1)
        if lost.any():
            answers(client, rows.commands(batch[lost], np.ones((int(lost.sum()), changed.shape[1]), dtype=bool)))
        return int(changed[~lost].sum()) + int(lost.sum()) * changed.shape[1]

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

    def erase(self, config: RepoConfig, views: Sequence[FeatureView], key: bytes) -> None:
        """Deletes the entity's complete hash, since no view names the features that are no longer declared."""
        client: Any = self._get_client(config.online_store)
        client.delete(key + config.project.encode())
        for marks_key in list(client.scan_iter(match=_escaped(_marks_key(config, "")) + b"*", count=_SCANNED)):
            client.hdel(marks_key, key)

    def entities_held(self, config: RepoConfig, view: FeatureView) -> int:
        """Number of entities that have a row in the view."""
        client: Any = self._get_client(config.online_store)
        return int(client.hlen(_marks_key(config, _versioned_fv_name(view, config))))

    @staticmethod
    def _sweep(client: Any, start: bytes, project: bytes, keep: set[bytes], fields: list[bytes]) -> None:
        """Removes the view from other entities where its hash of marks is missing, by a scan of all entities.

        At the first write there are none; where Redis has lost the hash, only a scan finds them.
        """
        scanned = client.scan_iter(match=_escaped(start) + b"*" + _escaped(project), count=_SCANNED, _type="HASH")
        others = [key for key in scanned if key.removesuffix(project) not in keep and not key.startswith(b"longtail:")]
        for batch in _batches(others):
            with client.pipeline(transaction=False) as pipe:
                for key in batch:
                    pipe.hexists(key, fields[0])
                has_view = pipe.execute()
            _drop(client, [key for key, has in zip(batch, has_view, strict=True) if has], fields)

    @staticmethod
    def _remove_others(client: Any, marks_key: bytes, project: bytes, keep: set[bytes], fields: list[bytes]) -> None:
        others = [key for key, _ in client.hscan_iter(marks_key, count=1_000) if key not in keep]
        for batch in _batches(others):
            _drop(client, [key + project for key in batch], fields)
            client.hdel(marks_key, *batch)


def _marks_key(config: RepoConfig, view: str) -> bytes:
    return f"longtail:{config.project}:{view}".encode()


def _batches(keys: Sequence[bytes]) -> Iterator[Sequence[bytes]]:
    """The keys, BATCH at a time."""
    for begin in range(0, len(keys), BATCH):
        yield keys[begin : begin + BATCH]


def _drop(client: Any, hashes: list[bytes], fields: list[bytes]) -> None:
    """Deletes the fields from every hash; Redis deletes a hash without fields."""
    with client.pipeline(transaction=False) as pipe:
        for key in hashes:
            pipe.hdel(key, *fields)
        pipe.execute()


def _start_of_keys(view: FeatureView, keys: Sequence[bytes]) -> bytes:
    """The common prefix of an entity's serialised keys: everything up to the name of its join key."""
    if not keys:
        return b""
    name = view.join_keys[0].encode()
    return keys[0][: keys[0].index(name) + len(name)]


def _escaped(name: bytes) -> bytes:
    """The name as a SCAN pattern that matches only itself."""
    return re.sub(rb"([*?\[\]^\\])", rb"\\\1", name)
