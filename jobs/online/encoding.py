"""How Feast serialises the keys and values of a view, taken from Feast itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import feast
from feast import FeatureView, Field
from feast.infra.key_encoding_utils import serialize_entity_key
from feast.protos.feast.types.EntityKey_pb2 import EntityKey
from feast.protos.feast.types.Value_pb2 import Value
from feast.type_map import feast_value_type_to_python_type

from jobs.online.encoding_bytes import FIXED_32, FIXED_64, LENGTH, VARINT, tag
from jobs.online.view_form import LISTS, SCALARS, FieldForm, ViewForm, serialised_keys
from jobs.runtime.errors import LongtailError

_WIRE_TYPES = {"BOOL": VARINT, "INT32": VARINT, "INT64": VARINT, "FLOAT": FIXED_32, "DOUBLE": FIXED_64}
_PROBES = ("", "a", "茶", "b" * 300)


def view_form(join_key: str, view: FeatureView, version: int) -> ViewForm:
    """The form of a view's rows. Raises LongtailError when Feast's own keys have another form.

    version: entity_key_serialization_version
    """
    return ViewForm(join_key, _prefix(join_key, version), tuple(field_form(field) for field in view.features))


def field_form(field: Field) -> FieldForm:
    """The form of a feature's values."""
    kind = field.dtype.to_value_type().name
    if kind not in SCALARS and kind not in LISTS:
        return FieldForm(field.name, kind, b"")
    number = Value.DESCRIPTOR.fields_by_name[f"{kind.lower()}_val"].number
    return FieldForm(field.name, kind, tag(number, _WIRE_TYPES.get(kind, LENGTH)))


def encode_keys(join_key: str, ids: Sequence[str], version: int) -> list[bytes]:
    """Feast's entity keys of string ids. Raises LongtailError as `view_form` does.

    version: entity_key_serialization_version
    """
    return serialised_keys(_prefix(join_key, version), ids)


def decoded(value: bytes | None) -> Any:
    """The value as Feast's readers return it; None stays None."""
    return None if value is None else feast_value_type_to_python_type(Value.FromString(value))


def _prefix(join_key: str, version: int) -> bytes:
    def by_feast(entity_id: str) -> bytes:
        key = EntityKey(join_keys=[join_key], entity_values=[Value(string_val=entity_id)])
        return serialize_entity_key(key, entity_key_serialization_version=version)

    prefix = by_feast("")[:-4]  # without the length of the id
    if serialised_keys(prefix, _PROBES) != [by_feast(probe) for probe in _PROBES]:
        raise LongtailError(
            f"Feast {feast.__version__} serialises entity keys in an unknown form.",
            "Install the version of Feast that requirements.lock names.",
        )
    return prefix
