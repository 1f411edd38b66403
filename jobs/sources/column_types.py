"""Types of a source's columns from night to night."""

from __future__ import annotations

import json

from jobs.execution.manifest import last_done
from jobs.execution.night import Night
from jobs.runtime.errors import Refused
from jobs.sources.source import Source

_NUMBERS = ("tinyint", "smallint", "int", "bigint", "float", "double", "decimal")
_EMPTY = "void"  # a column without any value
_TEXT = "text"  # a number or text that is mapped to texts alone
_PLAIN = {"number", "string"}  # the families of such a column


def require_same_types(night: Night, source: Source) -> None:
    """Raises Refused when a column's values may have changed their meaning since the last night.

    Numbers of any type are read alike: a column of whole numbers with a gap is often exported as doubles. Ids may turn
    from numbers to texts. A column without any value has no type.
    """
    row = last_done(night.tables, "ingest", before=night.as_of)
    before = json.loads(row["decisions"].get("types", "{}")) if row else {}
    changed = [
        f"{column} was {before[column]} and is {kind}"
        for column, kind in source.types().items()
        if column in before and not read_alike(before[column], kind)
    ]
    if changed:
        raise Refused(
            f"The source has changed its types: {'; '.join(changed)}.",
            "Correct it; if the change is intended, rename the input in source.files. Nothing was written.",
        )


def read_alike(before: str, now: str) -> bool:
    """Whether a mapping reads values of the types `now` as it read those `before`; each is 'a', or 'a or b'."""
    known = {_family(kind) for kind in before.split(" or ")}
    kinds = {_family(kind) for kind in now.split(" or ")}
    if known == {_EMPTY}:
        return True
    # Which of both a text was, is not known: the mapping made a text of either.
    if _TEXT in known:
        known |= _PLAIN
    elif known & _PLAIN:
        known |= {_TEXT}
    return kinds <= known | {_EMPTY}


def _family(kind: str) -> str:
    return "number" if kind.partition("(")[0] in _NUMBERS else kind
