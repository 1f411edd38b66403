"""Reads a colour back from the store and compares it with Delta."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from feast import FeatureStore, FeatureView

from jobs.online.encoding import decoded, encode_column, encode_keys
from jobs.online.fields import OnlineView
from jobs.online.writing import night_store
from jobs.runtime.errors import LongtailError

CONFIDENCE = 0.95
AS_READERS = 200  # entities of a view that are read through Feast as well, as any reader would


@dataclass(frozen=True)
class Audited:
    """`entities` of `held` were read back and equal.

    undetected: the largest share of wrong rows that a sample of this size would miss with a chance of 5 %, from
    (1 - share)^entities = 1 - CONFIDENCE; 0 where all were read
    """

    entities: int
    held: int

    @property
    def undetected(self) -> float:
        return 0.0 if self.entities >= self.held else 1.0 - (1.0 - CONFIDENCE) ** (1.0 / max(self.entities, 1))

    def __str__(self) -> str:
        if self.entities >= self.held:
            return f"all {self.held}"
        return f"{self.entities} of {self.held} (at most {self.undetected:.3%} wrong, confidence {CONFIDENCE:.0%})"


def audit(
    store: FeatureStore, view: OnlineView, coloured: FeatureView, rows: pd.DataFrame, most: int, seed: int
) -> Audited:
    """Compares every field of all entities, or of `most` drawn at random, and how many entities the view holds.

    Compared are the bytes in the store with those that the values of Delta are as Feast's serialised values; and, of up
    to AS_READERS entities, what Feast gives to a reader with the values of Delta themselves. Values are compared, not
    Feast's status: a store may call a missing entity present. Raises LongtailError naming view and feature when a value
    differs, or when the view holds entities that it should not.
    """
    held = night_store(store).entities_held(store.config, coloured)
    if held != len(rows):
        raise LongtailError(
            f"The audit of {coloured.name} failed: it holds {held} entities, Delta has {len(rows)}.", _AGAIN
        )
    expected = sample(rows, most, seed)
    _compare_bytes(store, view, coloured, expected)
    few = sample(expected, AS_READERS, seed)
    read = read_batch(store, view, coloured, few[view.join_key].tolist())
    for name in view.field_names:
        for wanted, found in zip(few[name], read[name], strict=True):
            if not equal(wanted, found):
                raise _differs(coloured, name, found, wanted)
    return Audited(len(expected), len(rows))


def _compare_bytes(store: FeatureStore, view: OnlineView, coloured: FeatureView, expected: pd.DataFrame) -> None:
    keys = encode_keys(view.join_key, expected[view.join_key].tolist(), store.config.entity_key_serialization_version)
    found = night_store(store).values_held(store.config, coloured, keys, view.field_names)
    for field in coloured.features:
        column = encode_column(expected[field.name], field)
        wanted = column.values[column.place].tolist()
        if wanted != found[field.name]:
            row = next(row for row, value in enumerate(wanted) if value != found[field.name][row])
            raise _differs(coloured, field.name, decoded(found[field.name][row]), list(expected[field.name])[row])


def _differs(coloured: FeatureView, name: str, found: Any, wanted: Any) -> LongtailError:
    said = f"{name} is read as {found!r}, Delta holds {wanted!r}"
    return LongtailError(f"The audit of {coloured.name} failed: {said}.", _AGAIN)


def read_batch(store: FeatureStore, view: OnlineView, coloured: FeatureView, ids: list[str]) -> dict[str, list[Any]]:
    """Every field of the given entities, as Feast reads them."""
    features = [f"{coloured.name}:{name}" for name in view.field_names]
    return store.get_online_features(features=features, entity_rows={view.join_key: ids}).to_dict()


def sample(rows: pd.DataFrame, most: int, seed: int) -> pd.DataFrame:
    """All rows, or `most` of them drawn without replacement."""
    if len(rows) <= most:
        return rows
    return rows.iloc[np.sort(np.random.default_rng(seed).choice(len(rows), most, replace=False))]


def equal(wanted: Any, found: Any) -> bool:
    """Whether a value of Delta is the one that Feast read."""
    if isinstance(wanted, np.ndarray | list):
        return found is not None and list(wanted) == list(found)
    return bool(wanted == found)


_AGAIN = "Readers still see the last night; run publish again."
