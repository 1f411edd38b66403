"""The rows of a view as commands to Redis, and the digests that show the next night which values changed."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

import numpy as np

from jobs.online.redis_commands import argument, command
from jobs.online.view_form import EncodedColumn, as_objects

_LAYOUT_BYTES = 8


class Rows:
    """n rows of f features.

    A mark of an entity is a digest of each of its values, after a digest of the features' names and order.

    project: suffix that Feast adds to an entity's key
    keys: [n] entity keys
    first: field and value that are written with every row
    columns: by field of the entity's hash
    """

    def __init__(
        self,
        project: bytes,
        keys: Sequence[bytes],
        first: tuple[bytes, bytes],
        columns: Mapping[bytes, EncodedColumn],
    ) -> None:
        self._keys = keys
        self._project = project
        self._first = argument(first[0]) + argument(first[1])
        self._place = [column.place for column in columns.values()]
        # A distinct value is packed once with its field, whatever the number of its rows.
        self._packed = [
            as_objects([argument(field) + argument(value) for value in column.values])
            for field, column in columns.items()
        ]
        self._digests = [column.digests() for column in columns.values()]
        # Marks of other features, or of the same ones in another order, cannot be compared.
        self._layout = hashlib.sha256(b"\x00".join(columns)).digest()[:_LAYOUT_BYTES]

    def changed(self, batch: np.ndarray, marks: Sequence[bytes | None]) -> np.ndarray:
        """[b, f] which values differ from those marked before; all values of an entity without a mark."""
        digests = self._digests_of(batch)
        usable = {row: mark[_LAYOUT_BYTES:] for row, mark in enumerate(marks) if mark is not None and self._fits(mark)}
        changed = np.ones(digests.shape, dtype=bool)
        if usable:
            marked = np.frombuffer(b"".join(usable.values()), dtype="<u8").reshape(len(usable), -1)
            changed[list(usable)] = marked != digests[list(usable)]
        return changed

    def commands(self, batch: np.ndarray, changed: np.ndarray) -> list[bytes]:
        """One command an entity that writes its changed values."""
        values = [packed[place[batch]].tolist() for packed, place in zip(self._packed, self._place, strict=True)]
        keys = [argument(self._keys[row] + self._project) for row in batch]
        rows = zip(*values, strict=True)
        if changed.all():
            start = _start(len(values))
            return [b"".join((start, key, self._first, *row)) for key, row in zip(keys, rows, strict=True)]
        starts = [_start(count) for count in range(len(values) + 1)]
        places = [np.flatnonzero(of_row).tolist() for of_row in changed]
        return [
            b"".join((starts[len(of_row)], key, self._first, *[row[place] for place in of_row]))
            for key, row, of_row in zip(keys, rows, places, strict=True)
        ]

    def unmarked(self, marks_key: bytes, batch: np.ndarray) -> bytes:
        """The command that adds the entities to a hash of marks with empty marks."""
        return self._marking(marks_key, batch, [argument(b"")] * len(batch))

    def marked(self, marks_key: bytes, batch: np.ndarray) -> bytes:
        """The command that sets the entities' marks in a hash of marks."""
        digests = self._digests_of(batch).tobytes()
        size = len(digests) // max(len(batch), 1)
        parts = (digests[start : start + size] for start in range(0, len(digests), size))
        return self._marking(marks_key, batch, [argument(self._layout + part) for part in parts])

    def _marking(self, marks_key: bytes, batch: np.ndarray, marks: list[bytes]) -> bytes:
        pairs = (part for row, mark in zip(batch, marks, strict=True) for part in (argument(self._keys[row]), mark))
        return command(b"HSET", [argument(marks_key), *pairs])

    def _digests_of(self, batch: np.ndarray) -> np.ndarray:
        columns = [digests[place[batch]] for digests, place in zip(self._digests, self._place, strict=True)]
        return np.ascontiguousarray(np.stack(columns, axis=1), dtype="<u8")

    def _fits(self, mark: bytes) -> bool:
        return len(mark) == _LAYOUT_BYTES + 8 * len(self._digests) and mark.startswith(self._layout)


def _start(values: int) -> bytes:
    """The head of an HSET command of a key, the first field and value, and `values` further fields and values."""
    return b"*%d\r\n$4\r\nHSET\r\n" % (4 + 2 * values)
