"""What the second stage reads of events other than purchases, each only in a store that has such events."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Literal

from model.families import Family
from model.fusion.inputs import EVENT_TYPES

_VIEW, _CART, _CLICK, _FAVOURITE, _RETURN = ("view",), ("cart",), ("click",), ("favourite",), ("return",)
_ANSWER = ("click", "view")
LOW_RATING = "low_rating"  # of a review, as user_history names it
# Types of events in a shopper's history that stores without them do not have.
_FURTHER_TYPES = ("view", "favourite", LOW_RATING)
_REVOKING = ("return", LOW_RATING)


@dataclass(frozen=True)
class SignalFeature:
    """A feature of an item, of a shopper, or of both together.

    needs: of each entry, one of its types of events
    family: of causes, for a feature that explains a relevance
    falling: whether it is negative feedback, which may lower a relevance and never raise it
    """

    name: str
    of: Literal["item", "user", "pair"]
    needs: tuple[tuple[str, ...], ...]
    family: Family | None = None
    falling: bool = False


SIGNAL_FEATURES = (
    SignalFeature("views_count_7d", "item", (_VIEW,), "popularity"),
    SignalFeature("views_count_28d", "item", (_VIEW,), "popularity"),
    SignalFeature("view_cart_share_28d", "item", (_VIEW, _CART), "popularity"),
    SignalFeature("exit_share_28d", "item", (_VIEW,), "popularity"),
    SignalFeature("view_purchase_share_28d", "item", (_VIEW,), "popularity"),
    SignalFeature("clicks_count_28d", "item", (_CLICK,), "popularity"),
    SignalFeature("carts_count_28d", "item", (_CART,), "popularity"),
    SignalFeature("cart_purchase_share_28d", "item", (_CART,), "popularity"),
    SignalFeature("favourites_count_28d", "item", (_FAVOURITE,), "popularity"),
    SignalFeature("return_share_90d", "item", (_RETURN,), "popularity", falling=True),
    SignalFeature("views_count_28d", "user", (_VIEW,)),
    SignalFeature("days_since_last_view", "user", (_VIEW,)),
    SignalFeature("browsed_price_percentile_mean_28d", "user", (_VIEW,)),
    SignalFeature("last_session_events", "user", (_VIEW,)),
    SignalFeature("last_session_minutes", "user", (_VIEW,)),
    SignalFeature("days_since_last_session", "user", (_VIEW,)),
    SignalFeature("carts_count_28d", "user", (_CART,)),
    SignalFeature("left_in_cart_count_28d", "user", (_CART,)),
    SignalFeature("favourites_count_28d", "user", (_FAVOURITE,)),
    SignalFeature("pair_views_count_28d", "pair", (_VIEW,), "taste"),
    SignalFeature("days_since_pair_view", "pair", (_VIEW,), "taste"),
    SignalFeature("pair_clicks_count_28d", "pair", (_CLICK,), "taste"),
    SignalFeature("pair_carts_count_28d", "pair", (_CART,), "taste"),
    SignalFeature("days_since_pair_cart", "pair", (_CART,), "taste"),
    SignalFeature("pair_favourites_count_90d", "pair", (_FAVOURITE,), "taste"),
    SignalFeature("pair_unanswered_count_28d", "pair", (("exposure",), _ANSWER), "taste", falling=True),
    SignalFeature("pair_returns_count_90d", "pair", (_RETURN,), "taste", falling=True),
)
SIGNAL_FAMILIES = {feature.name: feature.family for feature in SIGNAL_FEATURES if feature.family is not None}
PAIR_FEATURES = tuple(feature.name for feature in SIGNAL_FEATURES if feature.of == "pair")


@dataclass(frozen=True)
class Signals:
    """What the events of a store add to `RankerInputs`, under the names of its fields."""

    item_features: tuple[str, ...] = ()
    user_features: tuple[str, ...] = ()
    pair_features: tuple[str, ...] = ()
    event_types: tuple[str, ...] = EVENT_TYPES
    revoking: tuple[str, ...] = ()
    falling: tuple[str, ...] = ()


def signals_of(events: Collection[str]) -> Signals:
    """The signals of a store that has these types of events, purchases apart; no types give no signal."""
    known = [feature for feature in SIGNAL_FEATURES if all(set(some) & set(events) for some in feature.needs)]
    return Signals(
        item_features=_names(feature for feature in known if feature.of == "item"),
        user_features=_names(feature for feature in known if feature.of == "user"),
        pair_features=_names(feature for feature in known if feature.of == "pair"),
        event_types=(*EVENT_TYPES, *(name for name in _FURTHER_TYPES if name in events)),
        revoking=tuple(name for name in _REVOKING if name in events),
        falling=_names(feature for feature in known if feature.falling),
    )


def _names(features: Iterable[SignalFeature]) -> tuple[str, ...]:
    return tuple(feature.name for feature in features)
