"""The rows of a view as commands to Redis, and the marks by which the next night knows what has changed."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

import numpy as np

from jobs.online.encoding import EncodedColumn, as_objects
from jobs.online.redis_commands import argument, command

_LAYOUT_BYTES = 8


class Rows:
    """n rows of f features.

    project: what Feast puts behind an entity's key; held: key of the hash of marks; keys: [n] entity keys
    first: field and value that are written with every row; columns: by field of the entity's hash
    """

    def __init__(
        self,
        project: bytes,
        held: bytes,
        keys: Sequence[bytes],
        first: tuple[bytes, bytes],
        columns: Mapping[bytes, EncodedColumn],
    ) -> None:
        self._keys = keys
        self._project, self._held = project, argument(held)
        self._first = argument(first[0]) + argument(first[1])
        self._place = [column.place for column in columns.values()]
        # Field and value of a distinct value are packed once, whatever the number of its rows.
        self._packed = [
            as_objects([argument(field) + argument(value) for value in column.values])
            for field, column in columns.items()
        ]
        self._digests = [column.digests() for column in columns.values()]
        # Marks of other features, or of these in another order, are of no use.
        self._layout = hashlib.sha256(b"\x00".join(columns)).digest()[:_LAYOUT_BYTES]

    def changed(self, batch: np.ndarray, marks: Sequence[bytes | None]) -> np.ndarray:
        """[b, f] which values differ from those that the marks tell of; all of an entity without a mark."""
        wanted = self._digests_of(batch)
        known = [place for place, mark in enumerate(marks) if mark is not None and self._fits(mark)]
        changed = np.ones(wanted.shape, dtype=bool)
        if known:
            told = b"".join(marks[place][_LAYOUT_BYTES:] for place in known)  # type: ignore[index]  # known are not None
            changed[known] = np.frombuffer(told, dtype="<u8").reshape(len(known), -1) != wanted[known]
        return changed

    def commands(self, batch: np.ndarray, changed: np.ndarray) -> list[bytes]:
        """A command an entity, which writes its changed values."""
        values = [packed[place[batch]].tolist() for packed, place in zip(self._packed, self._place, strict=True)]
        keys = [argument(self._keys[row] + self._project) for row in batch]
        rows = zip(*values, strict=True)
        if changed.all():
            start = _start(len(values))
            return [b"".join((start, key, self._first, *row)) for key, row in zip(keys, rows, strict=True)]
        starts = [_start(count) for count in range(len(values) + 1)]
        picked = [np.flatnonzero(one).tolist() for one in changed]
        return [
            b"".join((starts[len(some)], key, self._first, *[row[place] for place in some]))
            for key, row, some in zip(keys, rows, picked, strict=True)
        ]

    def unmarked(self, batch: np.ndarray) -> bytes:
        """The command that enters the entities and empties their marks."""
        return self._marking(batch, [argument(b"")] * len(batch))

    def marked(self, batch: np.ndarray) -> bytes:
        """The command that sets the marks."""
        digests = self._digests_of(batch).tobytes()
        size = len(digests) // max(len(batch), 1)
        parts = (digests[start : start + size] for start in range(0, len(digests), size))
        return self._marking(batch, [argument(self._layout + part) for part in parts])

    def _marking(self, batch: np.ndarray, marks: list[bytes]) -> bytes:
        pairs = (part for row, mark in zip(batch, marks, strict=True) for part in (argument(self._keys[row]), mark))
        return command(b"HSET", [self._held, *pairs])

    def _digests_of(self, batch: np.ndarray) -> np.ndarray:
        of = [digests[place[batch]] for digests, place in zip(self._digests, self._place, strict=True)]
        return np.ascontiguousarray(np.stack(of, axis=1), dtype="<u8")

    def _fits(self, mark: bytes) -> bool:
        return len(mark) == _LAYOUT_BYTES + 8 * len(self._digests) and mark.startswith(self._layout)


def _start(values: int) -> bytes:
    """The head of HSET, a key, the first field with its value, and so many further ones."""
    return b"*%d\r\n$4\r\nHSET\r\n" % (4 + 2 * values)
