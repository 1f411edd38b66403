"""The audit of a publish: reads a colour back from the store and compares it with Delta."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from feast import FeatureStore, FeatureView

from jobs.online.encoding import decoded, view_form
from jobs.online.fields import OnlineView
from jobs.online.night_store import night_store
from jobs.online.view_rows import ViewRows
from jobs.runtime.errors import LongtailError

CONFIDENCE = 0.95
READ_BY_FEAST = 200  # entities of a view that are also read through Feast, as readers do


@dataclass(frozen=True)
class Audited:
    """Result of an audit without a difference: `entities` of the `held` ones were compared."""

    entities: int
    held: int

    @property
    def undetected(self) -> float:
        """The largest share of wrong rows that a sample of this size misses with a chance of 5 %; 0 if all were read.

        It solves (1 - share)^entities = 1 - CONFIDENCE.
        """
        return 0.0 if self.entities >= self.held else 1.0 - (1.0 - CONFIDENCE) ** (1.0 / max(self.entities, 1))

    def __str__(self) -> str:
        if self.entities >= self.held:
            return f"all {self.held}"
        return f"{self.entities} of {self.held} (at most {self.undetected:.3%} wrong, confidence {CONFIDENCE:.0%})"


def audit(
    store: FeatureStore, view: OnlineView, coloured: FeatureView, rows: ViewRows, most: int, seed: int
) -> Audited:
    """Compares every field of all entities, or of `most` random ones, and the number of entities in the view.

    The store's bytes are compared with Delta's values as Feast serialises them, and for up to READ_BY_FEAST entities
    the values that Feast returns to a reader with those of Delta. Feast's status is not used: a store may report a
    missing entity as present. Raises LongtailError naming view and feature when a value differs, or when the view holds
    too many or too few entities.
    """
    return audit_sample(store, view, coloured, rows.entities, rows.sample(most, seed), seed)


def audit_sample(
    store: FeatureStore, view: OnlineView, coloured: FeatureView, entities: int, expected: pa.Table, seed: int
) -> Audited:
    """As `audit`, for a sample that is drawn already.

    entities: in Delta; expected: key and fields of those to compare
    """
    held = night_store(store).entities_held(store.config, coloured)
    if held != entities:
        raise LongtailError(
            f"The audit of {coloured.name} failed: it holds {held} entities, Delta has {entities}.", _AGAIN
        )
    _compare_bytes(store, view, coloured, expected)
    few = _some(expected, READ_BY_FEAST, seed)
    read = read_batch(store, view, coloured, few.column(view.join_key).to_pylist())
    for name in view.field_names:
        for in_delta, online in zip(few.column(name).to_pylist(), read[name], strict=True):
            if not equal(in_delta, online):
                raise _differs(coloured, name, online, in_delta)
    return Audited(expected.num_rows, entities)


def _compare_bytes(store: FeatureStore, view: OnlineView, coloured: FeatureView, expected: pa.Table) -> None:
    form = view_form(view.join_key, coloured, store.config.entity_key_serialization_version)
    keys = form.keys(expected.column(view.join_key).to_pylist())
    held = night_store(store).values_held(store.config, coloured, keys, view.field_names)
    for name, column in form.columns(expected).items():
        in_delta, online = column.rows(), held[name]
        if in_delta != online:
            row = next(row for row, value in enumerate(in_delta) if value != online[row])
            raise _differs(coloured, name, decoded(online[row]), expected.column(name)[row].as_py())


def _differs(coloured: FeatureView, name: str, online: Any, in_delta: Any) -> LongtailError:
    difference = f"{name} is read as {online!r}, Delta holds {in_delta!r}"
    return LongtailError(f"The audit of {coloured.name} failed: {difference}.", _AGAIN)


def read_batch(store: FeatureStore, view: OnlineView, coloured: FeatureView, ids: list[str]) -> dict[str, list[Any]]:
    """Every field of the entities, as Feast reads them."""
    features = [f"{coloured.name}:{name}" for name in view.field_names]
    return store.get_online_features(features=features, entity_rows={view.join_key: ids}).to_dict()


def _some(rows: pa.Table, most: int, seed: int) -> pa.Table:
    if rows.num_rows <= most:
        return rows
    return rows.take(np.random.default_rng(seed).choice(rows.num_rows, most, replace=False))


def equal(in_delta: Any, online: Any) -> bool:
    """Whether Feast reads Delta's value."""
    if isinstance(in_delta, list):
        return online is not None and in_delta == list(online)
    return bool(in_delta == online)


_AGAIN = "Readers still see the live night; run publish again."
