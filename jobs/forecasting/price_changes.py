"""The change of prices that each category's elasticity suggests."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from features.contract import DAILY_ITEM, ITEMS, PRICE_SUGGESTIONS, PROMOTIONS
from features.demand.price_weeks import price_weeks
from jobs.execution.night import Night
from model.pricing.elasticity import own_elasticity
from model.pricing.item_weeks import item_weeks
from model.pricing.pooling import pooled
from model.pricing.suggestion import CANNOT_TELL, NODES, suggested_change

_LEAST_MARGIN = 0.8  # share of the spending on items with a known margin, from which the margin is the objective
_RECENT = 4  # weeks
_OF_CATEGORY = (
    "category string, why_not string, items_count long, item_weeks_count long, moved_items_count long, "
    "price_spread double, own_elasticity double, own_error double, freedom double, promotion_factor double, "
    "tried_low double, tried_high double, margin double, weekly_spend double"
)
_OF_NIGHT = ("as_of", "currency")
_ARRAYS = ("units", "spend", "promoted", "listed", "list_price")


def price_suggestions(night: Night) -> pd.DataFrame:
    """Rows of price_suggestions. The elasticity of each category is fitted on the executors, a task a category."""
    tables, conf = night.tables, night.conf.suggestions
    rows = price_weeks(
        tables.read(ITEMS), tables.read(DAILY_ITEM), tables.read_or_empty(PROMOTIONS), night.as_of, conf.price_weeks,
        conf.price_items,
    )  # fmt: skip
    fitted = rows.groupBy("category").applyInPandas(_of_category, _OF_CATEGORY).toPandas()
    suggested = suggestions(fitted.sort_values("category", ignore_index=True), conf.largest_change)
    return suggested.assign(as_of=night.as_of, currency=night.conf.source.currency)[PRICE_SUGGESTIONS.column_names]


def _of_category(rows: pd.DataFrame) -> pd.DataFrame:
    """One row of _OF_CATEGORY. rows: of price_weeks, of one category"""
    ordered = rows.sort_values("item_id")  # sums of doubles depend on their order
    arrays = {name: np.stack([np.asarray(row) for row in ordered[name]]) for name in _ARRAYS}
    weeks = item_weeks(**{name: of if name == "listed" else of.astype(np.float64) for name, of in arrays.items()})
    own = own_elasticity(weeks)
    low, high = weeks.tried()
    recent = arrays["spend"][:, -_RECENT:].astype(np.float64).sum(axis=1)
    values = (
        ordered["category"].iloc[0], own.why_not, own.items, own.item_weeks, own.moved, own.spread, own.value,
        own.error, own.freedom, np.exp(own.promotion), low, high,
        _margin(ordered["margin"].to_numpy(dtype=np.float64), arrays["spend"].astype(np.float64).sum(axis=1)),
        recent.sum() / _RECENT,
    )  # fmt: skip
    return pd.DataFrame([values], columns=[column.split()[0] for column in _OF_CATEGORY.split(", ")])


def _margin(margins: np.ndarray, spend: np.ndarray) -> float:
    """Mean share of the price that the store keeps, by spending; NaN where it is known of too little."""
    known = np.isfinite(margins)
    if not spend.sum() > 0 or spend[known].sum() < _LEAST_MARGIN * spend.sum():
        return np.nan
    return float(np.average(margins[known], weights=spend[known]))


def suggestions(fitted: pd.DataFrame, largest: float) -> pd.DataFrame:
    """The columns of price_suggestions but as_of and currency.

    fitted: rows of _OF_CATEGORY; largest: relative change, of either sign
    """
    rows: list[dict[Any, Any]] = fitted.astype(object).replace({np.nan: None}).to_dict("records")
    known = [row for row in rows if not row["why_not"]]
    for row in rows:
        row["tried_low"], row["tried_high"] = max(row["tried_low"], -largest), min(row["tried_high"], largest)
        row["objective"] = "revenue" if row["margin"] is None else "margin"
        row["weekly_amount"] = row["weekly_spend"] * (1.0 if row["margin"] is None else row["margin"])
        row["verdict"] = CANNOT_TELL
    if known:
        columns = ("own_elasticity", "own_error", "freedom")
        posterior = pooled(*(np.array([row[name] for row in known], dtype=np.float64) for name in columns))
        ends = posterior.quantiles(np.array([0.05, 0.5, 0.95]))
        nodes = posterior.quantiles(NODES)
        for number, row in enumerate(known):
            row["elasticity_low"], row["elasticity"], row["elasticity_high"] = ends[:, number].tolist()
            best = suggested_change(nodes[:, number], row["tried_low"], row["tried_high"], row["margin"])
            row |= {name: getattr(best, name) for name in ("verdict", "change", "change_low", "change_high")}
            row["weekly_gain"], row["weekly_gain_low"], row["weekly_gain_high"] = (
                row["weekly_spend"] * gain for gain in (best.gain, best.gain_low, best.gain_high)
            )
    return pd.DataFrame(rows, columns=[name for name in PRICE_SUGGESTIONS.column_names if name not in _OF_NIGHT])
