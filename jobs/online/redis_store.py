"""Feast's Redis store, made fit for a night at once: what has changed is sent in bulk, and nothing old stays."""

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

_PATIENCE = {"socket_timeout": 60, "socket_connect_timeout": 10}  # seconds
BATCH = 2_000  # entities sent before their answers are read
_SCANNED = 10_000  # keys that Redis looks at in one step of a scan


class NightRedisOnlineStoreConfig(RedisOnlineStoreConfig):
    """The configuration that Feast looks up beside the class."""

    type: Literal["jobs.online.redis_store.NightRedisOnlineStore"] = "jobs.online.redis_store.NightRedisOnlineStore"


class NightRedisOnlineStore(RedisOnlineStore):
    """Reads are Feast's own, and the fields of an entity are byte for byte what Feast writes.

    Beside them a hash a view (`longtail:<project>:<view>`) holds which entities are in it, and a mark of each: a digest
    of 8 bytes a feature, by which the next writer knows what it need not send. An entity is in the hash before its
    fields are written, so that the hash never misses one, and its mark is empty while they are written, so that a mark
    never tells of fields that are not there, wherever a write is stopped.
    """

    @staticmethod
    def _parse_connection_string(connection_string: str) -> tuple[list[dict[str, str]], dict[str, Any]]:
        """As Feast's; without a limit of its own in the string, a server that hangs is not waited for for ever."""
        nodes, parameters = RedisOnlineStore._parse_connection_string(connection_string)
        return nodes, _PATIENCE | parameters

    def replace_rows(
        self,
        config: RepoConfig,
        view: FeatureView,
        keys: Sequence[bytes],
        columns: Mapping[str, EncodedColumn],
        event_time: datetime,
        changed_only: bool,
    ) -> int:
        """Writes the rows, of entities that have a mark only what differs, then takes the view from other entities."""
        client: Any = self._get_client(config.online_store)
        name, project = _versioned_fv_name(view, config), config.project.encode()
        held = _held(config, name)
        stamp = Timestamp()
        stamp.FromDatetime(event_time)
        fields = [_mmh3(f"{name}:{column}") for column in columns]
        first = f"_ts:{name}".encode()
        rows = Rows(
            project, held, keys, (first, stamp.SerializeToString()), dict(zip(fields, columns.values(), strict=True))
        )
        if not client.exists(held):
            self._sweep(client, _start_of_keys(view, keys), project, set(keys), [first, *fields])
        sent = 0
        for begin in range(0, len(keys), BATCH):
            batch = np.arange(begin, min(begin + BATCH, len(keys)))
            marks = client.hmget(held, list(keys[begin : begin + BATCH])) if changed_only else [None] * len(batch)
            changed = rows.changed(batch, marks)
            sent += self._send(client, rows, batch, changed)
        if client.hlen(held) > len(keys):
            self._take_away(client, held, project, set(keys), [first, *fields])
        return sent

    @staticmethod
    def _send(client: Any, rows: Rows, batch: np.ndarray, changed: np.ndarray) -> int:
        """Sends the changed values of a batch; returns how many were sent.

        Redis answers how many fields were new. An entity with a mark has none that are; where Redis has lost it, as
        one that is short of memory may, all of it is sent.
        """
        found = answers(client, [rows.unmarked(batch), *rows.commands(batch, changed), rows.marked(batch)])
        lost = (np.array(found[1:-1]) > 0) & ~changed.all(axis=1)
        if lost.any():
            answers(client, rows.commands(batch[lost], np.ones((int(lost.sum()), changed.shape[1]), dtype=bool)))
        return int(changed[~lost].sum()) + int(lost.sum()) * changed.shape[1]

    def values_held(
        self, config: RepoConfig, view: FeatureView, keys: Sequence[bytes], names: Sequence[str]
    ) -> dict[str, list[bytes | None]]:
        """By feature the serialised value of every entity, in the order of the keys; None where there is none."""
        client: Any = self._get_client(config.online_store)
        name, project = _versioned_fv_name(view, config), config.project.encode()
        fields = [argument(_mmh3(f"{name}:{feature}")) for feature in names]
        rows: list[list[bytes | None]] = []
        for batch in _batches(keys):
            rows += answers(client, [command(b"HMGET", [argument(key + project), *fields]) for key in batch])
        return {feature: [row[place] for row in rows] for place, feature in enumerate(names)}

    def erase(self, config: RepoConfig, views: Sequence[FeatureView], key: bytes) -> None:
        """Deletes the entity whole: features that are declared no more are in no view that could be asked for them."""
        client: Any = self._get_client(config.online_store)
        client.delete(key + config.project.encode())
        for held in list(client.scan_iter(match=_escaped(_held(config, "")) + b"*", count=_SCANNED)):
            client.hdel(held, key)

    def entities_held(self, config: RepoConfig, view: FeatureView) -> int:
        client: Any = self._get_client(config.online_store)
        return int(client.hlen(_held(config, _versioned_fv_name(view, config))))

    @staticmethod
    def _sweep(client: Any, start: bytes, project: bytes, keep: set[bytes], fields: list[bytes]) -> None:
        """Takes the view from other entities where the hash of those in it is missing, by a look at all of their kind.

        At the first write there is nothing to take; where Redis has lost the hash, nobody else knows of them.
        """
        found = client.scan_iter(match=_escaped(start) + b"*" + _escaped(project), count=_SCANNED, _type="HASH")
        others = [key for key in found if key.removesuffix(project) not in keep and not key.startswith(b"longtail:")]
        for batch in _batches(others):
            with client.pipeline(transaction=False) as pipe:
                for key in batch:
                    pipe.hexists(key, fields[0])
                there = pipe.execute()
            _drop(client, [key for key, held in zip(batch, there, strict=True) if held], fields)

    @staticmethod
    def _take_away(client: Any, held: bytes, project: bytes, keep: set[bytes], fields: list[bytes]) -> None:
        gone = [key for key, _ in client.hscan_iter(held, count=1_000) if key not in keep]
        for batch in _batches(gone):
            _drop(client, [key + project for key in batch], fields)
            client.hdel(held, *batch)


def _held(config: RepoConfig, view: str) -> bytes:
    return f"longtail:{config.project}:{view}".encode()


def _batches(keys: Sequence[bytes]) -> Iterator[Sequence[bytes]]:
    """The keys, BATCH at a time."""
    for begin in range(0, len(keys), BATCH):
        yield keys[begin : begin + BATCH]


def _drop(client: Any, hashes: list[bytes], fields: list[bytes]) -> None:
    """Takes the fields from every hash; Redis forgets one without fields."""
    with client.pipeline(transaction=False) as pipe:
        for key in hashes:
            pipe.hdel(key, *fields)
        pipe.execute()


def _start_of_keys(view: FeatureView, keys: Sequence[bytes]) -> bytes:
    """What all serialised keys of an entity begin with: everything up to the name of its join key."""
    if not keys:
        return b""
    name = view.join_keys[0].encode()
    return keys[0][: keys[0].index(name) + len(name)]


def _escaped(name: bytes) -> bytes:
    """As a pattern of SCAN that matches nothing else."""
    return re.sub(rb"([*?\[\]^\\])", rb"\\\1", name)
