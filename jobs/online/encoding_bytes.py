"""Feast's serialised values of scalars and arrays, written as bytes without message objects.

Building a message for every value would take most of a publish. In the wire format of Protocol Buffers
(https://protobuf.dev/programming-guides/encoding) a Value holds one field, after its tag; field 1 of a list message
repeats, packed for doubles. Nothing here imports Feast, whose import costs a Python worker seconds.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from itertools import pairwise

import numpy as np
import pyarrow as pa

VARINT, FIXED_64, LENGTH, FIXED_32 = 0, 1, 2, 5  # wire types
_FIRST = b"\x0a"  # field 1, length-delimited


def tag(number: int, wire_type: int) -> bytes:
    """The tag of a field by its number in the message."""
    return _varint(number << 3 | wire_type)


def doubles(head: bytes, values: Iterable[float]) -> list[bytes]:
    """One serialised Value each, after the tag `head`."""
    raw = np.asarray(values, dtype="<f8").tobytes()
    return [head + raw[start : start + 8] for start in range(0, len(raw), 8)]


def floats(head: bytes, values: Iterable[float]) -> list[bytes]:
    """One serialised Value each, in single precision."""
    raw = np.asarray(values, dtype="<f4").tobytes()
    return [head + raw[start : start + 4] for start in range(0, len(raw), 4)]


def longs(head: bytes, values: Iterable[int]) -> list[bytes]:
    """One serialised Value each; a negative number is written modulo 2^64, a flag as 0 or 1."""
    return [head + _varint(int(value) % 2**64) for value in values]


def strings(head: bytes, values: Iterable[str]) -> list[bytes]:
    """One serialised Value each."""
    return [head + _varint(len(raw)) + raw for raw in (value.encode() for value in values)]


def double_lists(head: bytes, rows: pa.ListArray) -> list[bytes]:
    """One serialised Value a row."""
    raw = rows.values.to_numpy().astype("<f8").tobytes()
    bounds = (rows.offsets.to_numpy() * 8).tolist()
    values = []
    for start, end in pairwise(bounds):
        size = end - start
        inner = _FIRST + _varint(size) if size else b""
        values.append(head + _varint(len(inner) + size) + inner + raw[start:end])
    return values


def string_lists(head: bytes, rows: pa.ListArray) -> list[bytes]:
    """One serialised Value a row; a repeated string is encoded once."""
    texts = rows.values.dictionary_encode()
    known = [_FIRST + _varint(len(raw)) + raw for raw in (text.encode() for text in texts.dictionary.to_pylist())]
    parts = [known[place] for place in texts.indices.to_pylist()]
    values = []
    for start, end in pairwise(rows.offsets.to_pylist()):
        inner = b"".join(parts[start:end])
        values.append(head + _varint(len(inner)) + inner)
    return values


@lru_cache(maxsize=4096)
def _varint(number: int) -> bytes:
    encoded = bytearray()
    while number > 0x7F:
        encoded.append(number & 0x7F | 0x80)
        number >>= 7
    encoded.append(number)
    return bytes(encoded)
