"""Why an entry is in a list, in words."""

from __future__ import annotations

# Channels of the first stage and features, by the names that `top_reasons` uses.
PHRASES = {
    "als": "Fits the taste seen in all purchases",
    "text_history": "Reads like products bought lately",
    "text_two_tower": "Text matches what the shopper lately looked for",
    "type_affinity": "Bought this type before",
    "type_recency": "Bought this type a short while ago",
    "brand_type_affinity": "Bought this brand in this type before",
    "category_affinity": "Buys often in this category",
    "popularity": "Popular these days",
    "store_promotion": "Promoted in the shopper's own stores",
    "neighbours": "Bought by shoppers with like baskets",
    "item_knn": "Often bought with products of earlier baskets",
    "basket": "Often bought with products of earlier baskets",
}
NO_CAUSE = "Relevant on the whole"

RAISED_BY_ITEM_FLOOR = "lifted by its own floor"
HELD_BY_CAP = "held back by its cap"
HELD_BY_STOCK = "held back by what is in stock"
LAUNCHED = "lifted as a new item"
NOT_PERSONAL = "Relevant to many shoppers; the list is not personal"
EXPLORED = "drawn at random to learn about it"


def phrase_of(name: str | None) -> str:
    """The phrase of a channel or feature; an unknown name is told as it is: 'High price tier gap'."""
    if not name:
        return NO_CAUSE
    return PHRASES.get(name) or f"High {name.replace('_', ' ').strip()}"


def raised_by(group: str) -> str:
    """An item whose boost is paid for by the floor of a group."""
    return f"lifted by the floor for {group}"


def held_by(group: str) -> str:
    """An item that the cap of a group keeps from more."""
    return f"held back by the cap for {group}"


def in_place_of(title: str) -> str:
    """What the shopper would see there by relevance alone."""
    return f"in place of {title}"


def swapped_in_for(group: str) -> str:
    """An entry that is there because the floor of a group was still short."""
    return f"placed to meet the floor for {group}"


def reason_of(cause: str | None, *constraints: str) -> str:
    """'Bought this type before; lifted by the floor for new_items'; empty constraints are left out."""
    return "; ".join([phrase_of(cause), *(text for text in constraints if text)])
