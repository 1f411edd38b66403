"""Encodes keys and columns of values as the bytes that Feast's online stores hold."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import feast
import numpy as np
import pandas as pd
import pyarrow as pa
from feast import Field, ValueType
from feast.infra.key_encoding_utils import serialize_entity_key
from feast.protos.feast.types.EntityKey_pb2 import EntityKey
from feast.protos.feast.types.Value_pb2 import Value
from feast.type_map import feast_value_type_to_python_type, python_values_to_proto_values
from feast.types import Array

from jobs.online.encoding_bytes import double_lists, doubles, longs, string_lists, strings
from jobs.runtime.errors import LongtailError

_LISTS: dict[ValueType, tuple[pa.DataType, Callable[[pa.ListArray], list[bytes]]]] = {
    ValueType.DOUBLE_LIST: (pa.list_(pa.float64()), double_lists),
    ValueType.STRING_LIST: (pa.list_(pa.string()), string_lists),
}
_SCALARS: dict[ValueType, Callable[[Iterable[Any]], list[bytes]]] = {
    ValueType.DOUBLE: doubles,
    ValueType.INT64: longs,
    ValueType.STRING: strings,
}


@dataclass(frozen=True)
class EncodedColumn:
    """One feature of n rows: row r has the value values[place[r]].

    Repeated values, most of a column of counts, are held once.
    """

    place: np.ndarray  # [n] int64
    values: np.ndarray  # [distinct] bytes, Feast's serialised Value

    def digests(self) -> np.ndarray:
        """[distinct] uint64, equal for equal values."""
        hashed: np.ndarray = pd.util.hash_array(self.values, categorize=False)
        return hashed


def encode_keys(join_key: str, ids: Sequence[str], version: int) -> list[bytes]:
    """Feast's entity keys of string ids.

    A key is a prefix, which is the same for all ids, then the id's length and the id. Raises LongtailError when Feast's
    own key has another form.

    version: entity_key_serialization_version
    """

    def by_feast(entity_id: str) -> bytes:
        key = EntityKey(join_keys=[join_key], entity_values=[Value(string_val=entity_id)])
        return serialize_entity_key(key, entity_key_serialization_version=version)

    prefix = by_feast("")[: -len(_length(b""))]
    keys = [prefix + _length(raw) + raw for raw in (entity_id.encode() for entity_id in ids)]
    if keys and keys[-1] != by_feast(ids[-1]):
        raise LongtailError(
            f"Feast {feast.__version__} serialises entity keys in an unknown form.",
            "Install the version of Feast that requirements.lock names.",
        )
    return keys


def encode_column(column: pd.Series, field: Field) -> EncodedColumn:
    """Encodes a column without NULL: distinct scalars once, lists fastest where the column is an Arrow one."""
    kind = field.dtype.to_value_type()
    if isinstance(field.dtype, Array):
        return EncodedColumn(np.arange(len(column)), as_objects(_lists(column, kind)))
    place, distinct = pd.factorize(column)
    scalars = np.asarray(distinct)
    values = _SCALARS[kind](scalars.tolist()) if kind in _SCALARS else _by_feast(scalars, kind)
    return EncodedColumn(place, as_objects(values))


def _lists(column: pd.Series, kind: ValueType) -> list[bytes]:
    if kind not in _LISTS:
        return _by_feast(as_objects(list(column)), kind)
    arrow, encode = _LISTS[kind]
    lists = pa.array(column if isinstance(column.dtype, pd.ArrowDtype) else list(column), type=arrow)
    return encode(lists.combine_chunks() if isinstance(lists, pa.ChunkedArray) else lists)


def _length(raw: bytes) -> bytes:
    return len(raw).to_bytes(4, "little")


def as_objects(values: Sequence[Any]) -> np.ndarray:
    """A one-dimensional array of Python objects, which may be sequences themselves."""
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array


def decoded(value: bytes | None) -> Any:
    """The value as Feast's readers return it; None stays None."""
    return None if value is None else feast_value_type_to_python_type(Value.FromString(value))


def _by_feast(values: np.ndarray, kind: ValueType) -> list[bytes]:
    """Encodes by Feast's own converter, which handles every type, slowly."""
    return [value.SerializeToString() for value in python_values_to_proto_values(values, kind)]
