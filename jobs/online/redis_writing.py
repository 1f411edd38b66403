"""Writes the rows of a view to Redis from Python workers, bucket by bucket."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from jobs.online.redis_commands import answers
from jobs.online.redis_connection import RedisConnection
from jobs.online.redis_marks import SCANNED, Marks, bucket_of, escaped
from jobs.online.redis_rows import Rows
from jobs.online.store_failures import failure_as_result
from jobs.online.view_form import ViewForm
from jobs.online.view_rows import BUCKET, Written
from jobs.runtime.errors import LongtailError

BATCH = 2_000  # entities sent before their answers are read


@dataclass(frozen=True)
class RedisView:
    """A view in Redis.

    name: as messages name it
    project: suffix that Feast adds to an entity's key
    stamp: field and value of the event time
    fields: field of the entity's hash by feature
    writer: only while the marks name this writer may it write
    """

    name: str
    connection: RedisConnection
    form: ViewForm
    project: bytes
    marks: Marks
    buckets: int
    stamp: tuple[bytes, bytes]
    fields: dict[str, bytes]
    writer: bytes

    @property
    def all_fields(self) -> list[bytes]:
        """Every field that the view has in an entity's hash."""
        return [self.stamp[0], *self.fields.values()]

    def refuse_overtaken(self, client: Any) -> None:
        """Raises LongtailError when another publish writes the view: this one is a leftover of a killed run."""
        if client.hget(self.marks.base, b"writer") != self.writer:
            raise LongtailError(f"Another publish writes {self.name}.", "Wait until it ends, then run publish again.")


@dataclass(frozen=True)
class WriteRows:
    """Writes rows: of marked entities only the changed values if `changed_only`; removes the view from other entities.

    An entity enters its bucket before its fields are written, so that the bucket misses none, and its mark is empty
    during the write, so that wherever a write is stopped, no mark describes fields that were not written. A second
    attempt at the same rows writes the same bytes, even while the first is running.
    """

    view: RedisView
    changed_only: bool

    def __call__(self, batches: Iterable[pa.RecordBatch]) -> Iterator[Written]:
        """Writes rows that are ordered by bucket; yields one result a bucket."""
        view = self.view
        with failure_as_result(f"Writing {view.name}") as failures, closing(view.connection.connect()) as client:
            bucket: _Bucket | None = None
            for batch in batches:
                rows = self._encoded(batch)
                numbers = batch.column(BUCKET).to_numpy()
                for places in np.split(np.arange(len(numbers)), np.flatnonzero(np.diff(numbers)) + 1):
                    if not len(places):
                        continue
                    if bucket is None or bucket.number != numbers[places[0]]:
                        if bucket is not None:
                            yield bucket.closed()
                        bucket = _Bucket(self, client, int(numbers[places[0]]))
                    for begin in range(0, len(places), BATCH):
                        bucket.write(*rows, places[begin : begin + BATCH])
            if bucket is not None:
                yield bucket.closed()
        yield from failures

    def empty(self, bucket: int) -> Written:
        """Removes the view from all entities of the bucket."""
        with closing(self.view.connection.connect()) as client:
            return _Bucket(self, client, bucket).closed()

    def _encoded(self, batch: pa.RecordBatch) -> tuple[list[bytes], Rows]:
        form = self.view.form
        keys = form.keys(batch.column(form.join_key).to_pylist())
        columns = {self.view.fields[name]: column for name, column in form.columns(batch).items()}
        return keys, Rows(self.view.project, keys, self.view.stamp, columns)


class _Bucket:
    """A bucket that is being written."""

    def __init__(self, task: WriteRows, client: Any, number: int) -> None:
        self.number = number
        self._view, self._client, self._changed_only = task.view, client, task.changed_only
        self._key = task.view.marks.key(number, task.view.buckets)
        self._entities = self._sent = 0
        self._view.refuse_overtaken(client)
        # What is left of it in the end is not in the view any more.
        self._marks: dict[bytes, bytes] = client.hgetall(self._key)
        if not self._marks:
            # Redis has lost the bucket, or never had it: entities that left the view are found by a scan only.
            self._view.marks.set_swept(client, False)

    def write(self, keys: list[bytes], rows: Rows, batch: np.ndarray) -> None:
        """Sends the changed values of a batch.

        Redis answers with the number of new fields, which is 0 for a marked entity. Where it is not, Redis has lost the
        entity, as it may when short of memory, and all its values are sent.
        """
        self._view.refuse_overtaken(self._client)
        marks = [self._marks.pop(keys[row], None) for row in batch]
        changed = rows.changed(batch, marks if self._changed_only else [None] * len(batch))
        commands = [rows.unmarked(self._key, batch), *rows.commands(batch, changed), rows.marked(self._key, batch)]
        new_fields = answers(self._client, commands)
        lost = (np.array(new_fields[1:-1]) > 0) & ~changed.all(axis=1)
        if lost.any():
            every = np.ones((int(lost.sum()), changed.shape[1]), dtype=bool)
            answers(self._client, rows.commands(batch[lost], every))
        self._entities += len(batch)
        self._sent += int(changed[~lost].sum()) + int(lost.sum()) * changed.shape[1]

    def closed(self) -> Written:
        """Removes the view from the entities that are in the bucket, but not among its rows."""
        others = list(self._marks)
        for begin in range(0, len(others), BATCH):
            batch = others[begin : begin + BATCH]
            drop_fields(self._client, [key + self._view.project for key in batch], self._view.all_fields)
            self._client.hdel(self._key, *batch)
        return Written(self.number, self._entities, self._sent)


@dataclass(frozen=True)
class Sweep:
    """Removes the view from entities that are in no bucket, by a scan of all entities, where Redis has lost marks."""

    view: RedisView

    def __call__(self, batches: Iterable[pa.RecordBatch]) -> Iterator[Written]:
        """Scans; `batches` has no rows."""
        del batches
        view = self.view
        with failure_as_result(f"Writing {view.name}") as failures, closing(view.connection.connect()) as client:
            # The prefix of a key names the join key, and ends before the type and the length of the id.
            start = view.form.prefix[: view.form.prefix.index(view.form.join_key.encode()) + len(view.form.join_key)]
            pattern = escaped(start) + b"*" + escaped(view.project)
            keys_seen: list[bytes] = []
            for key in client.scan_iter(match=pattern, count=SCANNED, _type="HASH"):
                if key.startswith(view.form.prefix):
                    keys_seen.append(key)
                if len(keys_seen) == BATCH:
                    self._drop_unmarked(client, keys_seen)
                    keys_seen = []
            self._drop_unmarked(client, keys_seen)
            view.marks.drop_others(client, view.buckets)
            view.marks.set_swept(client, True)
        yield from failures

    def empty(self, bucket: int) -> Written:
        """Nothing to do: a sweep has no rows."""
        return Written(bucket)

    def _drop_unmarked(self, client: Any, hashes: list[bytes]) -> None:
        view = self.view
        with client.pipeline(transaction=False) as pipe:
            for key in hashes:
                entity = key.removesuffix(view.project)
                entity_id = entity[len(view.form.prefix) + 4 :]  # after its length
                pipe.hexists(key, view.stamp[0])
                pipe.hexists(view.marks.key(bucket_of(entity_id, view.buckets), view.buckets), entity)
            has = pipe.execute()
        stale = [key for key, is_in, is_marked in zip(hashes, has[::2], has[1::2], strict=True) if is_in > is_marked]
        view.refuse_overtaken(client)
        drop_fields(client, stale, view.all_fields)


def drop_fields(client: Any, hashes: Sequence[bytes], fields: Sequence[bytes]) -> None:
    """Deletes the fields from every hash; Redis deletes a hash without fields."""
    with client.pipeline(transaction=False) as pipe:
        for key in hashes:
            pipe.hdel(key, *fields)
        pipe.execute()
