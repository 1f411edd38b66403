"""The dry run of a publish: what it would change for readers."""

from __future__ import annotations

from dataclasses import dataclass

from feast import FeatureStore, FeatureView

from jobs.online.audit import equal, read_batch
from jobs.online.fields import OnlineView
from jobs.online.night_store import night_store
from jobs.online.view_rows import ViewRows

_BATCH = 500


@dataclass(frozen=True)
class Difference:
    """Differences of one view between tonight and the live night.

    tonight, live: entities in the view
    compared, new, changed: entities of tonight that were compared, that are not live yet, that differ
    fields: by name the number of entities whose value differs
    """

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
    store: FeatureStore, view: OnlineView, live: FeatureView, rows: ViewRows, most: int, seed: int
) -> Difference:
    """Compares tonight's rows, or a random sample of `most`, with what readers get from the live colour.

    An entity is new when all its fields are read as None. The columns as_of and run_id are not compared.
    """
    compared = rows.sample(most, seed)
    names = [name for name in view.field_names if name not in ("as_of", "run_id")]
    new = changed = 0
    fields = dict.fromkeys(names, 0)
    for start in range(0, compared.num_rows, _BATCH):
        batch = compared.slice(start, _BATCH)
        read = read_batch(store, view, live, batch.column(view.join_key).to_pylist())
        for place, row in enumerate(batch.to_pylist()):
            online = {name: read[name][place] for name in names}
            if all(value is None for value in online.values()):
                new += 1
                continue
            differing = [name for name in names if not equal(row[name], online[name])]
            changed += bool(differing)
            for name in differing:
                fields[name] += 1
    held = night_store(store).entities_held(store.config, live)
    most_frequent_first = {
        name: fields[name] for name in sorted(fields, key=lambda name: -fields[name]) if fields[name]
    }
    return Difference(view.name, rows.entities, held, compared.num_rows, new, changed, most_frequent_first)
