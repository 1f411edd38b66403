"""A store with known tastes in which shoppers browse: views lead to carts, carts to purchases, some of them regretted.

A shopper has needs, one after the other. A need is for a product type; it lasts some sessions over some days, in which
the shopper views items of the type, may search for one in words of its text, put some into the cart, and at the end may
buy one, mostly one that was viewed. So what is viewed today says what is bought tomorrow, and what taste is behind it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

_SYLLABLES = ("ba", "ko", "li", "mu", "ne", "po", "ra", "si", "ta", "vu", "wo", "ze")


@dataclass(frozen=True)
class BrowsingHabits:
    """Rates that are assumed, not fitted.

    days_between_sessions, days_to_buy: means within a need, and from its last session to a late purchase
    more_sessions, more_views: mean sessions of a need and mean views of a session, each after the first
    wandering: mean views of a session outside the need's type, by fame alone
    cart, favourite: chance that a view of the best item of the type ends so; lower for worse ones
    search: chance that a session has a search
    buy: chance that a need ends with a purchase; unseen: that it is of an item that was not viewed
    late: chance that a purchase comes after the last session
    regret: chance of a return, and as much of a low rating, after a disliked brand or a bad item; others a tenth of it
    aversion: utility that a brand then loses with the shopper
    bad: share of items that disappoint all; disliked: share of brands that a shopper dislikes
    guests: share of visitors who never have an account and never buy
    login: chance that a session on an unknown device has a log-in; a purchase always does
    fresh, fresh_days: share of items that arrive in the last so many days
    """

    days_between_sessions: float = 2.0
    days_to_buy: float = 3.0
    more_sessions: float = 1.0
    more_views: float = 3.0
    wandering: float = 0.7
    cart: float = 0.4
    favourite: float = 0.15
    search: float = 0.4
    buy: float = 0.5
    unseen: float = 0.25
    late: float = 0.6
    regret: float = 0.35
    aversion: float = 3.0
    bad: float = 0.1
    disliked: float = 0.15
    guests: float = 0.3
    login: float = 0.3
    fresh: float = 0.15
    fresh_days: float = 28.0


@dataclass(frozen=True)
class BrowsingWorld:
    """The truth. Utility of an item for a need of its type: taste of the shopper · aspect of the item + fame.

    type_share: float64 (users, types), chances of the type of a need, rows sum to 1
    taste: float64 (users, aspects); aspect: float64 (items, aspects); fame: float64 (items)
    item_type, brand: int (items); texts: of items, words of type, brand and aspects
    disliked: bool (users, brands): a purchase of the brand is likely regretted, and later needs avoid it
    bad: bool (items): likely regretted by all
    arrives: float64 (items), day from which the item can be viewed
    needs: float64 (users), a day
    guest: bool (users): never identified, never buys
    """

    type_share: np.ndarray
    taste: np.ndarray
    aspect: np.ndarray
    fame: np.ndarray
    item_type: np.ndarray
    brand: np.ndarray
    texts: tuple[str, ...]
    disliked: np.ndarray
    bad: np.ndarray
    arrives: np.ndarray
    needs: np.ndarray
    guest: np.ndarray
    habits: BrowsingHabits

    @property
    def users(self) -> int:
        """Number of shoppers, guests included."""
        return len(self.taste)

    @property
    def items(self) -> int:
        """Number of items."""
        return len(self.fame)

    def utility(self, user: np.ndarray, item: np.ndarray) -> np.ndarray:
        """float64 (pairs), by broadcasting: before the whims of a single need."""
        return np.einsum("...a,...a->...", self.taste[user], self.aspect[item]) + self.fame[item]


def browsing_world(
    seed: int, users: int, items: int, days: float, types: int = 40, brands: int = 30, classes: int = 8,
    habits: BrowsingHabits | None = None,
) -> BrowsingWorld:  # fmt: skip
    """A world whose history has `days` days; `habits.fresh` of its items arrive in the last of them."""
    habits, random = habits or BrowsingHabits(), np.random.default_rng([seed, 19])
    aspects = 6
    popularity = 1.0 / np.arange(1, types + 1) ** 0.7
    choice = random.dirichlet(0.3 * types * popularity / popularity.sum(), classes)
    type_share = random.dirichlet(np.full(classes, 0.3), users) @ choice
    item_type = random.choice(types, items, p=popularity / popularity.sum())
    brand = random.integers(brands, size=items)
    of_brand = random.normal(0.0, 1.0, (brands, aspects))
    aspect = (0.7 * of_brand[brand] + 0.7 * random.normal(0.0, 1.0, (items, aspects))) / aspects**0.5
    fame = -0.8 * np.log1p(random.permutation(items) / (0.02 * items))
    fresh = random.random(items) < habits.fresh
    arrives = np.where(fresh, days - habits.fresh_days * random.random(items), 0.0)
    return BrowsingWorld(
        type_share=type_share, taste=1.6 * random.normal(0.0, 1.0, (users, aspects)), aspect=aspect, fame=fame,
        item_type=item_type, brand=brand, texts=_texts(item_type, brand, aspect),
        disliked=random.random((users, brands)) < habits.disliked, bad=random.random(items) < habits.bad,
        arrives=arrives, needs=random.gamma(2.0, 0.1, users), guest=random.random(users) < habits.guests,
        habits=habits,
    )  # fmt: skip


def _texts(item_type: np.ndarray, brand: np.ndarray, aspect: np.ndarray) -> tuple[str, ...]:
    """Words of the type, the brand, and the two aspects that stand out most, each high or low."""
    strongest = np.argsort(-np.abs(aspect), axis=1)[:, :2]
    return tuple(
        f"{_word('t', kind)} {_word('b', maker)} "
        + " ".join(_word("h" if aspect[item, part] > 0 else "l", int(part)) for part in strongest[item])
        for item, (kind, maker) in enumerate(zip(item_type, brand, strict=True))
    )


def _word(prefix: str, number: int) -> str:
    first, second = divmod(int(number), len(_SYLLABLES))
    return prefix + _SYLLABLES[first % len(_SYLLABLES)] + _SYLLABLES[second]
