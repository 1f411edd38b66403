"""Values as the bytes that Feast's SQLite store holds, a column at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from feast import Field, ValueType
from feast.infra.key_encoding_utils import serialize_entity_key
from feast.infra.online_stores.helpers import extract_text_and_num
from feast.protos.feast.types.EntityKey_pb2 import EntityKey
from feast.protos.feast.types.Value_pb2 import Value
from feast.type_map import python_values_to_proto_values
from feast.types import Array

from jobs.online.encoding_lists import double_lists, string_lists

_LISTS: dict[ValueType, Callable[[Iterable[Any]], list[bytes]]] = {
    ValueType.DOUBLE_LIST: double_lists,
    ValueType.STRING_LIST: string_lists,
}


@dataclass(frozen=True)
class EncodedColumn:
    """One feature of all rows: Feast's serialised value and its text for search, None where Feast keeps none."""

    values: Sequence[bytes]
    texts: Sequence[str | None]


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
    """A column without NULL by Feast's own converter; distinct scalars are converted once."""
    kind = field.dtype.to_value_type()
    if kind in _LISTS:
        return EncodedColumn(_LISTS[kind](column), [None] * len(column))
    if isinstance(field.dtype, Array):
        return _convert(column.to_numpy(), kind)
    codes, distinct = pd.factorize(column)
    encoded = _convert(np.asarray(distinct), kind)
    return EncodedColumn(
        [encoded.values[code] for code in codes.tolist()], [encoded.texts[code] for code in codes.tolist()]
    )


def _convert(values: np.ndarray, kind: ValueType) -> EncodedColumn:
    converted = python_values_to_proto_values(values, kind)
    return EncodedColumn(
        [value.SerializeToString() for value in converted],
        [extract_text_and_num(value, False)[0] for value in converted],
    )
