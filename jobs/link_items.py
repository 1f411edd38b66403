"""Links each item with those of the same sessions, by which the storefront sorts a list within a session."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from pyspark.sql import functions as F
from pyspark.sql.types import StructType

from features.collaborative.purchases import days_before
from features.collaborative.signals import session_items, signal_events, visitor_key
from features.contract import EVENTS, ITEM_NEIGHBOURS, TEXT_EMBEDDINGS
from features.declarations import ITEM_FEATURES_TABLE
from features.shopper_sample import shopper_sample
from jobs.encoder.embeddings import embedding_matrix, embeddings_by
from jobs.execution.command import main_of
from jobs.execution.night import Night
from jobs.registry.active_models import serving_champion
from jobs.runtime.errors import LongtailError
from model.retrieval.histories import Histories
from model.retrieval.neighbours import Neighbours, neighbours

_EVENT_TYPES = ("view", "click", "favourite", "cart", "purchase")  # what a shopper does with an item in a session
_MOST_OF_SESSION = 50  # newest items that are paired with one another


def link_items(night: Night) -> None:
    """Links each item with those of the same sessions, by which the storefront sorts a list within a session.

    Reads events of neighbours.days, item_features and text_embeddings of the night; writes item_neighbours of the items
    that are eligible, or that sessions hold. Does nothing where neighbours.of_item is 0.

    No row names a shopper, so `forget` has nothing to erase here; the next night is without the events that it erased.
    On the driver are the items' vectors and the sessions of neighbours.visitors visitors.
    """
    conf = night.conf.neighbours
    if not conf.are_linked:
        night.record.status = "skipped"
        return
    items = _items(night)
    eligible = items["is_eligible"].to_numpy()
    listed = eligible & np.isin(items["segment"].to_numpy(), list(night.conf.plan.segments))
    sessions = _sessions(night, items)
    rows = np.flatnonzero(eligible | (np.bincount(sessions.item, minlength=len(items)) > 0))
    vectors = embedding_matrix(items["embedding"])
    linked = neighbours(sessions, vectors, np.flatnonzero(listed), rows, conf.of_item)
    table = _table(items["item_id"].to_numpy(), np.flatnonzero(listed), rows, linked)
    own = StructType([field for field in ITEM_NEIGHBOURS.schema.fields if field.name != "as_of"])
    frame = night.spark.createDataFrame(table, own).select(F.lit(night.as_of).alias("as_of"), "*")
    night.tables.replace_date(frame, ITEM_NEIGHBOURS, night.as_of)
    night.record.rows = {
        "items": len(rows), "sessions": len(sessions), "without_sessions": int((linked.sessions[rows] == 0).sum()),
    }  # fmt: skip
    night.record.decisions["prior"] = f"{linked.prior:g} expected sessions"


def _items(night: Night) -> pa.Table:
    """item_id, segment, is_eligible, embedding of the items that have one, by id. Raises LongtailError without any."""
    stored = embeddings_by(night.tables.read(TEXT_EMBEDDINGS), serving_champion(night).encoder_version, "items").select(
        "text_hash", "embedding"
    )
    items = night.tables.read_date(ITEM_FEATURES_TABLE, night.as_of)
    rows = items.join(stored, on="text_hash", how="inner")
    table = rows.select("item_id", "segment", "is_eligible", "embedding").toArrow().sort_by("item_id")
    if not len(table):
        raise LongtailError(f"No item of {night.as_of} has a vector.", "Run jobs/embed.py for the night first.")
    return table


def _sessions(night: Night, items: pa.Table) -> Histories:
    """The items of each session of the sampled visitors, in the rows of `items`."""
    conf, as_of, ids = night.conf, night.as_of, items["item_id"].to_pandas()
    numbers = ids.to_frame("item_id").assign(item_row=np.arange(len(ids), dtype=np.int32))
    item_rows = night.spark.createDataFrame(numbers)
    signal_of = {kind: kind for kind in _EVENT_TYPES}
    met = signal_events(night.tables.read(EVENTS), item_rows, as_of, signal_of, conf.neighbours.days, ()).persist()
    visitors = shopper_sample(met.select(visitor_key().alias("user_id")).distinct(), conf.neighbours.visitors)
    of_sessions = session_items(
        met, visitors, days_before(as_of), conf.features.session_minutes, conf.signals.history_events
    ).toPandas()
    met.unpersist()
    ordered = of_sessions.sort_values(["user_id", "session", "days_ago", "item_row"], ignore_index=True)
    number = ordered.groupby(["user_id", "session"]).ngroup().to_numpy()
    return Histories.of(
        number, ordered["item_row"].to_numpy(), -ordered["days_ago"].to_numpy(), len(ids), _MOST_OF_SESSION
    )


def _table(item_ids: np.ndarray, listed: np.ndarray, rows: np.ndarray, linked: Neighbours) -> pa.Table:
    """The rows of item_neighbours without the night: of each item the neighbours, the largest lift first."""
    lift = linked.lift[rows].tocoo()
    order = np.lexsort((lift.col, -lift.data, lift.row))
    offsets = pa.array(np.concatenate([[0], np.cumsum(np.bincount(lift.row, minlength=len(rows)))]), pa.int32())
    columns = {
        "item_id": pa.array(item_ids[rows].tolist(), pa.string()),
        "neighbour_ids": pa.ListArray.from_arrays(
            offsets, pa.array(item_ids[listed[lift.col[order]]].tolist(), pa.string())
        ),
        "lifts": pa.ListArray.from_arrays(offsets, pa.array(lift.data[order].astype(np.float64).round(3))),
        "rest_lift": pa.array(linked.rest[rows].round(6)),
        "sessions": pa.array(linked.sessions[rows], pa.int64()),
    }
    return pa.table(columns)


if __name__ == "__main__":
    main_of(link_items)
