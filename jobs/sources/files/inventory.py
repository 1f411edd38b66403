"""What a mapping reads from its inputs, and which columns of the contract it leaves without a source."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from pyspark.sql import DataFrame
from pyspark.sql.types import MapType, NumericType, StringType

from features.contract import EVENTS, IDENTITIES, ITEMS, PROMOTIONS, SEARCHES, USERS
from jobs.config.source import Files, Mapped, TableMapping
from jobs.sources.files.mapping import IMPLIED


def mappings_of(conf: Files, name: str) -> list[TableMapping]:
    """The mappings that read an input."""
    of_visitors = (*conf.identities, *conf.searches)
    return [m for m in (*conf.items, *conf.users, *conf.events, *conf.promotions, *of_visitors) if m.input == name]


def columns_of(spec: Mapped) -> list[str]:
    """The columns of its input that a mapped column names outside of SQL."""
    return [name for name in (spec.column, *spec.columns, *spec.map.values()) if name is not None]


def names_read(mappings: Iterable[TableMapping]) -> set[str]:
    """The columns that mappings name, and every word of their expressions, which may be a column."""
    mappings = list(mappings)
    specs = [spec for mapping in mappings for spec in mapping.columns.values()]
    expressions = [*(spec.sql for spec in specs), *(mapping.where for mapping in mappings)]
    words = {word for sql in expressions if sql for word in re.findall(r"\w+|`[^`]+`", sql)}
    return {column for spec in specs for column in columns_of(spec)} | {word.strip("`") for word in words}


def types_read(conf: Files, rows: Mapping[str, list[DataFrame]]) -> dict[str, str]:
    """Spark's type of each mapped column by `<input>.<column>`, 'a or b' where files differ; CSV has no types.

    A number or text that is mapped to texts alone, such as an id, is 'text': both are read alike.
    """
    types: dict[str, set[str]] = {}
    for name, frames in rows.items():
        if conf.inputs[name].format == "csv":
            continue
        used: dict[str, bool] = {}  # whether texts alone are made of the column
        for table in (ITEMS, USERS, EVENTS, PROMOTIONS, IDENTITIES, SEARCHES):
            of_input = [mapping for mapping in getattr(conf, table.name) if mapping.input == name]
            for target, spec in (pair for mapping in of_input for pair in mapping.columns.items()):
                result = table.column(target)
                is_text = result is not None and isinstance(result.type, StringType | MapType)
                used |= {column: used.get(column, True) and is_text for column in columns_of(spec)}
        for field in (field for frame in frames for field in frame.schema.fields if field.name in used):
            is_plain = isinstance(field.dataType, NumericType | StringType)
            kind = "text" if used[field.name] and is_plain else field.dataType.simpleString()
            types.setdefault(f"{name}.{field.name}", set()).add(kind)
    return {column: " or ".join(sorted(kinds)) for column, kinds in sorted(types.items())}


def columns_absent(conf: Files) -> frozenset[str]:
    """Columns of the contract that no mapping gives, as `<table>.<column>`; tables and types of event by name."""
    missing = set()
    for mappings, table in ((conf.items, ITEMS), (conf.events, EVENTS), (conf.promotions, PROMOTIONS)):
        if not mappings:
            missing.add(table.name)
            continue
        mapped = {name for mapping in mappings for name in mapping.columns} | set(IMPLIED[table.name])
        missing |= {f"{table.name}.{name}" for name in table.column_names if name not in mapped}
    kinds = [mapping.columns.get("event_type") for mapping in conf.events]
    for kind in ("exposure", "view", "click", "favourite", "cart", "return"):
        if all(spec is not None and not _may_be(spec, kind) for spec in kinds):
            missing.add(f"{kind}s")
    if not conf.searches and all(spec is not None and not _may_be(spec, "search") for spec in kinds):
        missing.add(SEARCHES.name)
    if not any("attributes" in mapping.columns for mapping in conf.users):
        missing.add("users.attributes")
    return frozenset(missing - {"items.valid_to", "events.source_part", "promotions.source_part"})


def _may_be(spec: Mapped, value: str) -> bool:
    """Whether a mapping can result in this value, as far as the configuration says."""
    if spec.constant is not None:
        return spec.constant == value
    if spec.sql is not None:
        return value in spec.sql
    return not spec.values or value in spec.values.values()
