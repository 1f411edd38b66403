"""Values and keys as bytes, compared with Feast's own converters."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from feast import Field
from feast.protos.feast.types.Value_pb2 import Value
from feast.type_map import python_values_to_proto_values
from feast.types import Array, Bool, Float32, Float64, Int32, Int64, String

from jobs.online import encoding
from jobs.online.encoding import decoded, encode_keys, field_form
from jobs.runtime.errors import LongtailError

COLUMNS: dict[str, tuple[Any, pa.DataType, list[list[Any]]]] = {
    "doubles": (Array(Float64), pa.list_(pa.float64()), [[0.5, -1.0], [], [1e300], list(np.arange(40.0))]),
    "texts": (Array(String), pa.list_(pa.string()), [["a", "茶", "a"], [], [""], ["b" * 300, "a"]]),
    "flags": (Array(Bool), pa.list_(pa.bool_()), [[True], [False, True], [True], [False]]),
    "double": (Float64, pa.float64(), [0.5, -0.0, 0.0, 1e300, 0.5]),
    "float": (Float32, pa.float32(), [0.5, -1.5, 0.0, 0.5]),
    "long": (Int64, pa.int64(), [0, -1, 2**62, 0]),
    "int": (Int32, pa.int32(), [0, -1, 2**31 - 1, 0]),
    "flag": (Bool, pa.bool_(), [True, False, True]),
    "text": (String, pa.string(), ["tea", "", "茶 'quoted'", "tea"]),
}


@pytest.mark.parametrize("name", COLUMNS)
def test_values_are_written_as_feast_does(name: str) -> None:
    kind, arrow, rows = COLUMNS[name]
    form = field_form(Field(name=name, dtype=kind))
    expected = [value.SerializeToString() for value in python_values_to_proto_values(rows, kind.to_value_type())]
    column = pa.array(rows, type=arrow)
    for first in (0, 2):  # a slice of a column shares the column's values
        assert form.encoded(column.slice(first)).rows() == expected[first:]
    assert [decoded(value) for value in expected] == rows


def test_a_missing_value_is_none() -> None:
    assert decoded(None) is None
    assert decoded(Value(double_val=0.5).SerializeToString()) == 0.5


def test_an_unknown_form_of_keys_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    assert encode_keys("user_id", [], 3) == []
    assert len(set(encode_keys("user_id", ["ann", "茶", ""], 3))) == 3
    monkeypatch.setattr(encoding, "serialize_entity_key", lambda key, **_: key.SerializeToString())
    with pytest.raises(LongtailError, match="entity keys in an unknown form"):
        encode_keys("user_id", ["ann"], 3)
