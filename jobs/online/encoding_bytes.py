"""Feast's serialised values of doubles, longs, strings and arrays, written as bytes without message objects.

Building a message for every value would take most of a publish. In the wire format of Protocol Buffers
(https://protobuf.dev/programming-guides/encoding) a Value holds one field; field 1 of a list message repeats, packed
for doubles.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from itertools import pairwise

import numpy as np
import pyarrow as pa
from feast.protos.feast.types.Value_pb2 import Value

_VARINT, _FIXED_64, _LENGTH = 0, 1, 2  # wire types
_FIRST = b"\x0a"  # field 1, length-delimited


def doubles(values: Iterable[float]) -> list[bytes]:
    """One serialised Value each."""
    tag, raw = _tag("double_val", _FIXED_64), np.asarray(values, dtype="<f8").tobytes()
    return [tag + raw[start : start + 8] for start in range(0, len(raw), 8)]


def longs(values: Iterable[int]) -> list[bytes]:
    """One serialised Value each; a negative number is written modulo 2^64."""
    tag = _tag("int64_val", _VARINT)
    return [tag + _varint(value % 2**64) for value in values]


def strings(values: Iterable[str]) -> list[bytes]:
    """One serialised Value each."""
    tag = _tag("string_val", _LENGTH)
    return [tag + _varint(len(raw)) + raw for raw in (value.encode() for value in values)]


def double_lists(rows: pa.ListArray) -> list[bytes]:
    """One serialised Value a row."""
    tag, raw = _tag("double_list_val", _LENGTH), rows.values.to_numpy().astype("<f8").tobytes()
    bounds = (rows.offsets.to_numpy() * 8).tolist()
    values = []
    for start, end in pairwise(bounds):
        size = end - start
        head = _FIRST + _varint(size) if size else b""
        values.append(tag + _varint(len(head) + size) + head + raw[start:end])
    return values


def string_lists(rows: pa.ListArray) -> list[bytes]:
    """One serialised Value a row; a repeated string is encoded once."""
    tag, texts = _tag("string_list_val", _LENGTH), rows.values.dictionary_encode()
    known = [_FIRST + _varint(len(raw)) + raw for raw in (text.encode() for text in texts.dictionary.to_pylist())]
    parts = [known[place] for place in texts.indices.to_pylist()]
    values = []
    for start, end in pairwise(rows.offsets.to_pylist()):
        inner = b"".join(parts[start:end])
        values.append(tag + _varint(len(inner)) + inner)
    return values


def _tag(name: str, wire_type: int) -> bytes:
    return _varint(Value.DESCRIPTOR.fields_by_name[name].number << 3 | wire_type)


@lru_cache(maxsize=4096)
def _varint(number: int) -> bytes:
    encoded = bytearray()
    while number > 0x7F:
        encoded.append(number & 0x7F | 0x80)
        number >>= 7
    encoded.append(number)
    return bytes(encoded)
