"""The products of a night: rows for the rules of a plan, and the catalogue that the desk searches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from threading import Lock

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from features.contract import ITEM_EXPOSURE, ITEM_POTENTIAL, ITEMS, STOCK_SUGGESTIONS
from features.declarations import ITEM_FEATURES_TABLE
from jobs.config.plan import NOT_LIFTED_BY, Plan
from jobs.desk.stored_tables import StoredTables
from jobs.planning.columns import ATTRIBUTE, by_table
from jobs.report.page.numbers import NONE, money

_KNOWN = ("item_id", "title", "category", "product_type", "brand", "segment", "is_eligible", "list_price",
          "price_mean_90d", "purchases_count_28d")  # fmt: skip
_SEARCHED = ("item_id", "title", "category", "product_type", "brand")
ORDERS = {"exposure": "allocated", "sold": "purchases_count_28d", "gap": "potential_gap", "title": "title"}
_MOST_NIGHTS = 2  # whose catalogue stays in memory


def of_night(as_of: date, policy: str | None = None) -> pc.Expression:
    """The condition of one night, and of one policy where the table has several."""
    night = pc.field("as_of") == as_of
    return night if policy is None else night & (pc.field("policy") == policy)


def item_rows(
    tables: StoredTables, plan: Plan, as_of: date, columns: tuple[str, ...], item_ids: Sequence[str] | None = None
) -> pd.DataFrame:
    """As `jobs.planning.columns.item_rows_of`, of some items or of all."""
    of = by_table(columns)
    chosen = None if item_ids is None else pc.field("item_id").isin(list(item_ids))

    def where(condition: pc.Expression) -> pc.Expression:
        return condition if chosen is None else condition & chosen

    names = tuple(dict.fromkeys(["item_id", *of.features, "is_eligible"]))
    rows = tables.frame(ITEM_FEATURES_TABLE, names, where(of_night(as_of)))
    if of.potential:
        measured = tables.frame(ITEM_POTENTIAL, ("item_id", *of.potential), where(of_night(as_of, plan.scored_as)))
        rows = rows.merge(measured, on="item_id", how="left")
    if of.stock:
        judged = tables.frame(STOCK_SUGGESTIONS, ("item_id", *of.stock), where(of_night(as_of)))
        rows = rows.merge(judged, on="item_id", how="left")
    if of.items:
        attributes = [name for name in of.items if name.startswith(ATTRIBUTE)]
        stored = [name for name in of.items if name not in attributes]
        midnight = pa.scalar(datetime(as_of.year, as_of.month, as_of.day, tzinfo=UTC), pa.timestamp("us", "UTC"))
        read = ("item_id", "valid_from", *stored, *(["attributes"] if attributes else []))
        versions = tables.frame(ITEMS, read, where(pc.field("valid_from") < midnight))
        newest = versions.sort_values("valid_from").drop_duplicates("item_id", keep="last").drop(columns="valid_from")
        for name in attributes:
            key = name.removeprefix(ATTRIBUTE)
            newest[name] = [None if pairs is None else pairs.get(key) for pairs in newest["attributes"]]
        rows = rows.merge(newest[["item_id", *of.items]], on="item_id", how="left")
    if NOT_LIFTED_BY in columns:
        planned = tables.frame(ITEM_EXPOSURE, ("item_id", NOT_LIFTED_BY), where(of_night(as_of, plan.policy)))
        rows = rows.merge(planned, on="item_id", how="left")
    numbers = [name for name in rows.columns if name != "item_id" and not _is_text(rows[name])]
    return rows.astype({name: np.float64 for name in numbers if name != "is_eligible"})


def _is_text(values: pd.Series) -> bool:
    return values.dtype == object and any(isinstance(value, str) for value in values)


@dataclass(frozen=True)
class Catalogue:
    """Every product of a night: the columns of item_features that a person reads, with what the plan gives it.

    rows: the columns of item_features that `_KNOWN` names, then allocated, floor, cap, boost and binding (NULL for an
    item that is not in the plan), and potential_gap (NULL if it is not measured)
    """

    rows: pa.Table
    text: pa.ChunkedArray  # what is searched, in lower case

    @property
    def measures_potential(self) -> bool:
        return self.rows["potential_gap"].null_count < len(self.rows)

    def search(self, words: str, segment: str, shown: str, order: str) -> pa.Table:
        """The products with every word, in an order; an item whose id is the words comes first.

        segment: head, tail, cold or '' for all; shown: yes, no or '' for both; order: a key of ORDERS
        """
        chosen = pa.chunked_array([pa.array(np.ones(len(self.rows), dtype=bool))])
        for word in words.casefold().split():
            chosen = pc.and_(chosen, pc.match_substring(self.text, word))
        if segment:
            chosen = pc.and_(chosen, pc.fill_null(pc.equal(self.rows["segment"], segment), False))
        if shown:
            has_exposure = pc.fill_null(pc.greater(self.rows["allocated"], 0.0), False)
            chosen = pc.and_(chosen, has_exposure if shown == "yes" else pc.invert(has_exposure))
        rows = self.rows.filter(chosen)
        is_id = pc.equal(rows["item_id"], words.strip())
        by = ORDERS[order]
        keys = [("is_id", "descending"), (by, "ascending" if by == "title" else "descending"), ("item_id", "ascending")]
        return rows.append_column("is_id", is_id).sort_by(keys)


_CATALOGUES: dict[tuple[object, ...], Catalogue] = {}
_READING = Lock()


def catalogue_of(tables: StoredTables, plan: Plan, as_of: date) -> Catalogue:
    """The catalogue of a night, kept in memory for the versions of the tables that it was read from."""
    of = (ITEM_FEATURES_TABLE, ITEM_EXPOSURE, ITEM_POTENTIAL)
    versions = {table.name: tables.version_of(table) for table in of}
    key = (tables.folder, as_of, plan.policy, plan.scored_as, *versions.values())
    with _READING:
        if key not in _CATALOGUES:
            while len(_CATALOGUES) >= _MOST_NIGHTS:
                del _CATALOGUES[next(iter(_CATALOGUES))]
            _CATALOGUES[key] = _read(tables, plan, as_of)
        catalogue = _CATALOGUES[key]
    tables.versions |= {name: version for name, version in versions.items() if version is not None}
    return catalogue


def _read(tables: StoredTables, plan: Plan, as_of: date) -> Catalogue:
    rows = tables.read(ITEM_FEATURES_TABLE, _KNOWN, of_night(as_of))
    planned = tables.read(
        ITEM_EXPOSURE, ("item_id", "allocated", "floor", "cap", "boost", "binding"), of_night(as_of, plan.policy)
    )
    gaps = tables.read(ITEM_POTENTIAL, ("item_id", "potential_gap"), of_night(as_of, plan.scored_as))
    rows = rows.join(planned, "item_id").join(gaps, "item_id").combine_chunks()
    texts = [pc.fill_null(rows[name].cast(pa.string()), "") for name in _SEARCHED]
    return Catalogue(rows, pc.utf8_lower(pc.binary_join_element_wise(*texts, " ")))


def price_in_words(list_price: float | None, paid: float | None, currency: str = "") -> str:
    """The price as the page of the night takes it: the listed one, else the mean paid in 90 days, else none."""
    known = next((price for price in (list_price, paid) if price is not None and price > 0), None)
    return NONE if known is None else money(known, currency)


def titles_of(tables: StoredTables, as_of: date, item_ids: Sequence[str]) -> dict[str, str]:
    """Titles by item_id, of the night's item_features."""
    if not item_ids:  # Arrow compares no text with an empty list, which has no type
        return {}
    chosen = of_night(as_of) & pc.field("item_id").isin(list(item_ids))
    rows = tables.read(ITEM_FEATURES_TABLE, ("item_id", "title"), chosen)
    return dict(zip(rows["item_id"].to_pylist(), rows["title"].to_pylist(), strict=True))
