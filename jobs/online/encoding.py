"""Values as the bytes that Feast's online stores hold, a column at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from feast import Field, ValueType
from feast.infra.key_encoding_utils import serialize_entity_key
from feast.protos.feast.types.EntityKey_pb2 import EntityKey
from feast.protos.feast.types.Value_pb2 import Value
from feast.type_map import feast_value_type_to_python_type, python_values_to_proto_values
from feast.types import Array

from jobs.online.encoding_bytes import double_lists, doubles, longs, string_lists, strings

_LISTS: dict[ValueType, Callable[[Iterable[Any]], list[bytes]]] = {
    ValueType.DOUBLE_LIST: double_lists,
    ValueType.STRING_LIST: string_lists,
}
_SCALARS: dict[ValueType, Callable[[Iterable[Any]], list[bytes]]] = {
    ValueType.DOUBLE: doubles,
    ValueType.INT64: longs,
    ValueType.STRING: strings,
}


@dataclass(frozen=True)
class EncodedColumn:
    """One feature of n rows: row r has the value values[place[r]].

    Values that come again, as most do in a column of counts, are held once.
    """

    place: np.ndarray  # [n] int64
    values: np.ndarray  # [distinct] bytes, Feast's serialised Value

    def digests(self) -> np.ndarray:
        """[distinct] uint64, equal for equal values."""
        hashed: np.ndarray = pd.util.hash_array(self.values, categorize=False)
        return hashed


def encode_keys(join_key: str, ids: Sequence[str], version: int) -> list[bytes]:
    """Feast's entity keys of string ids; `version` is entity_key_serialization_version."""
    return [
        serialize_entity_key(
            EntityKey(join_keys=[join_key], entity_values=[Value(string_val=one)]),
            entity_key_serialization_version=version,
        )
        for one in ids
    ]


def encode_column(column: pd.Series, field: Field) -> EncodedColumn:
    """A column without NULL; distinct scalars are converted once."""
    kind = field.dtype.to_value_type()
    if isinstance(field.dtype, Array):
        values = _LISTS[kind](column) if kind in _LISTS else _by_feast(column.to_numpy(), kind)
        return EncodedColumn(np.arange(len(column)), as_objects(values))
    place, distinct = pd.factorize(column)
    known = np.asarray(distinct)
    values = _SCALARS[kind](known.tolist()) if kind in _SCALARS else _by_feast(known, kind)
    return EncodedColumn(place, as_objects(values))


def as_objects(values: Sequence[Any]) -> np.ndarray:
    """A one-dimensional array of Python objects, whatever they are."""
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array


def decoded(value: bytes | None) -> Any:
    """The value as Feast's readers give it; None of None."""
    return None if value is None else feast_value_type_to_python_type(Value.FromString(value))


def _by_feast(values: np.ndarray, kind: ValueType) -> list[bytes]:
    """By Feast's own converter: right for every type, and slow."""
    return [value.SerializeToString() for value in python_values_to_proto_values(values, kind)]
