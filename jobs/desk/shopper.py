"""The lists of a shopper as the storefront shows them, and the shared lists of all others."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd
import pyarrow.compute as pc

from features.contract import EXPOSURE_SCORES, FALLBACK_LISTS, USER_HISTORY
from features.declarations import ITEM_FEATURES_TABLE, USER_FEATURES_TABLE
from jobs.config.configuration import Config
from jobs.desk.items import of_night, price_in_words, titles_of
from jobs.desk.stored_tables import StoredTables
from jobs.experiments.arms import planned_in, plans_on
from jobs.report.page.numbers import percent, signed
from jobs.report.plan_value import value_words

_LAST_PURCHASES = 12


@dataclass(frozen=True)
class Entry:
    """A place of a list. only_here: the other night's list lacks the product"""

    rank: int
    item_id: str
    title: str
    price: str
    reason: str
    chance: str
    boost: str
    drawn: str
    only_here: bool = False


@dataclass(frozen=True)
class ShopperList:
    """A list with its heading. note: what kind of list it is; sources: the tables that it was read from"""

    as_of: date
    policy: str
    note: str
    entries: tuple[Entry, ...]
    bought: tuple[str, ...] = ()
    sources: tuple[str, ...] = ("exposure_scores", "item_features", "user_features", "user_history")


def shopper_list(tables: StoredTables, conf: Config, as_of: date, user: str) -> ShopperList | None:
    """The list of a shopper on a night; None if the night did not know the shopper."""
    of_user = pc.field("user_id") == user
    known = tables.read(USER_FEATURES_TABLE, ("consent_personalisation",), of_night(as_of) & of_user)
    if not len(known):
        return None
    consents = bool(known["consent_personalisation"][0].as_py())
    plans = plans_on(conf, as_of)
    arm = str(planned_in(conf, [user], np.array([consents]))[0]) if "" not in plans else ""
    plan = plans[arm]
    columns = ("rank", "item_id", "reason", "relevance", "boost", "propensity")
    rows = tables.frame(EXPOSURE_SCORES, columns, of_night(as_of, plan.policy) & of_user).sort_values("rank")
    history = tables.read(USER_HISTORY, ("item_ids",), of_night(as_of) & of_user)["item_ids"].to_pylist()
    newest = list(dict.fromkeys(history[0]))[:_LAST_PURCHASES] if history else []
    titles = titles_of(tables, as_of, newest)
    note = f"Arm {arm} of the test {conf.experiment.name}. " if arm else ""
    note += "" if consents else "Without consent: the shared list. "
    note += "" if len(rows) else "No list: the shopper has no candidates this night."
    entries = _entries(tables, conf, as_of, rows, value_words(conf.with_plan(plan)))
    return ShopperList(as_of, plan.policy, note.strip(), entries, tuple(titles.get(item, item) for item in newest))


def fallback_lists(tables: StoredTables, conf: Config, as_of: date) -> list[ShopperList]:
    """What shoppers get whom the night does not know, by segment of shoppers."""
    columns = ("shopper_segment", "rank", "item_id", "reason", "relevance")
    rows = tables.frame(FALLBACK_LISTS, columns, of_night(as_of, conf.plan.policy)).sort_values("rank")
    rows = rows.assign(boost=0.0, propensity=1.0)
    sources = ("fallback_lists", "item_features")
    return [
        ShopperList(as_of, conf.plan.policy, str(segment), _entries(tables, conf, as_of, part, percent), (), sources)
        for segment, part in rows.groupby("shopper_segment")
    ]


def compared(one: ShopperList, other: ShopperList) -> tuple[ShopperList, ShopperList]:
    """Two lists with a mark on the products that only one of them has."""
    return _marked(one, other), _marked(other, one)


def _marked(one: ShopperList, other: ShopperList) -> ShopperList:
    of_other = {entry.item_id for entry in other.entries}
    entries = (Entry(**{**vars(entry), "only_here": entry.item_id not in of_other}) for entry in one.entries)
    return ShopperList(**{**vars(one), "entries": tuple(entries)})


def _entries(
    tables: StoredTables, conf: Config, as_of: date, rows: pd.DataFrame, words: Callable[[float], str]
) -> tuple[Entry, ...]:
    chosen = of_night(as_of) & pc.field("item_id").isin(rows["item_id"].tolist())
    known = tables.frame(ITEM_FEATURES_TABLE, ("item_id", "title", "list_price", "price_mean_90d"), chosen).set_index(
        "item_id"
    )
    entries = []
    for row in rows.to_dict("records"):
        item = row["item_id"]
        price = price_in_words(known["list_price"].get(item), known["price_mean_90d"].get(item), conf.source.currency)
        entries.append(
            Entry(
                int(row["rank"]), item, str(known["title"].get(item, item)), price,
                row["reason"], percent(row["relevance"]),
                signed(row["boost"], words) if row["boost"] else "",
                "" if row["propensity"] == 1.0 else percent(row["propensity"]),
            )
        )  # fmt: skip
    return tuple(entries)
