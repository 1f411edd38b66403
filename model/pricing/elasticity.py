"""The elasticity of one category, from how weekly sales of its items followed their prices.

log E[units] = item + week + elasticity log(price) + promoted share, by Poisson pseudo maximum likelihood, which needs
no distribution beyond this mean and takes weeks without a sale as they are (Santos Silva and Tenreyro 2006). The effect
of the item removes what sells well at any price, that of the week what moves the category's sales as a whole, such as
season and holidays, and the promoted share what a display adds to a lower price. Standard errors are clustered by item:
items of a category differ in their elasticity, and one item's weeks are alike. They are those of a jackknife over items
in one Newton step, which does not understate the error of a few items (Bell and McCaffrey 2002).

What no effect removes: a price that follows one item's own expected sales, as a clearance does. The elasticity is that
of one item while others keep their prices; it holds what similar items take over.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from model.pricing.item_weeks import ItemWeeks

LEAST_WEEKS = 8  # in which an item's price is known
LEAST_ITEMS = 3.0  # effective number of items that determine the estimate
LEAST_SPREAD = 0.01  # of log(price), that items, weeks and promotions do not explain
_MOST_PASSES, _ENOUGH = 100, 1e-8
_LARGEST = 30.0  # of log E[units]
_NONE = 1e-9  # a smaller share of the total variance counts as 0

FEW_ITEMS, HARDLY_MOVED, UNSTABLE = "few_items", "prices_hardly_moved", "no_estimate"


@dataclass(frozen=True)
class OwnElasticity:
    """The estimate of a category by its own sales.

    why_not: why there is no estimate, whose values then are NaN; '' with one
    items, item_weeks: that were compared
    moved: items whose price moved
    spread: standard deviation of log(price) that items, weeks and promotions do not explain, weighted by sales
    value, error: the elasticity and its standard error
    freedom: degrees of freedom of the error
    promotion: log of the factor by which promotion at all stores multiplies sales; NaN if nothing was promoted
    """

    why_not: str
    items: int
    item_weeks: int
    moved: int
    spread: float = 0.0
    value: float = np.nan
    error: float = np.nan
    freedom: float = np.nan
    promotion: float = np.nan


def own_elasticity(weeks: ItemWeeks) -> OwnElasticity:
    """The elasticity of a category by its own sales; a category that allows no estimate has `why_not`."""
    weeks = _with_sales(weeks)
    known = np.isfinite(weeks.price)
    nothing = OwnElasticity(FEW_ITEMS, len(known), int(known.sum()), int(weeks.moved.sum()))
    if len(known) < LEAST_ITEMS or known.shape[1] < LEAST_WEEKS:
        return nothing
    moved = nothing.moved
    if moved < LEAST_ITEMS:
        return OwnElasticity(HARDLY_MOVED, nothing.items, nothing.item_weeks, moved)
    price = np.log(np.where(known, weeks.price, 1.0))
    units = np.where(known, weeks.units, 0.0)
    counted, fit = _weighted_fit(units, known, price, np.where(known, weeks.promoted, 0.0))
    if fit is None:
        return OwnElasticity(UNSTABLE, nothing.items, nothing.item_weeks, moved)
    information = (counted * fit.expected * fit.own_price**2).sum(axis=1)
    total = information.sum()
    spread = float(np.sqrt(total / (counted * fit.expected).sum()))
    effective = float(total**2 / max((information**2).sum(), 1e-300))
    if spread < LEAST_SPREAD or effective < LEAST_ITEMS:
        why = HARDLY_MOVED if spread < LEAST_SPREAD else FEW_ITEMS
        return OwnElasticity(why, nothing.items, nothing.item_weeks, moved, spread)
    slopes = (counted * fit.own_price * (units - fit.expected)).sum(axis=1)
    without = slopes / (total - information)  # the change of the estimate without each item
    error = float(np.sqrt((without**2).sum()))
    return OwnElasticity(
        "", nothing.items, nothing.item_weeks, moved, spread, fit.value, error, effective - 1.0, fit.promotion
    )


def _weighted_fit(
    units: np.ndarray, known: np.ndarray, price: np.ndarray, promoted: np.ndarray
) -> tuple[np.ndarray, _Fit | None]:
    """The fit with weights for overdispersion and for differences between items, and these weights.

    Units vary by more than their mean, by alpha times its square, so the largest items are less precise than their
    counts suggest; and an item's own elasticity differs from that of the category by tau, which more weeks of the item
    do not reduce. Both are estimated by moments (DerSimonian and Laird 1986 for tau).
    """
    counted = np.ones(units.shape)
    fit = _fit(units, known, price, promoted, counted)
    if fit is None:
        return counted, None
    squares = ((units - fit.expected) ** 2 - fit.expected)[known].sum()
    alpha = max(squares / (fit.expected[known] ** 2).sum(), 0.0)
    counted = 1.0 / (1.0 + alpha * fit.expected)
    fit = _fit(units, known, price, promoted, counted)
    if fit is None:
        return counted, None
    information = (counted * fit.expected * fit.own_price**2).sum(axis=1)
    total = information.sum()
    free = total - (information**2).sum() / total
    if not free > 0:
        return counted, fit
    slopes = (counted * fit.own_price * (units - fit.expected)).sum(axis=1)
    differing = (slopes**2 / np.maximum(information, 1e-12 * total)).sum() - slopes.sum() ** 2 / total
    tau_squared = max((differing - (len(units) - 1)) / free, 0.0)
    counted = counted / (1.0 + tau_squared * information)[:, None]
    return counted, _fit(units, known, price, promoted, counted)


def _with_sales(weeks: ItemWeeks) -> ItemWeeks:
    """Without items of few known weeks or no sale, and without weeks in which the rest sold nothing."""
    units, price, promoted = weeks.units, weeks.price, weeks.promoted
    while True:
        known = np.isfinite(price)
        sold = np.where(known, units, 0.0)
        rows = (known.sum(axis=1) >= LEAST_WEEKS) & (sold.sum(axis=1) > 0)
        columns = sold[rows].sum(axis=0) > 0
        if rows.all() and columns.all():
            return ItemWeeks(sold, price, promoted)
        units, price, promoted = (of[rows][:, columns] for of in (units, price, promoted))


@dataclass(frozen=True)
class _Fit:
    """expected: units; own_price: log(price) without what items, weeks and promotions explain; 0 in unknown weeks"""

    expected: np.ndarray
    own_price: np.ndarray
    value: float
    promotion: float


def _fit(
    units: np.ndarray, known: np.ndarray, price: np.ndarray, promoted: np.ndarray, counted: np.ndarray
) -> _Fit | None:
    """By iteratively reweighted least squares with item and week effects projected out; None if it does not converge.

    price: log of it; all are 0 in weeks that are not known
    counted: float64 (items, weeks) > 0, weight of each week of an item
    """
    expected = np.where(known, (units + units.sum(axis=1, keepdims=True) / known.sum(axis=1, keepdims=True)) / 2, 0.0)
    log_expected = np.log(np.where(known, expected, 1.0))
    before = np.full(2, np.inf)
    for _ in range(_MOST_PASSES):
        working = log_expected + np.divide(units - expected, expected, out=np.zeros_like(units), where=known)
        weights = counted * expected
        rest, own_price, own_promoted = _without_effects(weights, np.stack([working, price, promoted]))
        of_promotion = (weights * own_promoted**2).sum()
        on_promotion = own_promoted / of_promotion if of_promotion > _NONE * weights.sum() else 0.0 * own_promoted
        net_price = own_price - own_promoted * (weights * on_promotion * own_price).sum()
        of_price = (weights * net_price**2).sum()
        if of_price <= _NONE * weights.sum():  # promotions explain every change of a price
            return _Fit(expected, net_price, np.nan, np.nan)
        value = float((weights * net_price * rest).sum() / of_price)
        promotion = float((weights * on_promotion * (rest - value * own_price)).sum())
        fitted = working - rest + value * own_price + promotion * own_promoted
        log_expected = np.where(known, np.clip(fitted, -_LARGEST, _LARGEST), 0.0)
        expected = np.where(known, np.exp(log_expected), 0.0)
        now = np.array([value, np.log(expected.sum())])
        if not np.isfinite(now).all():
            return None
        if np.abs(now - before).max() < _ENOUGH:
            return _Fit(expected, net_price, value, promotion if on_promotion.any() else np.nan)
        before = now
    return None


def _without_effects(weights: np.ndarray, values: np.ndarray) -> np.ndarray:
    """float64 (values, items, weeks): what item and week effects leave of each, by weighted least squares.

    weights: float64 (items, weeks), 0 in weeks that are not known
    """
    by_item, by_week = weights.sum(axis=1), weights.sum(axis=0)
    normal = np.diag(by_week) - weights.T @ (weights / by_item[:, None])
    normal[np.diag_indices_from(normal)] += _NONE * by_week  # a constant moves from weeks to items and changes nothing
    sums = weights * values
    of_items = sums.sum(axis=2) / by_item
    week = np.linalg.solve(normal, (sums.sum(axis=1) - of_items @ weights).T).T
    item = of_items - week @ weights.T / by_item
    return np.where(weights > 0, values - item[:, :, None] - week[:, None, :], 0.0)
