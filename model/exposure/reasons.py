"""Why an entry is in a list, in words."""

from __future__ import annotations

from model.exposure.phrases import phrase_of

RAISED_BY_ITEM_FLOOR = "lifted by its own floor"
HELD_BY_CAP = "held back by its cap"
HELD_BY_STOCK = "held back by what is in stock"
LAUNCHED = "lifted as a new item"
NOT_PERSONAL = "Relevant to many shoppers; the list is not personal"
EXPLORED = "drawn at random to learn about it"


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
