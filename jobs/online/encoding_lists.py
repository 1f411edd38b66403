"""Arrays of doubles and strings as Feast's serialised values, written byte for byte without its message objects.

The format is Protocol Buffers' (https://protobuf.dev/programming-guides/encoding): a Value holds a list message whose
field 1 repeats, packed for doubles. Building messages value by value costs most of a publish.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache

import numpy as np
from feast.protos.feast.types.Value_pb2 import Value

_FIRST = b"\x0a"  # field 1, length-delimited


def double_lists(rows: Iterable[Sequence[float]]) -> list[bytes]:
    """One serialised Value a row."""
    tag = _tag("double_list_val")
    values = []
    for row in rows:
        raw = np.asarray(row, dtype="<f8").tobytes()
        inner = _FIRST + _varint(len(raw)) + raw if raw else b""
        values.append(tag + _varint(len(inner)) + inner)
    return values


def string_lists(rows: Iterable[Sequence[str]]) -> list[bytes]:
    """One serialised Value a row; a string that comes again is encoded once."""
    tag = _tag("string_list_val")
    known: dict[str, bytes] = {}
    values = []
    for row in rows:
        parts = []
        for text in row:
            part = known.get(text)
            if part is None:
                raw = text.encode()
                part = known[text] = _FIRST + _varint(len(raw)) + raw
            parts.append(part)
        inner = b"".join(parts)
        values.append(tag + _varint(len(inner)) + inner)
    return values


def _tag(name: str) -> bytes:
    return _varint(Value.DESCRIPTOR.fields_by_name[name].number << 3 | 2)


@cache
def _varint(number: int) -> bytes:
    found = bytearray()
    while number > 0x7F:
        found.append(number & 0x7F | 0x80)
        number >>= 7
    found.append(number)
    return bytes(found)
