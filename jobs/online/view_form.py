"""The form in which a view's keys and values are stored: plain values, which the driver sends to Python workers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from jobs.online.encoding_bytes import double_lists, doubles, floats, longs, string_lists, strings

# By the name of Feast's ValueType.
SCALARS: dict[str, Callable[[bytes, Iterable[Any]], list[bytes]]] = {
    "BOOL": longs,
    "INT32": longs,
    "INT64": longs,
    "FLOAT": floats,
    "DOUBLE": doubles,
    "STRING": strings,
}
LISTS: dict[str, Callable[[bytes, pa.ListArray], list[bytes]]] = {
    "DOUBLE_LIST": double_lists,
    "STRING_LIST": string_lists,
}


@dataclass(frozen=True)
class EncodedColumn:
    """One feature of n rows: row r has the value values[place[r]].

    Repeated values, most of a column of counts, are held once.
    """

    place: np.ndarray  # [n] int64
    values: np.ndarray  # [distinct] bytes, Feast's serialised Value

    def rows(self) -> list[bytes]:
        """The value of each row."""
        return self.values[self.place].tolist()

    def digests(self) -> np.ndarray:
        """[distinct] uint64, equal for equal values."""
        hashed: np.ndarray = pd.util.hash_array(self.values, categorize=False)
        return hashed


@dataclass(frozen=True)
class FieldForm:
    """A feature and its type.

    type: name of Feast's ValueType
    tag: head of every value; empty for a type that only Feast's own converter encodes
    """

    name: str
    type: str
    tag: bytes

    def encoded(self, column: pa.Array) -> EncodedColumn:
        """Encodes a column without NULL, distinct scalars once."""
        if self.type in LISTS:
            return _each(LISTS[self.type](self.tag, column))
        if self.type not in SCALARS:
            return _each(_by_feast(column.to_pylist(), self.type))
        distinct = _distinct(column)
        values = SCALARS[self.type](self.tag, distinct.dictionary.to_pylist())
        return EncodedColumn(distinct.indices.to_numpy().astype(np.int64), as_objects(values))


@dataclass(frozen=True)
class ViewForm:
    """A view's key and fields.

    prefix: what every serialised key begins with, before the id's length and the id
    """

    join_key: str
    prefix: bytes
    fields: tuple[FieldForm, ...]

    def keys(self, ids: Sequence[str]) -> list[bytes]:
        """Feast's serialised entity keys."""
        return serialised_keys(self.prefix, ids)

    def columns(self, rows: pa.Table | pa.RecordBatch) -> dict[str, EncodedColumn]:
        """The encoded fields of the rows, by name."""
        return {field.name: field.encoded(_one_array(rows.column(field.name))) for field in self.fields}


def serialised_keys(prefix: bytes, ids: Iterable[str]) -> list[bytes]:
    """Feast's keys of string ids: a prefix that all share, the id's length, the id."""
    return [prefix + len(raw).to_bytes(4, "little") + raw for raw in (entity_id.encode() for entity_id in ids)]


def as_objects(values: Sequence[Any]) -> np.ndarray:
    """A one-dimensional array of Python objects, which may be sequences themselves."""
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array


def _each(values: list[bytes]) -> EncodedColumn:
    return EncodedColumn(np.arange(len(values)), as_objects(values))


def _one_array(column: pa.Array | pa.ChunkedArray) -> pa.Array:
    if not isinstance(column, pa.ChunkedArray):
        return column
    chunks = column.combine_chunks()
    return chunks if isinstance(chunks, pa.Array) else pa.concat_arrays(chunks.chunks)


def _distinct(column: pa.Array) -> pa.DictionaryArray:
    """The column by its distinct values. Doubles are distinct by their bits: 0.0 and -0.0 are two values."""
    if not pa.types.is_float64(column.type):
        return column.dictionary_encode()
    by_bits = column.view(pa.int64()).dictionary_encode()
    return pa.DictionaryArray.from_arrays(by_bits.indices, by_bits.dictionary.view(pa.float64()))


def _by_feast(values: list[Any], kind: str) -> list[bytes]:
    """Encodes by Feast's own converter, which handles every type, slowly."""
    from feast import ValueType
    from feast.type_map import python_values_to_proto_values

    encoded = python_values_to_proto_values(as_objects(values), ValueType[kind])
    return [value.SerializeToString() for value in encoded]
