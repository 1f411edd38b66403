"""What a publish would change for readers, found without writing."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd
from feast import FeatureStore, FeatureView

from jobs.online.audit import equal, read_batch, sample
from jobs.online.fields import OnlineView
from jobs.online.writing import night_store

_BATCH = 500


@dataclass(frozen=True)
class Difference:
    """Of one view: entities tonight and live; of those compared: how many are new, changed, and by which field."""

    view: str
    tonight: int
    live: int
    compared: int
    new: int
    changed: int
    fields: dict[str, int]

    def __str__(self) -> str:
        of_fields = ", ".join(f"{name} {count}" for name, count in self.fields.items()) or "none"
        return (
            f"{self.view}: {self.tonight} entities, live {self.live}; of {self.compared} compared {self.new} new, "
            f"{self.changed} changed (fields: {of_fields})"
        )


def difference(
    store: FeatureStore, view: OnlineView, live: FeatureView, rows: pd.DataFrame, most: int, seed: int
) -> Difference:
    """Compares the rows of tonight (all, or `most` drawn at random) with what readers get from the live colour.

    An entity is new when every field of it is read as None. The night's own marks (as_of, run_id) do not count.
    """
    compared = sample(rows, most, seed)
    names = [name for name in view.field_names if name not in ("as_of", "run_id")]
    new = changed = 0
    fields = dict.fromkeys(names, 0)
    for start in range(0, len(compared), _BATCH):
        batch = compared.iloc[start : start + _BATCH]
        read = read_batch(store, view, live, batch[view.join_key].tolist())
        for place, row in enumerate(batch[names].to_dict("records")):
            found = {name: read[name][place] for name in names}
            if all(value is None for value in found.values()):
                new += 1
                continue
            differing = [name for name in names if not equal(row[name], found[name])]
            changed += bool(differing)
            for name in differing:
                fields[name] += 1
    held = night_store(store).entities_held(store.config, live)
    told = {name: count for name, count in sorted(fields.items(), key=lambda one: -one[1]) if count}
    return Difference(view.name, len(rows), held, len(compared), new, changed, told)
