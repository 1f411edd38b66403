"""The columns of a source's files that no mapping reads."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from jobs.config.source import Files
from jobs.sources.files.inventory import mappings_of


def unmapped_columns(conf: Files, name: str, columns: Iterable[str]) -> list[str]:
    """The columns of the input `name` that none of its mappings names, alone or within an expression."""
    texts = [text for mapping in mappings_of(conf, name) for text in _texts(mapping.model_dump())]
    texts += list(_texts(conf.inputs[name].model_dump()))
    alone = {text.lower() for text in texts}
    words = {word.lower() for text in texts for word in re.findall(r"`([^`]+)`|(\w+)", text) for word in word if word}
    return [column for column in columns if column.lower() not in alone | words]


def _texts(value: Any) -> Iterator[str]:
    """The texts within mappings and lists; the keys of `columns` are ours, those of `values` are words of the shop."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for part in value.values():
            yield from _texts(part)
    elif isinstance(value, list | tuple):
        for part in value:
            yield from _texts(part)
